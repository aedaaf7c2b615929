//! `Inflight`: which blobs are being sent, by how many.

use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use shaman_proto::BlobRef;

/// Counts running uploads of each blob. A temporary file on disk says nothing: its sender may be
/// long gone.
#[derive(Debug, Clone, Default)]
pub struct Inflight {
    uploads: Arc<Mutex<HashMap<BlobRef, Uploads>>>,
    /// Of all blobs together.
    senders: Arc<AtomicUsize>,
}

/// The running uploads of one blob.
#[derive(Debug, Clone, Copy, Default)]
struct Uploads {
    senders: usize,
    received_bytes: u64,
}

/// A blob that is being sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Running {
    /// Which.
    pub blob: BlobRef,
    /// How many send it.
    pub senders: usize,
    /// Bytes that came so far, from all of them, in the requests that run.
    pub received_bytes: u64,
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
        self.lock().entry(blob).or_default().senders += 1;
        self.senders.fetch_add(1, Ordering::Relaxed);
        Sending { inflight: self.clone(), blob }
    }

    /// How many uploads are running.
    pub fn senders(&self) -> usize {
        self.senders.load(Ordering::Relaxed)
    }

    /// Says whether somebody is sending this blob.
    pub fn is_sending(&self, blob: &BlobRef) -> bool {
        self.lock().contains_key(blob)
    }

    /// Gives those of `blobs` that somebody is sending, each once.
    pub fn among(&self, blobs: &[BlobRef]) -> Vec<BlobRef> {
        let uploads = self.lock();
        if uploads.is_empty() {
            return Vec::new();
        }
        let mut seen = HashSet::new();
        blobs
            .iter()
            .filter(|blob| uploads.contains_key(blob) && seen.insert(**blob))
            .copied()
            .collect()
    }

    /// Bytes that came so far for those of `blobs` that somebody is sending; `None` when nobody
    /// sends any of them.
    pub fn received_bytes(&self, blobs: &[BlobRef]) -> Option<u64> {
        let uploads = self.lock();
        blobs
            .iter()
            .filter_map(|blob| uploads.get(blob))
            .map(|u| u.received_bytes)
            .reduce(u64::saturating_add)
    }

    /// Every blob that is being sent, the largest first.
    pub fn running(&self) -> Vec<Running> {
        let of = |(blob, uploads): (&BlobRef, &Uploads)| Running {
            blob: *blob,
            senders: uploads.senders,
            received_bytes: uploads.received_bytes,
        };
        let mut running: Vec<Running> = self.lock().iter().map(of).collect();
        running.sort_unstable_by_key(|one| (std::cmp::Reverse(one.blob.size), one.blob));
        running
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<BlobRef, Uploads>> {
        self.uploads.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Sending {
    /// Notes that bytes came.
    pub fn received(&self, bytes: usize) {
        if let Some(uploads) = self.inflight.lock().get_mut(&self.blob) {
            uploads.received_bytes = uploads.received_bytes.saturating_add(bytes as u64);
        }
    }
}

impl Drop for Sending {
    fn drop(&mut self) {
        self.inflight.senders.fetch_sub(1, Ordering::Relaxed);
        let mut uploads = self.inflight.lock();
        if let Some(of_blob) = uploads.get_mut(&self.blob) {
            of_blob.senders -= 1;
            if of_blob.senders == 0 {
                uploads.remove(&self.blob);
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
        first.received(2);
        second.received(3);
        assert_eq!(inflight.among(&[blob, blob]), [blob], "one list may name it 400,000 times");
        assert_eq!(inflight.received_bytes(&[blob]), Some(5));
        assert_eq!(inflight.senders(), 2);
        assert_eq!(inflight.running(), [Running { blob, senders: 2, received_bytes: 5 }]);
        drop(first);
        assert!(inflight.is_sending(&blob));
        drop(second);
        assert!(!inflight.is_sending(&blob));
        assert_eq!(inflight.senders(), 0);
        assert_eq!(inflight.received_bytes(&[blob]), None);
    }
}
