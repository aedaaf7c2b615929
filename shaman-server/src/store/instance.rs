//! `Instance`: which running server a temporary file belongs to.
//!
//! Several servers may share a storage. Each holds a lock on `staging/<instance>.lock` as long as
//! it lives, and puts its instance id into the names of its temporary files; so a file whose
//! server is gone can be told from one that is being written.

use std::fs::File;
use std::io;
use std::path::PathBuf;

use rustix::fs::{FlockOperation, flock};

use super::disk::{DiskError, During as _};
use super::layout::{LOCK_ENDING, Layout};

/// This server among all that ever used the storage.
#[derive(Debug)]
pub(super) struct Instance {
    id: String,
    lock_path: PathBuf,
    _lock: File,
}

impl Instance {
    /// Takes a new id and holds its lock.
    pub(super) fn claim(layout: &Layout) -> Result<Self, DiskError> {
        let id = format!("{:016x}", fastrand::u64(..));
        let lock_path = layout.staging().join(format!("{id}{LOCK_ENDING}"));
        let lock = File::create_new(&lock_path).during("make", &lock_path)?;
        flock(&lock, FlockOperation::NonBlockingLockExclusive).during("lock", &lock_path)?;
        Ok(Self { id, lock_path, _lock: lock })
    }

    /// 16 hex digits.
    pub(super) fn id(&self) -> &str {
        &self.id
    }
}

impl Drop for Instance {
    fn drop(&mut self) {
        drop(std::fs::remove_file(&self.lock_path));
    }
}

/// Says whether the server with this id is gone: its lock file is away or can be taken.
pub(super) fn is_gone(layout: &Layout, id: &str) -> Result<bool, DiskError> {
    let path = layout.staging().join(format!("{id}{LOCK_ENDING}"));
    let lock = match File::open(&path) {
        Ok(lock) => lock,
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(true),
        failed @ Err(_) => failed.during("open", &path)?,
    };
    match flock(&lock, FlockOperation::NonBlockingLockExclusive) {
        Ok(()) => Ok(true),
        Err(rustix::io::Errno::WOULDBLOCK) => Ok(false),
        failed @ Err(_) => failed.during("lock", &path).map(|()| false),
    }
}

/// Reads the id out of `{id}-…` or `{id}.lock`; `None` when the name is not of that form.
pub(super) fn id_in(name: &str) -> Option<&str> {
    let id = name.get(..16)?;
    let ours = id.bytes().all(|b| b.is_ascii_hexdigit())
        && matches!(name.as_bytes().get(16), Some(b'-' | b'.'));
    ours.then_some(id)
}
