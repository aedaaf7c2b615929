//! Finding blobs, and saying that they were used.

use std::fs::FileTimes;
use std::io::{self, Read as _};
use std::os::fd::AsFd;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::time::SystemTime;

use rustix::fs::{AtFlags, FileType, Mode, statat};
use rustix::io::Errno;
use sha2::{Digest as _, Sha256};
use shaman_proto::{BlobRef, Digest};

use super::Store;
use super::disk::{DiskError, During as _};
use super::layout::{blob_below_stored, parse_blob};

/// Bytes read at once when a blob is verified.
const PIECE_BYTES: usize = 1 << 20;

/// What the disk says of a blob that is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StoredBlob {
    /// Seconds since 1970 when it was last used (its mtime).
    pub last_used: u64,
    /// Somebody could write to it: it came from a stock server, whose blobs are.
    pub is_writable: bool,
    /// Names that its bytes have: the one in the store, and one in each checkout.
    pub links: u64,
    /// Which file it is: device and inode.
    pub file: (u64, u64),
    /// Seconds since 1970 when anything about the file last changed (its ctime).
    pub changed: u64,
}

impl Store {
    /// Looks for a blob; `None` when it is missing.
    ///
    /// A file of another size than its name says, a link or a directory is no blob: it counts as
    /// missing, and the next upload replaces it.
    pub fn find(&self, blob: &BlobRef) -> Result<Option<StoredBlob>, DiskError> {
        let path = || self.layout.blob(blob);
        look_at(&self.stored, blob_below_stored(blob), blob, path)
    }

    /// Makes a stock server's blob read-only, as ours are, before a checkout shares its bytes with
    /// workers. A blob that belongs to another user stays as it is.
    pub fn make_read_only(&self, blob: &BlobRef) -> Result<(), DiskError> {
        let below = blob_below_stored(blob);
        match rustix::fs::chmodat(&self.stored, below, Mode::from_raw_mode(0o444), AtFlags::empty())
        {
            Err(Errno::PERM) => Ok(()),
            changed => changed.during("make read-only", &self.layout.blob(blob)),
        }
    }

    /// Reads a blob and compares it with its name. `None`: it is gone.
    pub fn matches_name(&self, blob: &BlobRef) -> Result<Option<bool>, DiskError> {
        let path = self.layout.blob(blob);
        let mut file = match std::fs::File::open(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            file => file.during("open", &path)?,
        };
        let mut hasher = Sha256::new();
        let mut piece = vec![0; PIECE_BYTES];
        let mut bytes = 0_u64;
        loop {
            let read = file.read(&mut piece).during("read", &path)?;
            if read == 0 {
                break;
            }
            hasher.update(&piece[..read]);
            bytes += read as u64;
        }
        let digest = Digest::from_bytes(hasher.finalize().into());
        Ok(Some(digest == blob.digest && bytes == blob.size.bytes()))
    }

    /// Sets what stands under a blob's name aside, for a person to look at; the blob is missing
    /// from then on.
    pub fn quarantine(&self, blob: &BlobRef) -> Result<(), DiskError> {
        let from = self.layout.blob(blob);
        let to = self.layout.quarantine().join(format!("{blob}-{}", self.unique()));
        match std::fs::rename(&from, &to) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            moved => moved.during("set aside", &from),
        }
    }

    /// Sets a blob's mtime, the clock of the sweep that all servers on the storage share.
    pub fn mark_used(&self, blob: &BlobRef, now: SystemTime) -> Result<(), DiskError> {
        let path = self.layout.blob(blob);
        let times = FileTimes::new().set_accessed(now).set_modified(now);
        // Opening for reading is enough for the owner, and blobs are read-only.
        let touched = std::fs::File::open(&path).and_then(|file| file.set_times(times));
        touched.during("mark as used", &path)
    }

    /// Calls `visit` with each blob on disk until it says to stop.
    pub fn walk_blobs(
        &self,
        mut visit: impl FnMut(BlobRef, StoredBlob) -> std::ops::ControlFlow<()>,
    ) -> Result<(), DiskError> {
        walk_blobs_below(&self.layout.stored(), |blob| {
            Ok(match self.find(&blob)? {
                Some(found) => visit(blob, found),
                None => std::ops::ControlFlow::Continue(()),
            })
        })
    }
}

/// Calls `visit` with the name of each blob below a directory that is laid out as `stored/` is.
pub(super) fn walk_blobs_below(
    dir: &Path,
    mut visit: impl FnMut(BlobRef) -> Result<std::ops::ControlFlow<()>, DiskError>,
) -> Result<(), DiskError> {
    for (first, first_dir) in subdirectories(dir)? {
        for (rest, rest_dir) in subdirectories(&first_dir)? {
            for entry in read_dir(&rest_dir)? {
                let blob = entry.to_str().and_then(|file| parse_blob(&first, &rest, file));
                if let Some(blob) = blob
                    && visit(blob)?.is_break()
                {
                    return Ok(());
                }
            }
        }
    }
    Ok(())
}

/// What the disk says of a file that should be this blob.
pub(super) fn look_at(
    dir: impl AsFd,
    below: impl rustix::path::Arg,
    blob: &BlobRef,
    shown: impl FnOnce() -> std::path::PathBuf,
) -> Result<Option<StoredBlob>, DiskError> {
    match statat(dir, below, AtFlags::SYMLINK_NOFOLLOW) {
        Ok(stat) => {
            let whole = FileType::from_raw_mode(stat.st_mode).is_file()
                && u64::try_from(stat.st_size) == Ok(blob.size.bytes());
            Ok(whole.then_some(StoredBlob {
                last_used: u64::try_from(stat.st_mtime).unwrap_or(0),
                is_writable: stat.st_mode & 0o222 != 0,
                links: stat.st_nlink,
                file: (stat.st_dev, stat.st_ino),
                changed: u64::try_from(stat.st_ctime).unwrap_or(u64::MAX),
            }))
        }
        Err(Errno::NOENT | Errno::NOTDIR) => Ok(None),
        failed @ Err(_) => failed.map(|_| None).during("look at", &shown()),
    }
}

/// Names in a directory; empty when it vanished meanwhile.
pub(super) fn read_dir(dir: &Path) -> Result<Vec<std::ffi::OsString>, DiskError> {
    let entries = match std::fs::read_dir(dir) {
        Ok(entries) => entries,
        Err(e) if matches!(e.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
            return Ok(Vec::new());
        }
        failed @ Err(_) => failed.during("list", dir)?,
    };
    entries.map(|entry| entry.map(|e| e.file_name()).during("list", dir)).collect()
}

/// Names and paths of what may be directories; those whose name is not UTF-8 are not ours.
fn subdirectories(dir: &Path) -> Result<Vec<(String, std::path::PathBuf)>, DiskError> {
    let names = read_dir(dir)?;
    Ok(names
        .into_iter()
        .filter_map(|name| name.into_string().ok())
        .map(|name| {
            let path = dir.join(&name);
            (name, path)
        })
        .collect())
}

/// Number of names that a file has.
pub(super) fn link_count(path: &Path) -> Result<Option<u64>, DiskError> {
    match std::fs::symlink_metadata(path) {
        Ok(meta) => Ok(Some(meta.nlink())),
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(None),
        failed @ Err(_) => failed.map(|_| None).during("look at", path),
    }
}
