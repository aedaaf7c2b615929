//! `Holds`: blobs that a running operation needs.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use shaman_proto::BlobRef;

/// Counts the operations that need each blob: the sweep passes over these.
#[derive(Debug, Clone, Default)]
pub struct Holds {
    counts: Arc<Mutex<HashMap<BlobRef, usize>>>,
}

/// A claim on some blobs; given up when dropped.
#[derive(Debug)]
pub struct Held {
    holds: Holds,
    blobs: Vec<BlobRef>,
}

impl Holds {
    /// Holds these blobs. Call it *before* looking whether they are there: a sweep looks at the
    /// holds once more after it has taken a blob away, and puts it back.
    pub fn hold(&self, blobs: Vec<BlobRef>) -> Held {
        let mut counts = self.lock();
        for blob in &blobs {
            *counts.entry(*blob).or_default() += 1;
        }
        drop(counts);
        Held { holds: self.clone(), blobs }
    }

    /// Says whether somebody holds this blob.
    pub fn is_held(&self, blob: &BlobRef) -> bool {
        self.lock().contains_key(blob)
    }

    /// How many blobs are held.
    pub fn count(&self) -> usize {
        self.lock().len()
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<BlobRef, usize>> {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        let mut counts = self.holds.lock();
        for blob in &self.blobs {
            if let Some(count) = counts.get_mut(blob) {
                *count -= 1;
                if *count == 0 {
                    counts.remove(blob);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_blob_is_held_until_its_last_holder_ends() {
        let holds = Holds::default();
        let blob = BlobRef::new("ab".repeat(32).parse().unwrap(), "1".parse().unwrap());
        let (first, second) = (holds.hold(vec![blob, blob]), holds.hold(vec![blob]));
        drop(first);
        assert!(holds.is_held(&blob));
        drop(second);
        assert!(!holds.is_held(&blob));
    }
}
