//! `CA`: cameras that are a script (since 5.0).

use crate::blend::Record;
use crate::trace::ask::Asks;
use crate::trace::kind::Kind;

/// `Camera.type`: the lens is a script.
const CUSTOM: i64 = 3;

/// `Camera.custom_mode`: the script is a file.
const EXTERNAL: i64 = 1;

pub(super) fn look(id: &Record<'_>, asks: &mut Asks) {
    if id.int("type") == Some(CUSTOM) && id.int("custom_mode") == Some(EXTERNAL) {
        let path = id.text("custom_filepath").unwrap_or_default();
        asks.at(id.stored("custom_filepath")).file(Kind::Script, path);
    }
}
