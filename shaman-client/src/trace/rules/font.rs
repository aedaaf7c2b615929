//! `VF`: fonts of text objects and text strips.

use crate::blend::Record;
use crate::trace::ask::Asks;
use crate::trace::kind::Kind;

/// The font that every Blender carries.
const BUILTIN: &[u8] = b"<builtin>";

pub(super) fn look(id: &Record<'_>, asks: &mut Asks) {
    if id.has("packedfile") {
        return;
    }
    if let Some(path) = id.text("name").filter(|path| *path != BUILTIN) {
        asks.at(id.stored("name")).file(Kind::Font, path);
    }
}
