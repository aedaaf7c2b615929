//! A look at the storage now and then, so that whoever watches need not touch it: a storage that
//! hangs makes nobody wait who only asks for figures.

use std::sync::PoisonError;

use super::{LookupError, Ops};
use crate::index::IndexError;
use crate::store::{DiskError, Space};

/// What the last look saw.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Look {
    /// Seconds since 1970 when it ended.
    pub at: u64,
    /// Room on the storage.
    pub space: Space,
    /// Damaged blobs that are not healed.
    pub damaged: u64,
    /// Bytes of the index on this machine.
    pub index_bytes: u64,
}

/// Why a server cannot do its work.
#[derive(Debug, thiserror::Error)]
pub enum NotReady {
    /// The storage does not answer as it should.
    #[error("the storage cannot be read; is it mounted? The log of the server says more")]
    Storage(#[source] DiskError),
    /// Something else is where the storage was.
    #[error(
        "another file system is mounted where the storage was, or it was moved away; mount it again and restart the server"
    )]
    Elsewhere,
    /// The index does not answer.
    #[error(transparent)]
    Index(#[from] IndexError),
}

/// What is in memory about running work.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Load {
    /// Blobs that are being sent.
    pub uploads: usize,
    /// Bytes of them that came.
    pub upload_bytes: u64,
    /// Blobs that a running operation holds.
    pub held: usize,
    /// Blobs that a power cut would still take.
    pub unflushed: usize,
    /// Listeners to events.
    pub listeners: usize,
}

impl Ops {
    /// Looks at the storage, for [`Ops::last_look`].
    pub fn look(&self) -> Result<Look, LookupError> {
        let (space, damaged) = (self.store.space()?, self.count_damage()?);
        let look =
            Look { at: self.now_secs(), space, damaged, index_bytes: self.index.size_bytes()? };
        *self.seen.look.lock().unwrap_or_else(PoisonError::into_inner) = Some(look);
        Ok(look)
    }

    /// What the last look saw; `None` before the first one.
    pub fn last_look(&self) -> Option<Look> {
        *self.seen.look.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What runs right now. Touches no disk.
    pub fn load(&self) -> Load {
        let running = self.inflight.running();
        Load {
            uploads: running.len(),
            upload_bytes: running.iter().map(|one| one.received_bytes).sum(),
            held: self.holds.count(),
            unflushed: self.unflushed.count(),
            listeners: self.events.listeners(),
        }
    }

    /// Tries whether storage and index answer. Changes nothing; takes for ever when the storage
    /// hangs.
    pub fn try_ready(&self) -> Result<(), NotReady> {
        self.store.space().map_err(NotReady::Storage)?;
        if !self.store.is_in_place().map_err(NotReady::Storage)? {
            return Err(NotReady::Elsewhere);
        }
        self.index.is_complete()?;
        Ok(())
    }
}
