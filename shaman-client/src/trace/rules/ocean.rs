//! Ocean modifier: baked waves.

use crate::blend::Record;
use crate::trace::ask::{Asks, How};
use crate::trace::kind::Kind;

pub(super) fn look(modifier: &Record<'_>, asks: &mut Asks) {
    // Without a bake the waves are computed, whatever the directory says.
    if modifier.int("cached").is_none_or(|cached| cached == 0) {
        return;
    }
    if let Some(path) = modifier.text("cachepath") {
        asks.ask(Kind::Simulation, path, How::Folder(&[]));
    }
}
