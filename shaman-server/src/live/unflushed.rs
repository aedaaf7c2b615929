//! `Unflushed`: blobs that a power cut would still take.

use std::collections::HashSet;
use std::sync::{Mutex, MutexGuard, PoisonError};

use shaman_proto::BlobRef;

/// The blobs that came since the start and were not flushed yet. Everything from before the start
/// was flushed by it.
#[derive(Debug, Default)]
pub struct Unflushed {
    blobs: Mutex<HashSet<BlobRef>>,
}

impl Unflushed {
    /// Notes that this blob is not flushed; call it *before* the blob gets its name, so that no
    /// checkout can find the name and miss the note.
    pub fn add(&self, blob: BlobRef) {
        self.lock().insert(blob);
    }

    /// Gives those of `blobs` that are not flushed.
    pub fn among(&self, blobs: &[BlobRef]) -> Vec<BlobRef> {
        let unflushed = self.lock();
        blobs.iter().filter(|blob| unflushed.contains(blob)).copied().collect()
    }

    /// Gives all of them when there are more than `most`.
    pub fn more_than(&self, most: usize) -> Option<Vec<BlobRef>> {
        let unflushed = self.lock();
        (unflushed.len() > most).then(|| unflushed.iter().copied().collect())
    }

    /// How many are not flushed.
    pub fn count(&self) -> usize {
        self.lock().len()
    }

    /// Takes the note off blobs that were found and then flushed.
    pub fn remove(&self, blobs: &[BlobRef]) {
        let mut unflushed = self.lock();
        for blob in blobs {
            unflushed.remove(blob);
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashSet<BlobRef>> {
        self.blobs.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
