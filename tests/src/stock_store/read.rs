//! What stock sees when it looks at its storage.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::{Blob, StockStore};

/// The three words of the protocol.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// Nothing is known of it.
    Unknown,
    /// A temporary file exists, perhaps one that nobody writes to any more.
    Uploading,
    /// Something has the blob's name: a file, a directory, whatever.
    Stored,
}

impl Status {
    /// As it stands in answers.
    pub fn word(self) -> &'static str {
        match self {
            Self::Unknown => "unknown",
            Self::Uploading => "uploading",
            Self::Stored => "stored",
        }
    }
}

impl StockStore {
    /// What stock would answer about a blob. The name needs two characters.
    pub fn status(&self, blob: &Blob) -> Status {
        if fs::metadata(self.blob_path(blob)).is_ok() {
            Status::Stored
        } else if self.uploads(blob).is_empty() {
            Status::Unknown
        } else {
            Status::Uploading
        }
    }

    /// The temporary files of a blob, live or stale.
    pub fn uploads(&self, blob: &Blob) -> Vec<PathBuf> {
        let begin = format!("{}-", blob.size);
        let found = files(&self.uploading_folder(blob)).into_iter().filter(|path| {
            let name = path.file_name().map(|name| name.to_string_lossy().into_owned());
            name.is_some_and(|name| name.starts_with(&begin) && ends_in(&name, "tmp"))
        });
        found.collect()
    }

    /// Every file under `uploading`.
    pub fn all_uploads(&self) -> Vec<PathBuf> {
        files(&self.uploading())
    }

    /// Every stored blob by its name, sorted; files of other names are left out.
    pub fn stored(&self) -> Vec<Blob> {
        let root = self.stored_root();
        let mut blobs: Vec<_> =
            files(&root).iter().filter_map(|path| name_of(&root, path)).collect();
        blobs.sort();
        blobs
    }

    /// The bytes a worker gets at this path of a checkout, through whatever link is there.
    pub fn read(&self, checkout: &str, path: &str) -> io::Result<Vec<u8>> {
        fs::read(self.jobs().join(checkout).join(path))
    }

    /// Which blob a checkout's link points to; `None` for what is no link into this store.
    ///
    /// The target is resolved, and compared with the store's resolved path: a link counts however
    /// it is written.
    pub fn linked(&self, checkout: &str, path: &str) -> Option<Blob> {
        let link = self.jobs().join(checkout).join(path);
        fs::read_link(&link).ok()?;
        let root = fs::canonicalize(self.stored_root()).ok()?;
        name_of(&root, &fs::canonicalize(link).ok()?)
    }
}

/// Reads a blob's name off its path.
fn name_of(root: &Path, path: &Path) -> Option<Blob> {
    let parts: Vec<_> = path.strip_prefix(root).ok()?.iter().map(std::ffi::OsStr::to_str).collect();
    let [Some(first), Some(rest), Some(file)] = parts.as_slice() else { return None };
    Some(Blob { sha: format!("{first}{rest}"), size: file.strip_suffix(".blob")?.parse().ok()? })
}

fn ends_in(name: &str, extension: &str) -> bool {
    Path::new(name).extension().is_some_and(|found| found == extension)
}

/// Everything below a folder that is no directory, links not followed; what can't be read is empty.
pub(super) fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            found.extend(files(&entry.path()));
        } else {
            found.push(entry.path());
        }
    }
    found
}
