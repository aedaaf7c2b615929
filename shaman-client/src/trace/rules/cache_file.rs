//! `CF`: Alembic and USD files, one or numbered frames, and Alembic layers above them.

use crate::blend::Record;
use crate::trace::ask::{Asks, How};
use crate::trace::kind::Kind;

pub(super) fn look(id: &Record<'_>, asks: &mut Asks) {
    let is_sequence = id.int("is_sequence").is_some_and(|flag| flag != 0);
    let how = if is_sequence { How::Frames } else { How::File };
    if let Some(path) = id.text("filepath") {
        asks.at(id.stored("filepath")).ask(Kind::CacheFile, path, how);
    }
    for layer in id.list("layers") {
        let path = layer.text("filepath").unwrap_or_default();
        asks.at(layer.stored("filepath")).file(Kind::CacheFile, path);
    }
}
