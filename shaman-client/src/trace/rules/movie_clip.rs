//! `MC`: footage for motion tracking, one movie or numbered frames.

use crate::blend::Record;
use crate::trace::ask::{Asks, How};
use crate::trace::kind::Kind;

/// `MovieClip.source`: numbered frames.
const SEQUENCE: i64 = 1;

pub(super) fn look(id: &Record<'_>, asks: &mut Asks) {
    let how = if id.int("source") == Some(SEQUENCE) { How::Frames } else { How::File };
    if let Some(path) = id.text("name") {
        asks.at(id.stored("name")).ask(Kind::MovieClip, path, how);
    }
}
