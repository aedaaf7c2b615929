//! What the storage can do, tried before anybody relies on it.

use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::time::SystemTime;

use super::Store;
use super::disk::{DiskError, During as _};
use super::examine::written_at;
use super::tree::linking;

/// A storage on which checkouts cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum ProbeError {
    /// A file operation failed.
    #[error(transparent)]
    Disk(#[from] DiskError),
    /// A link could not be made.
    #[error("checkouts consist of hard links, and the storage refuses one")]
    NoLinks(#[source] DiskError),
    /// A link came out as a copy (overlay file systems do this).
    #[error(
        "a hard link on the storage came out as a copy; put the storage on a plain file system instead of an overlay"
    )]
    LinksAreCopies,
}

/// How files begin with which the storage is tried.
pub(super) const PROBE: &str = ".probe-";

impl Store {
    /// Makes a file and a link to it, from where blobs are to where checkouts are, and compares.
    /// Leaves nothing behind, unless removing fails too.
    pub fn probe(&self) -> Result<(), ProbeError> {
        let name = self.probe_name();
        let blob = self.layout.stored().join(&name);
        let link = self.layout.jobs().join(&name);
        try_link(&blob, &link).map(drop)
    }

    /// Writes a file and reads it back.
    pub fn try_writing(&self) -> Result<(), DiskError> {
        let path = self.layout.staging().join(self.probe_name());
        let tried = std::fs::write(&path, b"probe").and_then(|()| std::fs::read(&path));
        let removed = std::fs::remove_file(&path);
        tried.during("read back", &path)?;
        removed.during("remove", &path)
    }

    /// Makes a file where checkouts are and looks for it under other spellings: says whether names
    /// that differ only in case or composition are one name there.
    pub(super) fn probe_folding(&self) -> Result<bool, DiskError> {
        let jobs = self.layout.jobs();
        let name = format!("{}-\u{e9}", self.probe_name());
        let path = jobs.join(&name);
        std::fs::write(&path, b"").during("write", &path)?;
        let upper = jobs.join(name.to_ascii_uppercase());
        let decomposed = jobs.join(name.replace('\u{e9}', "e\u{301}"));
        let folds = upper.exists() || decomposed.exists();
        std::fs::remove_file(&path).during("remove", &path)?;
        Ok(folds)
    }

    fn probe_name(&self) -> String {
        format!("{PROBE}{}", self.unique())
    }
}

/// Makes a file and a link to it, compares, and removes both. Gives the time that the storage put on
/// the file.
pub(super) fn try_link(blob: &Path, link: &Path) -> Result<SystemTime, ProbeError> {
    let written = std::fs::write(blob, b"probe");
    if written.is_err() {
        drop(std::fs::remove_file(blob));
    }
    written.during("write", blob)?;
    let time = written_at(blob);
    let linked = rustix::fs::link(blob, link).map_err(|errno| (linking(errno), errno));
    let linked = linked.or_else(|(action, errno)| Err(errno).during(action, link));
    let same = linked.and_then(|()| {
        let (of_blob, of_link) = (std::fs::metadata(blob), std::fs::metadata(link));
        let (of_blob, of_link) =
            (of_blob.during("look at", blob)?, of_link.during("look at", link)?);
        if of_blob.ino() == of_link.ino() && of_blob.dev() == of_link.dev() {
            return Ok(true);
        }
        // SMB may have no numbers that say so: what is written to one is in both.
        std::fs::write(blob, b"probe again").during("write", blob)?;
        Ok(std::fs::read(link).during("read", link)? == b"probe again")
    });
    drop(std::fs::remove_file(link));
    std::fs::remove_file(blob).during("remove", blob)?;
    if same.map_err(ProbeError::NoLinks)? { Ok(time?) } else { Err(ProbeError::LinksAreCopies) }
}
