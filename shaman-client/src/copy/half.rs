//! A tree that is being built, and goes away unless it is kept.

use std::path::{Path, PathBuf};

use super::CopyError;

/// A hidden directory in the storage, removed with all that is in it when this is dropped.
#[derive(Debug)]
pub(super) struct Half {
    path: PathBuf,
    kept: bool,
}

impl Half {
    /// Makes an empty one that is nobody else's.
    pub(super) fn begin(location: &Path) -> Result<Self, CopyError> {
        let path = location.join(format!(".shaman-copy-{:012x}", fastrand::u64(..) >> 16));
        match std::fs::create_dir(&path) {
            Ok(()) => Ok(Self { path, kept: false }),
            Err(source) => Err(CopyError::Place { path, source }),
        }
    }

    /// Where it is.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Leaves what is there: it has another name by now.
    pub(super) fn keep(mut self) {
        self.kept = true;
    }
}

impl Drop for Half {
    fn drop(&mut self) {
        if !self.kept {
            // A storage that is gone cannot be cleaned; the reason has been told already.
            drop(std::fs::remove_dir_all(&self.path));
        }
    }
}
