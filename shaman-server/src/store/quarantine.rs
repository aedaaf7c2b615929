//! Quarantine: what did not match its name, kept for a person.
//!
//! ```text
//! quarantine/<digest>-<size>-<seconds since 1970>-<unique>
//! ```
//!
//! A file in it that has other names still stands in checkouts: nothing else remembers which
//! damage is not healed yet, so that every server on the storage knows the same.

use std::ffi::OsString;
use std::fs::File;
use std::io::{self, Read as _};
use std::ops::ControlFlow;
use std::os::unix::fs::MetadataExt as _;
use std::sync::PoisonError;

use rustix::fs::{Advice, AtFlags, CWD, FileType, RenameFlags, fadvise, renameat_with, statat};
use rustix::io::Errno;
use sha2::{Digest as _, Sha256};
use shaman_proto::{BlobRef, Digest};

use super::Store;
use super::blobs::{nanoseconds, read_dir};
use super::disk::{DiskError, During as _};
use super::layout::blob_below_stored;

/// Bytes read at once.
const PIECE_BYTES: usize = 1 << 20;

/// What reading a blob showed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Looked {
    /// There is none.
    Gone,
    /// The bytes are what the name says; the file's mtime before they were read, in nanoseconds.
    Whole(u64),
    /// They are not; device and inode of the file.
    Damaged((u64, u64)),
    /// The disk did not give the bytes (`EIO`): it is damage if the rest of the storage is well.
    Unreadable((u64, u64)),
    /// Somebody wanted to stop.
    Stopped,
}

/// A file in quarantine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Damaged {
    /// What it was to be.
    pub blob: BlobRef,
    /// Seconds since 1970 when it was found, if the name says so.
    pub found_at: Option<u64>,
    /// Which file it is: device and inode.
    pub file: (u64, u64),
    /// Names that it has besides the one in quarantine: in checkouts.
    pub other_names: u64,
    /// Its name in quarantine.
    name: OsString,
}

impl Store {
    /// Reads a blob and compares it with its name. `pace` is told of bytes that were read and may
    /// end it.
    pub fn look_through(
        &self,
        blob: &BlobRef,
        mut pace: impl FnMut(u64) -> ControlFlow<()>,
    ) -> Result<Looked, DiskError> {
        let path = self.layout.blob(blob);
        let flags = rustix::fs::OFlags::RDONLY
            | rustix::fs::OFlags::NOFOLLOW
            | rustix::fs::OFlags::CLOEXEC
            // A pipe of that name does not hold us up.
            | rustix::fs::OFlags::NONBLOCK;
        let below = blob_below_stored(blob);
        let opened = rustix::fs::openat(&self.stored, below, flags, rustix::fs::Mode::empty());
        let mut file = match opened {
            Err(Errno::NOENT | Errno::NOTDIR | Errno::LOOP) => return Ok(Looked::Gone),
            opened => File::from(opened.during("open", &path)?),
        };
        let meta = file.metadata().during("look at", &path)?;
        if !meta.is_file() {
            return Ok(Looked::Gone);
        }
        let damaged = Looked::Damaged((meta.dev(), meta.ino()));
        if meta.len() != blob.size.bytes() {
            return Ok(damaged);
        }
        let mut hasher = Sha256::new();
        let mut piece =
            vec![0; PIECE_BYTES.min(usize::try_from(meta.len()).unwrap_or(PIECE_BYTES))];
        let mut bytes = 0_u64;
        while bytes < blob.size.bytes() {
            let read = match file.read(&mut piece) {
                Err(error) if error.raw_os_error() == Some(Errno::IO.raw_os_error()) => {
                    return Ok(Looked::Unreadable((meta.dev(), meta.ino())));
                }
                read => read.during("read", &path)?,
            };
            if read == 0 {
                return Ok(damaged);
            }
            hasher.update(&piece[..read]);
            bytes += read as u64;
            if pace(read as u64).is_break() {
                return Ok(Looked::Stopped);
            }
        }
        // What was read only for this does not push out what workers read. Advice: it may fail.
        fadvise(&file, 0, None, Advice::DontNeed).ok();
        let digest = Digest::from_bytes(hasher.finalize().into());
        Ok(if digest == blob.digest {
            Looked::Whole(nanoseconds(meta.mtime(), meta.mtime_nsec()))
        } else {
            damaged
        })
    }

    /// Device and inode of a file that has a blob's name and another size than that says.
    pub fn find_misfit(&self, blob: &BlobRef) -> Result<Option<(u64, u64)>, DiskError> {
        match statat(&self.stored, blob_below_stored(blob), AtFlags::SYMLINK_NOFOLLOW) {
            Ok(stat) => {
                let is_misfit = FileType::from_raw_mode(stat.st_mode).is_file()
                    && u64::try_from(stat.st_size) != Ok(blob.size.bytes());
                Ok(is_misfit.then_some((stat.st_dev, stat.st_ino)))
            }
            Err(Errno::NOENT | Errno::NOTDIR) => Ok(None),
            failed @ Err(_) => failed.map(|_| None).during("look at", &self.layout.blob(blob)),
        }
    }

    /// Sets a damaged file aside, for a person to look at; the blob is missing from then on.
    /// `false`: that file does not have the blob's name any more, and what has it stays.
    pub fn quarantine(
        &self,
        blob: &BlobRef,
        file: (u64, u64),
        now_secs: u64,
    ) -> Result<bool, DiskError> {
        let from = self.layout.blob(blob);
        let to = self.layout.quarantine().join(format!("{blob}-{now_secs:012}-{}", self.unique()));
        let is_it = |path: &std::path::Path| match std::fs::symlink_metadata(path) {
            Ok(meta) => Ok((meta.dev(), meta.ino()) == file),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
            Err(error) => Err(error),
        };
        let _one_at_a_time = self.setting_aside.lock().unwrap_or_else(PoisonError::into_inner);
        if !is_it(&from).during("look at", &from)? {
            return Ok(false);
        }
        match std::fs::rename(&from, &to) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
            moved => moved.during("set aside", &from)?,
        }
        if is_it(&to).during("look at", &to)? {
            return Ok(true);
        }
        // Another server put a good one there between the look and the rename.
        match renameat_with(CWD, &to, CWD, &from, RenameFlags::NOREPLACE) {
            // And a third one, or a system that cannot say: then a copy stays in quarantine.
            Err(Errno::EXIST | Errno::INVAL | Errno::NOSYS | Errno::NOTSUP) => {
                match std::fs::hard_link(&to, &from) {
                    Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                    linked => linked.during("put back", &from)?,
                }
            }
            back => back.during("put back", &from)?,
        }
        Ok(false)
    }

    /// All that is in quarantine.
    pub fn quarantined(&self) -> Result<Vec<Damaged>, DiskError> {
        let dir = self.layout.quarantine();
        let mut found = Vec::new();
        for name in read_dir(&dir)? {
            let Some((blob, found_at)) = name.to_str().and_then(parse) else { continue };
            let path = dir.join(&name);
            match std::fs::symlink_metadata(&path) {
                Ok(meta) => found.push(Damaged {
                    blob,
                    found_at,
                    file: (meta.dev(), meta.ino()),
                    other_names: meta.nlink().saturating_sub(1),
                    name,
                }),
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                failed @ Err(_) => failed.map(drop).during("look at", &path)?,
            }
        }
        found.sort_by_key(|damaged| (damaged.blob, damaged.file));
        Ok(found)
    }

    /// Deletes a file in quarantine.
    pub fn discard(&self, damaged: &Damaged) -> Result<(), DiskError> {
        let path = self.layout.quarantine().join(&damaged.name);
        match std::fs::remove_file(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            removed => removed.during("delete", &path),
        }
    }
}

/// Reads `<digest>-<size>-<seconds>-<unique>`, or without the seconds as of old.
fn parse(name: &str) -> Option<(BlobRef, Option<u64>)> {
    let mut parts = name.split('-');
    let blob = BlobRef::new(parts.next()?.parse().ok()?, parts.next()?.parse().ok()?);
    let found_at = parts.next().filter(|part| part.len() == 12);
    Some((blob, found_at.and_then(|part| part.parse().ok())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_in_quarantine_says_which_blob_it_was() {
        let hex = "ab".repeat(32);
        let blob = BlobRef::new(hex.parse().unwrap(), "12".parse().unwrap());
        let unique = "0123456789abcdef-7";
        let name = format!("{blob}-001700000000-{unique}");
        assert_eq!(parse(&name), Some((blob, Some(1_700_000_000))));
        assert_eq!(parse(&format!("{blob}-{unique}")), Some((blob, None)));
        assert_eq!(parse("note.txt"), None);
    }
}
