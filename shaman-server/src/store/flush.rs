//! Making things durable: files one by one, or the whole file system at once.
//!
//! Where other machines may have the file system, too, a flush of all reaches only our own part of
//! it, or nothing at all ([`Reach`]). There every blob is flushed before it gets its name, by whom
//! it came to.

use std::collections::BTreeSet;
use std::os::fd::AsFd as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use shaman_proto::BlobRef;

use super::Store;
use super::abilities::Reach;
use super::blobs::read_dir;
use super::disk::{DiskError, During as _};

/// Flushes at once. They share what a journal writes: on ext4 and XFS two do a quarter more than one;
/// over a network each waits for its own answer, and four do four times as much.
const FLUSHERS_MAX: usize = 4;

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
    pub fn is_ours_alone(&self) -> bool {
        self.abilities.reach == Reach::All
    }

    /// Makes these blobs durable, bytes and names. One that is gone is passed over.
    pub fn flush_blobs(&self, blobs: &[BlobRef]) -> Result<(), DiskError> {
        if blobs.len() >= self.abilities.flush_all_from && self.can_flush_all() {
            return self.flush_all();
        }
        let files: Vec<PathBuf> = blobs.iter().map(|blob| self.layout.blob(blob)).collect();
        let top = self.layout.stored();
        if self.is_ours_alone() {
            flush_each(&files, &top)
        } else {
            // The bytes were flushed before they got these names.
            flush_dirs_above(&files, &top)
        }
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

/// Flushes files, several at once, and the directories above them up to `top`, which may be as new
/// as they are. What is gone is passed over.
pub(super) fn flush_each(files: &[PathBuf], top: &Path) -> Result<(), DiskError> {
    flush_at_once(&files.iter().map(PathBuf::as_path).collect::<Vec<_>>())?;
    flush_dirs_above(files, top)
}

fn flush_dirs_above(files: &[PathBuf], top: &Path) -> Result<(), DiskError> {
    let mut dirs: BTreeSet<&Path> = BTreeSet::new();
    for file in files {
        dirs.extend(file.ancestors().skip(1).take_while(|dir| dir.starts_with(top)));
    }
    flush_at_once(&Vec::from_iter(dirs))
}

fn flush_at_once(paths: &[&Path]) -> Result<(), DiskError> {
    let next = AtomicUsize::new(0);
    let failure = Mutex::new(Ok(()));
    let work = || {
        while let Some(path) = paths.get(next.fetch_add(1, Ordering::Relaxed)) {
            if let Err(error) = flush_if_there(path) {
                next.store(paths.len(), Ordering::Relaxed);
                *failure.lock().unwrap_or_else(PoisonError::into_inner) = Err(error);
            }
        }
    };
    std::thread::scope(|scope| {
        for _ in 1..paths.len().min(FLUSHERS_MAX) {
            scope.spawn(work);
        }
        work();
    });
    failure.into_inner().unwrap_or_else(PoisonError::into_inner)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_gone_is_passed_over_and_what_cannot_be_flushed_is_not() {
        let dir = tempfile::tempdir().unwrap();
        let there = dir.path().join("a/there");
        std::fs::create_dir(dir.path().join("a")).unwrap();
        std::fs::write(&there, "x").unwrap();
        let gone = dir.path().join("b/gone");
        flush_each(&[there.clone(), gone.clone()], dir.path()).unwrap();
        // A file is no directory.
        let odd = there.join("below");
        let files: Vec<PathBuf> = (0..20).map(|_| gone.clone()).chain([odd]).collect();
        assert!(flush_each(&files, dir.path()).is_err());
    }
}
