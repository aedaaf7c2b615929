//! `VO`: OpenVDB files, one or numbered frames.

use crate::blend::Record;
use crate::trace::ask::{Asks, How};
use crate::trace::kind::Kind;

pub(super) fn look(id: &Record<'_>, asks: &mut Asks) {
    if id.has("packedfile") {
        return;
    }
    let is_sequence = id.int("is_sequence").is_some_and(|flag| flag != 0);
    let how = if is_sequence { How::Frames } else { How::File };
    if let Some(path) = id.text("filepath") {
        asks.at(id.stored("filepath")).ask(Kind::Volume, path, how);
    }
}
