//! Finding blobs, and saying that they were used.

use std::fs::FileTimes;
use std::io;
use std::os::fd::AsFd;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::time::SystemTime;

use rustix::fs::{AtFlags, CWD, FileType, Mode, StatxFlags, makedev, statat, statx};
use rustix::io::Errno;
use shaman_proto::BlobRef;

use super::Store;
use super::disk::{DiskError, During as _};
use super::layout::{blob_below_stored, parse_blob};

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
    /// Nanoseconds since 1970 of its mtime: another one than we set means that somebody wrote to
    /// it. (The ctime says less: it moves with every link.)
    pub modified_ns: u64,
}

/// Whether directories of blobs that hold none go when they are met: somebody was killed between
/// taking the last one away and this.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Empties {
    /// They stay.
    Stay,
    /// They go.
    Go,
}

impl Store {
    /// Looks for a blob; `None` when it is missing.
    ///
    /// A file of another size than its name says, a link or a directory is no blob: it counts as
    /// missing, and the next upload replaces it.
    pub fn find(&self, blob: &BlobRef) -> Result<Option<StoredBlob>, DiskError> {
        match self.find_remembered(blob)? {
            None if !self.is_ours_alone() => self.find_afresh(blob),
            found => Ok(found),
        }
    }

    /// The same, whatever the kernel remembers of names: another machine may have given or taken
    /// the blob's just now.
    pub fn find_afresh(&self, blob: &BlobRef) -> Result<Option<StoredBlob>, DiskError> {
        let path = self.layout.blob(blob);
        let [rest, first] = [1, 2].map(|above| path.ancestors().nth(above).unwrap_or(&path));
        for there in [&self.layout.stored(), first, rest, &path] {
            if !self.is_there(there) {
                return Ok(None);
            }
        }
        if self.is_ours_alone() {
            return self.find_remembered(blob);
        }
        look_afresh(&path, blob)
    }

    fn find_remembered(&self, blob: &BlobRef) -> Result<Option<StoredBlob>, DiskError> {
        let path = || self.layout.blob(blob);
        look_at(&self.stored, blob_below_stored(blob), blob, path)
    }

    /// Says whether anything has this blob's name, be it a blob or not.
    pub fn has_name(&self, blob: &BlobRef) -> Result<bool, DiskError> {
        match statat(&self.stored, blob_below_stored(blob), AtFlags::SYMLINK_NOFOLLOW) {
            Ok(_) => Ok(true),
            Err(Errno::NOENT | Errno::NOTDIR) => Ok(false),
            failed @ Err(_) => failed.map(|_| true).during("look at", &self.layout.blob(blob)),
        }
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

    /// Sets a blob's mtime, the clock of the sweep that all servers on the storage share. Gives it
    /// as the file system keeps it, see [`StoredBlob::modified_ns`].
    pub fn mark_used(&self, blob: &BlobRef, now: SystemTime) -> Result<u64, DiskError> {
        let path = self.layout.blob(blob);
        let times = FileTimes::new().set_accessed(now).set_modified(now);
        // Opening for reading is enough for the owner, and blobs are read-only.
        let touched = std::fs::File::open(&path).and_then(|file| {
            file.set_times(times)?;
            let meta = file.metadata()?;
            Ok(nanoseconds(meta.mtime(), meta.mtime_nsec()))
        });
        touched.during("mark as used", &path)
    }

    /// Calls `visit` with the name of each blob behind `after`, in order, until it says to stop:
    /// also where the file has another size than its name says.
    pub fn walk_names_after(
        &self,
        after: Option<&BlobRef>,
        mut visit: impl FnMut(BlobRef) -> std::ops::ControlFlow<()>,
    ) -> Result<(), DiskError> {
        walk_blobs_after(&self.layout.stored(), after, Empties::Stay, |blob| Ok(visit(blob)))
    }

    /// Calls `visit` with each blob on disk until it says to stop.
    pub fn walk_blobs(
        &self,
        empties: Empties,
        mut visit: impl FnMut(BlobRef, StoredBlob) -> std::ops::ControlFlow<()>,
    ) -> Result<(), DiskError> {
        walk_blobs_after(&self.layout.stored(), None, empties, |blob| {
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
    visit: impl FnMut(BlobRef) -> Result<std::ops::ControlFlow<()>, DiskError>,
) -> Result<(), DiskError> {
    walk_blobs_after(dir, None, Empties::Stay, visit)
}

/// The same for those behind `after`, in order.
fn walk_blobs_after(
    dir: &Path,
    after: Option<&BlobRef>,
    empties: Empties,
    mut visit: impl FnMut(BlobRef) -> Result<std::ops::ControlFlow<()>, DiskError>,
) -> Result<(), DiskError> {
    let hex = after.map(|blob| blob.digest.to_string());
    let (after_first, after_rest) = hex.as_deref().map_or(("", ""), |hex| hex.split_at(2));
    for (first, first_dir) in subdirectories(dir)? {
        if first.as_str() < after_first {
            continue;
        }
        for (rest, rest_dir) in subdirectories(&first_dir)? {
            if first == after_first && rest.as_str() < after_rest {
                continue;
            }
            let files = read_dir(&rest_dir)?;
            if files.is_empty() && empties == Empties::Go {
                // Goes only if it still is; who wants to put something there makes it again.
                drop(std::fs::remove_dir(&rest_dir));
            }
            let mut blobs: Vec<BlobRef> = files
                .iter()
                .filter_map(|file| parse_blob(&first, &rest, file.to_str()?))
                .filter(|blob| after.is_none_or(|after| blob > after))
                .collect();
            blobs.sort_unstable();
            for blob in blobs {
                if visit(blob)?.is_break() {
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
                modified_ns: nanoseconds(
                    stat.st_mtime,
                    i64::try_from(stat.st_mtime_nsec).unwrap_or(0),
                ),
            }))
        }
        Err(Errno::NOENT | Errno::NOTDIR) => Ok(None),
        failed @ Err(_) => failed.map(|_| None).during("look at", &shown()),
    }
}

/// The same, whatever the kernel remembers: another machine may have changed it just now.
pub(super) fn look_afresh(path: &Path, blob: &BlobRef) -> Result<Option<StoredBlob>, DiskError> {
    let flags = AtFlags::SYMLINK_NOFOLLOW | AtFlags::STATX_FORCE_SYNC;
    match statx(CWD, path, flags, StatxFlags::BASIC_STATS) {
        Ok(stat) => {
            let whole = FileType::from_raw_mode(stat.stx_mode.into()).is_file()
                && stat.stx_size == blob.size.bytes();
            Ok(whole.then_some(StoredBlob {
                last_used: u64::try_from(stat.stx_mtime.tv_sec).unwrap_or(0),
                is_writable: stat.stx_mode & 0o222 != 0,
                links: stat.stx_nlink.into(),
                file: (makedev(stat.stx_dev_major, stat.stx_dev_minor), stat.stx_ino),
                changed: u64::try_from(stat.stx_ctime.tv_sec).unwrap_or(u64::MAX),
                modified_ns: nanoseconds(stat.stx_mtime.tv_sec, stat.stx_mtime.tv_nsec.into()),
            }))
        }
        Err(Errno::NOENT | Errno::NOTDIR) => Ok(None),
        failed @ Err(_) => failed.map(|_| None).during("look at", path),
    }
}

/// A time as one number; one that does not fit counts as 1970.
pub(super) fn nanoseconds(seconds: i64, fraction: i64) -> u64 {
    let all = seconds.checked_mul(1_000_000_000).and_then(|all| all.checked_add(fraction));
    all.and_then(|all| u64::try_from(all).ok()).unwrap_or(0)
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

/// Names and paths of what may be directories, in order; those whose name is not UTF-8 are not
/// ours.
fn subdirectories(dir: &Path) -> Result<Vec<(String, std::path::PathBuf)>, DiskError> {
    let mut names: Vec<String> =
        read_dir(dir)?.into_iter().filter_map(|name| name.into_string().ok()).collect();
    names.sort_unstable();
    Ok(names
        .into_iter()
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
