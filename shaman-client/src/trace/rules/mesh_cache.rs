//! Mesh Cache modifier: vertex positions in `.mdd` or `.pc2` files.

use crate::blend::Record;
use crate::trace::ask::Asks;
use crate::trace::kind::Kind;

pub(super) fn look(modifier: &Record<'_>, asks: &mut Asks) {
    if let Some(path) = modifier.text("filepath") {
        asks.at(modifier.stored("filepath")).file(Kind::MeshCache, path);
    }
}
