//! `SO`: sounds of speakers and of the sequencer.

use crate::blend::Record;
use crate::trace::ask::Asks;
use crate::trace::kind::Kind;

pub(super) fn look(id: &Record<'_>, asks: &mut Asks) {
    if id.has("packedfile") {
        return;
    }
    if let Some(path) = id.text("name") {
        asks.at(id.stored("name")).file(Kind::Sound, path);
    }
}
