//! `Damages`: blobs of which a damaged file may still stand in checkouts.

use std::collections::HashSet;
use std::sync::{Mutex, MutexGuard, PoisonError};

use shaman_proto::BlobRef;

/// So that an upload knows whether it heals something. The quarantine has the truth.
#[derive(Debug, Default)]
pub struct Damages {
    blobs: Mutex<HashSet<BlobRef>>,
}

impl Damages {
    /// Notes that a damaged file may stand in checkouts.
    pub fn add(&self, blob: BlobRef) {
        self.lock().insert(blob);
    }

    /// Says whether a damaged file of this blob may stand in checkouts.
    pub fn contains(&self, blob: &BlobRef) -> bool {
        self.lock().contains(blob)
    }

    /// Notes that none does any more.
    pub fn remove(&self, blob: &BlobRef) {
        self.lock().remove(blob);
    }

    fn lock(&self) -> MutexGuard<'_, HashSet<BlobRef>> {
        self.blobs.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
