//! One sweep and one scrub at a time, whichever server runs it.

use std::fs::{File, OpenOptions};

use rustix::fs::{FlockOperation, flock};
use rustix::io::Errno;

use super::Store;
use super::disk::{DiskError, During as _};

/// Held while a sweep or a scrub runs.
#[derive(Debug)]
pub struct WorkLock {
    _file: File,
}

impl Store {
    /// Takes the storage's sweep lock; `None` when somebody else has it.
    pub fn lock_sweep(&self) -> Result<Option<WorkLock>, DiskError> {
        self.lock_work("sweep.lock")
    }

    /// Takes the storage's scrub lock; `None` when somebody else has it.
    pub fn lock_scrub(&self) -> Result<Option<WorkLock>, DiskError> {
        self.lock_work("scrub.lock")
    }

    fn lock_work(&self, name: &str) -> Result<Option<WorkLock>, DiskError> {
        let path = self.layout.staging().join(name);
        let file = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .open(&path)
            .during("open", &path)?;
        match flock(&file, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => Ok(Some(WorkLock { _file: file })),
            // SMB says the second.
            Err(Errno::WOULDBLOCK | Errno::ACCESS) => Ok(None),
            failed @ Err(_) => failed.map(|()| None).during("lock", &path),
        }
    }

    /// Free bytes and all bytes of the storage's file system, as ordinary users see them.
    pub fn space(&self) -> Result<Space, DiskError> {
        let stat = rustix::fs::fstatvfs(&self.stored).during("look at", &self.layout.stored())?;
        Ok(Space {
            free_bytes: stat.f_bavail.saturating_mul(stat.f_frsize),
            all_bytes: stat.f_blocks.saturating_mul(stat.f_frsize),
        })
    }
}

/// Room on the storage.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Space {
    /// What can still be written.
    pub free_bytes: u64,
    /// Everything.
    pub all_bytes: u64,
}
