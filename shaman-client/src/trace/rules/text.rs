//! `TX`: texts that are edited outside of Blender. Renders use the copy in the .blend.

use crate::blend::Record;
use crate::trace::ask::{Absence, Asks};
use crate::trace::kind::Kind;

/// Bit of `Text.flags`: the text is in the .blend only.
const IN_BLEND: i64 = 1 << 2;

pub(super) fn look(id: &Record<'_>, asks: &mut Asks) {
    if id.int("flags").is_some_and(|flags| flags & IN_BLEND != 0) {
        return;
    }
    if let Some(path) = id.string("name") {
        asks.at(id.stored_string("name")).unless(Absence::Spare).file(Kind::Text, path);
    }
}
