//! `Staged`: bytes being received; a file that removes itself unless committed.

use std::fs::{File, OpenOptions, Permissions};
use std::io::{self, Write as _};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use rustix::fs::{CWD, RenameFlags, renameat_with};
use rustix::io::Errno;
use sha2::{Digest as _, Sha256};
use shaman_proto::{BlobRef, Digest};

use super::Store;
use super::blobs::nanoseconds;
use super::disk::{DiskError, During as _};
use super::hasher::Hasher;
use super::layout::STAGED_ENDING;

/// Mode of a blob, whatever the umask.
const READ_ONLY: u32 = 0o444;

/// Bytes on their way to becoming a blob. Dropped, nothing is left, unless it is a part.
#[derive(Debug)]
pub struct Staged {
    blob: BlobRef,
    /// Open until it gets its name: on NFS an open file that loses one leaves another.
    file: Option<File>,
    pub(super) path: PathBuf,
    pub(super) hasher: Hasher,
    pub(super) received_bytes: u64,
    place: Place,
    named: bool,
}

/// Where bytes wait for their name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    /// In a directory for their digest, which goes with the last of them.
    Uploading,
    /// In `staging/`: they are there for a moment only.
    Staging,
    /// Beside [`Place::Uploading`], under a name that is found again: dropped before they are
    /// complete, they stay.
    Part,
}

/// Bytes that are what their name says; the only thing that can become a blob.
#[derive(Debug)]
pub struct Verified {
    staged: Staged,
}

/// How the bytes differ from the name they were sent under.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Mismatch {
    /// Other number of bytes.
    #[error("file size mismatched, declared {declared} but received {received} bytes")]
    Size {
        /// What the name says.
        declared: u64,
        /// What came.
        received: u64,
    },
    /// More bytes than declared; the rest was not read.
    #[error("file size mismatched, declared {declared} but received at least {received} bytes")]
    TooLong {
        /// What the name says.
        declared: u64,
        /// What had come when reading stopped.
        received: u64,
    },
    /// Other contents.
    #[error("file SHA256 mismatched, declared {declared} but received {received}")]
    Digest {
        /// What the name says.
        declared: Digest,
        /// What the bytes hash to.
        received: Digest,
    },
}

/// Why bytes could not be appended.
#[derive(Debug, thiserror::Error)]
pub enum WriteError {
    /// There are more than the name says.
    #[error(transparent)]
    Mismatch(#[from] Mismatch),
    /// A file operation failed.
    #[error(transparent)]
    Disk(#[from] DiskError),
}

/// How a commit ended well.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Committed {
    /// The blob is there now, and was not before.
    New {
        /// Its mtime, see `StoredBlob::modified_ns`.
        modified_ns: u64,
    },
    /// Somebody else put it there meanwhile; theirs was kept.
    AlreadyThere,
}

impl Store {
    /// Opens a file that nobody else can see, for bytes that claim to be `blob`.
    pub fn stage(&self, blob: BlobRef) -> Result<Staged, DiskError> {
        let dir = self.layout.uploading_dir(&blob);
        let path = dir.join(format!("{}-{}{STAGED_ENDING}", blob.size, self.unique()));
        let file = in_directory(&dir, || {
            OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path)
        })
        .during("make", &path)?;
        Ok(Staged::new(blob, file, path, Place::Uploading))
    }

    /// Verifies bytes that are here as a whole, then writes them at once. What does not match its
    /// name touches no disk.
    pub fn stage_whole(&self, blob: BlobRef, bytes: &[u8]) -> Result<Verified, WriteError> {
        let (declared, received) = (blob.size.bytes(), bytes.len() as u64);
        if received != declared {
            return Err(Mismatch::Size { declared, received }.into());
        }
        let received = Digest::from_bytes(Sha256::digest(bytes).into());
        if received != blob.digest {
            return Err(Mismatch::Digest { declared: blob.digest, received }.into());
        }
        let path = self.layout.staging().join(format!("{}{STAGED_ENDING}", self.unique()));
        let file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(READ_ONLY)
            .open(&path)
            .during("make", &path)?;
        let mut staged = Staged::new(blob, file, path, Place::Staging);
        staged.file().write_all(bytes).during("write", &staged.path)?;
        staged.received_bytes = declared;
        Ok(Verified { staged })
    }
}

impl Staged {
    fn new(blob: BlobRef, file: File, path: PathBuf, place: Place) -> Self {
        let file = Some(file);
        Self { blob, file, path, hasher: Hasher::default(), received_bytes: 0, place, named: false }
    }

    /// A part, of which nothing is hashed yet.
    pub(super) fn part(blob: BlobRef, file: File, path: PathBuf) -> Self {
        Self::new(blob, file, path, Place::Part)
    }

    /// The file, which is open until it is committed.
    pub(super) fn file(&self) -> &File {
        self.file.as_ref().expect("it is open until it is committed")
    }

    /// Bytes so far.
    pub fn received_bytes(&self) -> u64 {
        self.received_bytes
    }

    /// Appends and hashes bytes; refuses those beyond the declared size without writing them.
    pub fn write(&mut self, bytes: &[u8]) -> Result<(), WriteError> {
        self.write_unhashed(bytes)?;
        self.hasher.update(bytes);
        Ok(())
    }

    /// Appends bytes that somebody hashes with [`Staged::take_hasher`] meanwhile.
    pub fn write_unhashed(&mut self, bytes: &[u8]) -> Result<(), WriteError> {
        let declared = self.blob.size.bytes();
        let received = self.received_bytes + bytes.len() as u64;
        if received > declared {
            return Err(Mismatch::TooLong { declared, received }.into());
        }
        self.file().write_all(bytes).during("write", &self.path)?;
        self.received_bytes = received;
        Ok(())
    }

    /// Lends the hasher to another thread, until [`Staged::return_hasher`]. What is verified without
    /// it does not match its name.
    pub fn take_hasher(&mut self) -> Hasher {
        std::mem::take(&mut self.hasher)
    }

    /// Takes the hasher back.
    pub fn return_hasher(&mut self, hasher: Hasher) {
        self.hasher = hasher;
    }

    /// Compares what came with the name: size, then digest. Bytes that do not match are removed; a
    /// part that is only too short stays.
    pub fn verify(mut self) -> Result<Verified, Mismatch> {
        let declared = self.blob.size.bytes();
        if self.received_bytes != declared {
            return Err(Mismatch::Size { declared, received: self.received_bytes });
        }
        if self.place == Place::Part {
            self.place = Place::Uploading;
        }
        let received = self.hasher.digest();
        if received != self.blob.digest {
            return Err(Mismatch::Digest { declared: self.blob.digest, received });
        }
        Ok(Verified { staged: self })
    }
}

impl Verified {
    /// Gives the bytes their final name, after which they never change.
    ///
    /// The blob is complete and read-only when its name appears, but flushed only later, at the
    /// latest before a checkout names it; unless other machines may have the storage, too: then
    /// its bytes are flushed before, since nobody there could do it. On failure nothing is left.
    pub fn commit(mut self, store: &Store, now_secs: u64) -> Result<Committed, DiskError> {
        let file = self.staged.file.take().expect("it is open until it is committed");
        let path = &self.staged.path;
        let mut meta = file.metadata().during("look at", path)?;
        if meta.mode() & 0o7777 != READ_ONLY {
            file.set_permissions(Permissions::from_mode(READ_ONLY))
                .during("make read-only", path)?;
        }
        if !store.is_ours_alone() {
            file.sync_all().during("flush", path)?;
            // Its keeper may have its own opinion of when it was written.
            meta = file.metadata().during("look at", path)?;
        }
        drop(file);
        let Staged { blob, path, place, .. } = &self.staged;
        let target = store.layout.blob(blob);
        let dir = target.parent().expect("a blob's path has a directory");
        if *place == Place::Staging {
            // Nearly always right, and cheaper than a rename that fails. Else the rename says so.
            drop(std::fs::create_dir(dir));
        }
        let name = || in_directory(dir, || rename_to_new(path, &target).map_err(io::Error::from));
        match name() {
            Ok(()) => {}
            Err(e) if e.kind() == io::ErrorKind::AlreadyExists => {
                if store.find(blob)?.is_some() {
                    return Ok(Committed::AlreadyThere);
                }
                // What stands there has another size, so it is no blob: a torn write of old, or
                // somebody cut it short in a checkout, which is to be healed.
                match store.find_misfit(blob)? {
                    Some(file) => {
                        store.quarantine(blob, file, now_secs)?;
                        name().during("name", &target)?;
                    }
                    None => std::fs::rename(path, &target).during("replace", &target)?,
                }
            }
            failed @ Err(_) => failed.during("name", &target)?,
        }
        self.staged.named = true;
        let modified_ns = nanoseconds(meta.mtime(), meta.mtime_nsec());
        Ok(Committed::New { modified_ns })
    }
}

impl Drop for Staged {
    fn drop(&mut self) {
        drop(self.file.take());
        let is_kept = self.place == Place::Part && self.received_bytes > 0;
        if !self.named && !is_kept {
            drop(std::fs::remove_file(&self.path));
        }
        if self.place != Place::Staging
            && let Some(dir) = self.path.parent()
        {
            // Goes only when nobody else is sending the same digest.
            drop(std::fs::remove_dir(dir));
        }
    }
}

/// Runs `act` in a directory that may not be there yet, or may vanish in between because another
/// operation found it empty.
pub(super) fn in_directory<T>(dir: &Path, act: impl Fn() -> io::Result<T>) -> io::Result<T> {
    for _ in 0..16 {
        match act() {
            Err(e) if e.kind() == io::ErrorKind::NotFound => std::fs::create_dir_all(dir)?,
            acted => return acted,
        }
    }
    act()
}

/// Renames unless the target exists, atomically where the file system can.
fn rename_to_new(from: &Path, to: &Path) -> Result<(), Errno> {
    match renameat_with(CWD, from, CWD, to, RenameFlags::NOREPLACE) {
        Err(Errno::INVAL | Errno::NOSYS | Errno::NOTSUP) => {
            // A file system without it: a link refuses an existing target just as well.
            rustix::fs::link(from, to)?;
            rustix::fs::unlink(from)
        }
        renamed => renamed,
    }
}
