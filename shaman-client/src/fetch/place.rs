//! Where a checkout is to go.

use std::io;
use std::path::Path;

use shaman_proto::{MANIFEST_FILE, Manifest};

use super::FetchError;
use crate::verify::read_manifest;

/// The directory in which the tree gets its name.
pub(super) fn parent(into: &Path) -> &Path {
    match into.parent() {
        Some(parent) if parent != Path::new("") => parent,
        _ => Path::new("."),
    }
}

/// Refuses a place where something is. An empty directory is fine: the tree takes its place.
pub(super) fn refuse_taken(into: &Path, manifest: &Manifest) -> Result<(), FetchError> {
    let metadata = match into.symlink_metadata() {
        Ok(metadata) => metadata,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let is_placed = parent(into).is_dir();
            return is_placed.then_some(()).ok_or_else(|| FetchError::NoParent(into.to_owned()));
        }
        Err(source) => return Err(FetchError::place(into, source)),
    };
    let is_empty = metadata.is_dir()
        && std::fs::read_dir(into)
            .map_err(|source| FetchError::place(into, source))?
            .next()
            .is_none();
    if is_empty {
        return Ok(());
    }
    let (dir, there) = (into.to_owned(), read_manifest(into).ok());
    Err(match there {
        Some(there) if there.files == manifest.files => FetchError::SameThere(dir),
        Some(there) if there.checkout == manifest.checkout => {
            FetchError::OtherThere { dir, checkout: there.checkout, created: there.created }
        }
        _ => FetchError::Taken { dir, manifest: MANIFEST_FILE },
    })
}
