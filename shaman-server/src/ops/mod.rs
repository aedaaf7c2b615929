//! What is done: one verb a file. Plain blocking code; who calls it brings the thread.

mod check_out;
mod erase;
mod follow;
mod missing;
mod reindex;
mod upload;

use std::path::PathBuf;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use shaman_proto::{BlobRef, BlobStatus};

use crate::index::{Index, IndexError};
use crate::live::{Inflight, Unflushed};
use crate::store::{DiskError, ProbeError, Store};

pub use check_out::{CheckOutError, Wanted};
pub use erase::{EraseError, Erased};
pub use follow::{Followed, ListedJob};
pub use reindex::{Ended, ReindexError, Reindexed};
pub use upload::{Begun, Upload, UploadError, Uploaded};

/// How long a blob stays after its last use: Flamenco's default `maxAge`, 31 days.
const GRACE: Duration = Duration::from_hours(744);

/// Everything a verb needs.
#[derive(Debug)]
pub struct Ops {
    store: Store,
    index: Index,
    inflight: Inflight,
    unflushed: Unflushed,
    clock: Clock,
}

/// Tells the time; handed down, so that a test can set it.
pub type Clock = fn() -> SystemTime;

/// A lookup that failed.
#[derive(Debug, thiserror::Error)]
pub enum LookupError {
    /// On disk.
    #[error(transparent)]
    Disk(#[from] DiskError),
    /// In the index.
    #[error(transparent)]
    Index(#[from] IndexError),
}

impl Ops {
    /// The verbs on this store and index.
    pub fn new(store: Store, index: Index, clock: Clock) -> Self {
        Self { store, index, inflight: Inflight::default(), unflushed: Unflushed::default(), clock }
    }

    /// What we have of a blob, from the disk.
    pub fn status(&self, blob: &BlobRef) -> Result<BlobStatus, DiskError> {
        Ok(if self.store.find(blob)?.is_some() {
            BlobStatus::Stored
        } else if self.inflight.is_sending(blob) {
            BlobStatus::Staged
        } else {
            BlobStatus::Missing
        })
    }

    /// Absolute path of the directory that holds all checkouts.
    pub fn checkout_root(&self) -> PathBuf {
        self.store.checkout_root()
    }

    /// Tries whether the storage can still be written to; leaves nothing behind.
    pub fn try_storage(&self) -> Result<(), ProbeError> {
        self.store.probe()
    }

    fn now_secs(&self) -> u64 {
        (self.clock)().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
    }

    /// Says whether a blob's last use is so long ago that its mtime is to be set again: a tenth of
    /// the grace, so that asking for 10,000 known files does not write 10,000 inodes.
    fn is_stale(&self, last_used: u64) -> bool {
        self.now_secs().saturating_sub(last_used) > GRACE.as_secs() / 10
    }
}
