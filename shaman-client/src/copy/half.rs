//! A tree or a file that is being built, and goes away unless it is kept.

use std::fs::File;
use std::io;
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

/// A hidden file beside the place it is for, removed when this is dropped.
#[derive(Debug)]
pub(super) struct HalfFile {
    path: PathBuf,
}

impl HalfFile {
    /// Says where it will be.
    pub(super) fn begin(target: &Path) -> Result<Self, CopyError> {
        let name = format!(".shaman-copy-{:012x}", fastrand::u64(..) >> 16);
        let half = Self { path: target.with_file_name(name) };
        match File::create_new(&half.path) {
            Ok(_) => Ok(half),
            Err(source) => Err(CopyError::Place { path: target.to_owned(), source }),
        }
    }

    /// Opens it for writing.
    pub(super) fn file(&self) -> io::Result<File> {
        File::options().write(true).open(&self.path)
    }

    /// Gives it its name, unless something has that by now.
    pub(super) fn put(self, target: &Path) -> Result<(), CopyError> {
        let failed = |source| CopyError::Place { path: target.to_owned(), source };
        match std::fs::hard_link(&self.path, target) {
            Ok(()) => Ok(()),
            Err(_) if target.symlink_metadata().is_ok() => Err(CopyError::Taken(target.to_owned())),
            // There are file systems without links; on them somebody may be quicker.
            Err(_) => std::fs::rename(&self.path, target).map_err(failed),
        }
    }
}

impl Drop for HalfFile {
    fn drop(&mut self) {
        // After a rename it is not there any more.
        drop(std::fs::remove_file(&self.path));
    }
}
