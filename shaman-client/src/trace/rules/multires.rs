//! `ME`: displacements of a Multiresolution modifier in a `.btx` file.

use crate::blend::Record;
use crate::trace::ask::Asks;
use crate::trace::kind::Kind;

/// Layers of face corners; those of faces in files before 2.63.
const LAYERS: [&str; 2] = ["ldata.external", "fdata.external"];

pub(super) fn look(id: &Record<'_>, asks: &mut Asks) {
    for external in LAYERS.iter().filter_map(|path| id.follow(path)) {
        let path = external.text("filename").unwrap_or_default();
        asks.at(external.stored("filename")).file(Kind::MeshCache, path);
    }
}
