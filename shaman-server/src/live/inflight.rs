//! `Inflight`: which blobs are being sent, by how many.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use shaman_proto::BlobRef;

/// Counts running uploads of each blob. A temporary file on disk says nothing: its sender may be
/// long gone.
#[derive(Debug, Clone, Default)]
pub struct Inflight {
    counts: Arc<Mutex<HashMap<BlobRef, usize>>>,
}

/// One running upload; ends when dropped.
#[derive(Debug)]
pub struct Sending {
    inflight: Inflight,
    blob: BlobRef,
}

impl Inflight {
    /// Notes that somebody is sending this blob.
    pub fn begin(&self, blob: BlobRef) -> Sending {
        *self.lock().entry(blob).or_default() += 1;
        Sending { inflight: self.clone(), blob }
    }

    /// Says whether somebody is sending this blob.
    pub fn is_sending(&self, blob: &BlobRef) -> bool {
        self.lock().contains_key(blob)
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<BlobRef, usize>> {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Sending {
    fn drop(&mut self) {
        let mut counts = self.inflight.lock();
        if let Some(count) = counts.get_mut(&self.blob) {
            *count -= 1;
            if *count == 0 {
                counts.remove(&self.blob);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_blob_is_being_sent_until_its_last_sender_ends() {
        let inflight = Inflight::default();
        let blob = BlobRef::new("ab".repeat(32).parse().unwrap(), "1".parse().unwrap());
        let (first, second) = (inflight.begin(blob), inflight.begin(blob));
        drop(first);
        assert!(inflight.is_sending(&blob));
        drop(second);
        assert!(!inflight.is_sending(&blob));
    }
}
