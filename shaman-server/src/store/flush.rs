//! Making things durable: files one by one, or the whole file system at once.
//!
//! Where other machines may have the file system, too, a flush of all reaches only our own part of
//! it, or nothing at all ([`Reach`]). There every blob is flushed before it gets its name, by whom
//! it came to.

use std::collections::BTreeSet;
use std::os::fd::AsFd as _;
use std::path::Path;

use shaman_proto::BlobRef;

use super::Store;
use super::abilities::Reach;
use super::blobs::read_dir;
use super::disk::{DiskError, During as _};

/// From so many files on, one flush of the file system is cheaper than a flush of each. On ext4
/// and XFS 1,000 small files cost 0.5 s one by one and 0.02 s at once; the reason not to do it for
/// two or three is that it also waits for what other programs have written.
const ONE_BY_ONE_MAX: usize = 16;

impl Store {
    /// Makes durable what one flush of the storage's file system reaches.
    pub fn flush_all(&self) -> Result<(), DiskError> {
        rustix::fs::syncfs(self.stored.as_fd()).during("flush", &self.layout.stored())
    }

    /// Says whether a flush of all makes durable what we wrote.
    pub(super) fn can_flush_all(&self) -> bool {
        self.abilities.reach != Reach::Nothing
    }

    /// Says whether only programs of this machine have the file system. Else bytes have to be
    /// flushed by whom they came to.
    pub(super) fn is_ours_alone(&self) -> bool {
        self.abilities.reach == Reach::All
    }

    /// Makes these blobs durable, bytes and names. One that is gone is passed over.
    pub fn flush_blobs(&self, blobs: &[BlobRef]) -> Result<(), DiskError> {
        if blobs.len() > ONE_BY_ONE_MAX && self.can_flush_all() {
            return self.flush_all();
        }
        let mut dirs = BTreeSet::new();
        for blob in blobs {
            let path = self.layout.blob(blob);
            // Elsewhere the bytes were flushed before they got this name.
            if self.is_ours_alone() {
                flush_if_there(&path)?;
            }
            // Directories up to `stored/` may be as new as the blob.
            dirs.extend(path.ancestors().skip(1).take(3).map(Path::to_owned));
        }
        // From below upwards.
        dirs.iter().rev().try_for_each(|dir| flush_if_there(dir))
    }

    /// Makes the names in a directory and in all below it durable.
    pub(super) fn flush_names(&self, dir: &Path) -> Result<(), DiskError> {
        if self.can_flush_all() {
            return self.flush_all();
        }
        for name in read_dir(dir)? {
            let path = dir.join(name);
            if std::fs::symlink_metadata(&path).is_ok_and(|meta| meta.is_dir()) {
                self.flush_names(&path)?;
            }
        }
        flush(dir)
    }
}

/// Flushes a file or directory.
pub(super) fn flush(path: &Path) -> Result<(), DiskError> {
    std::fs::File::open(path).and_then(|file| file.sync_all()).during("flush", path)
}

fn flush_if_there(path: &Path) -> Result<(), DiskError> {
    match flush(path) {
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => Ok(()),
        flushed => flushed,
    }
}
