//! `Inflight`: which blobs are being sent, by how many.

use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
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
#[derive(Debug, Default)]
struct Uploads {
    all: Sum,
    /// Those whose owner is known, by it.
    owned: Vec<(Arc<str>, Sum)>,
}

/// Some uploads of one blob.
#[derive(Debug, Clone, Copy, Default)]
struct Sum {
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
    received_bytes: AtomicU64,
    owner: Option<Arc<str>>,
}

impl Inflight {
    /// Notes that somebody is sending this blob.
    pub fn begin(&self, blob: BlobRef) -> Sending {
        self.lock().entry(blob).or_default().all.senders += 1;
        self.senders.fetch_add(1, Ordering::Relaxed);
        let received_bytes = AtomicU64::new(0);
        Sending { inflight: self.clone(), blob, received_bytes, owner: None }
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
            .map(|uploads| uploads.all.received_bytes)
            .reduce(u64::saturating_add)
    }

    /// Every blob that is being sent, the largest first.
    pub fn running(&self) -> Vec<Running> {
        self.sorted(|uploads| Some(uploads.all))
    }

    /// The same of what this owner sends.
    pub fn running_of(&self, owner: &str) -> Vec<Running> {
        self.sorted(|uploads| uploads.of(owner).map(|at| uploads.owned[at].1))
    }

    fn sorted(&self, sum: impl Fn(&Uploads) -> Option<Sum>) -> Vec<Running> {
        let of = |(blob, uploads): (&BlobRef, &Uploads)| {
            let Sum { senders, received_bytes } = sum(uploads)?;
            Some(Running { blob: *blob, senders, received_bytes })
        };
        let mut running: Vec<Running> = self.lock().iter().filter_map(of).collect();
        running.sort_unstable_by_key(|one| (std::cmp::Reverse(one.blob.size), one.blob));
        running
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<BlobRef, Uploads>> {
        self.uploads.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Uploads {
    fn of(&self, owner: &str) -> Option<usize> {
        self.owned.iter().position(|(its, _)| **its == *owner)
    }
}

impl Sending {
    /// Notes that bytes came.
    pub fn received(&self, bytes: usize) {
        let bytes = bytes as u64;
        self.received_bytes.fetch_add(bytes, Ordering::Relaxed);
        let mut uploads = self.inflight.lock();
        let Some(of_blob) = uploads.get_mut(&self.blob) else { return };
        of_blob.all.received_bytes = of_blob.all.received_bytes.saturating_add(bytes);
        if let Some(at) = self.owner.as_ref().and_then(|owner| of_blob.of(owner)) {
            let its = &mut of_blob.owned[at].1.received_bytes;
            *its = its.saturating_add(bytes);
        }
    }

    /// Notes who sends, once.
    pub fn belongs_to(&mut self, owner: &str) {
        let owner: Arc<str> = owner.into();
        let mut uploads = self.inflight.lock();
        let Some(of_blob) = uploads.get_mut(&self.blob) else { return };
        let at = of_blob.of(&owner).unwrap_or_else(|| {
            of_blob.owned.push((Arc::clone(&owner), Sum::default()));
            of_blob.owned.len() - 1
        });
        let its = &mut of_blob.owned[at].1;
        its.senders += 1;
        let received_bytes = self.received_bytes.load(Ordering::Relaxed);
        its.received_bytes = its.received_bytes.saturating_add(received_bytes);
        drop(uploads);
        self.owner = Some(owner);
    }
}

impl Drop for Sending {
    fn drop(&mut self) {
        self.inflight.senders.fetch_sub(1, Ordering::Relaxed);
        let mut uploads = self.inflight.lock();
        if let Some(of_blob) = uploads.get_mut(&self.blob) {
            if let Some(at) = self.owner.as_ref().and_then(|owner| of_blob.of(owner)) {
                of_blob.owned[at].1.senders -= 1;
                if of_blob.owned[at].1.senders == 0 {
                    of_blob.owned.swap_remove(at);
                }
            }
            of_blob.all.senders -= 1;
            if of_blob.all.senders == 0 {
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

    #[test]
    fn what_somebody_sends_is_told_apart_from_what_others_do() {
        let inflight = Inflight::default();
        let blob = BlobRef::new("ab".repeat(32).parse().unwrap(), "1".parse().unwrap());
        let (mut hers, mut his, nobodys) =
            (inflight.begin(blob), inflight.begin(blob), inflight.begin(blob));
        hers.received(2);
        hers.belongs_to("alice");
        his.belongs_to("bob");
        for (sending, bytes) in [(&hers, 3), (&his, 10), (&nobodys, 100)] {
            sending.received(bytes);
        }
        let one = |senders, received_bytes| [Running { blob, senders, received_bytes }];
        assert_eq!(inflight.running_of("alice"), one(1, 5), "also what came before");
        assert_eq!(inflight.running_of("bob"), one(1, 10));
        assert_eq!(inflight.running(), one(3, 115));
        drop(hers);
        assert_eq!(inflight.running_of("alice"), []);
        assert_eq!(inflight.running_of("bob"), one(1, 10));
        assert_eq!(inflight.running(), one(2, 115));
    }
}
