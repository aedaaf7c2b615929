//! `TX`: texts that are edited outside of Blender. Renders use the copy in the .blend.

use crate::blend::Record;
use crate::trace::ask::{Absence, Ask, Asks, Base, How};
use crate::trace::kind::Kind;

/// Bit of `Text.flags`: the text is in the .blend only.
const IN_BLEND: i64 = 1 << 2;

pub(super) fn look(id: &Record<'_>, asks: &mut Asks) {
    if id.int("flags").is_some_and(|flags| flags & IN_BLEND != 0) {
        return;
    }
    if let Some(path) = id.string("name") {
        asks.push(Ask {
            kind: Kind::Text,
            path: path.to_vec(),
            how: How::File,
            absence: Absence::Spare,
            base: Base::Own,
        });
    }
}
