//! `Doubts`: blobs that a power cut may have torn.

use std::collections::HashSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

use shaman_proto::BlobRef;

/// Which blobs have to be verified before their first use.
#[derive(Debug, Default)]
pub struct Doubts {
    /// Seconds since 1970: blobs that changed then or later are in doubt.
    since: Option<u64>,
    /// Those that turned out whole, and those that came after the start.
    trusted: Mutex<HashSet<BlobRef>>,
    is_over: AtomicBool,
}

impl Doubts {
    /// All blobs that changed at or after `since`, if anything is in doubt at all.
    pub fn new(since: Option<u64>) -> Self {
        Self { since, ..Self::default() }
    }

    /// Seconds since 1970 from which on blobs are in doubt; `None` when none is (any more).
    pub fn since(&self) -> Option<u64> {
        self.since.filter(|_| !self.is_over.load(Ordering::Acquire))
    }

    /// Says whether a blob, whose file changed then, has to be verified.
    pub fn covers(&self, blob: &BlobRef, changed: u64) -> bool {
        // A second of slack: file systems and clocks round.
        self.since().is_some_and(|since| changed.saturating_add(1) >= since)
            && !self.trusted.lock().unwrap_or_else(PoisonError::into_inner).contains(blob)
    }

    /// Takes a blob out of doubt: it was verified, by us, since the start.
    pub fn trust(&self, blob: BlobRef) {
        if self.since().is_some() {
            self.trusted.lock().unwrap_or_else(PoisonError::into_inner).insert(blob);
        }
    }

    /// Ends all doubt: every blob was looked at.
    pub fn end(&self) {
        self.is_over.store(true, Ordering::Release);
        *self.trusted.lock().unwrap_or_else(PoisonError::into_inner) = HashSet::new();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_changed_lately_is_in_doubt_until_it_is_trusted() {
        let blob = BlobRef::new("ab".repeat(32).parse().unwrap(), "1".parse().unwrap());
        assert!(!Doubts::new(None).covers(&blob, u64::MAX));
        let doubts = Doubts::new(Some(100));
        assert!(!doubts.covers(&blob, 98));
        assert!(doubts.covers(&blob, 100));
        doubts.trust(blob);
        assert!(!doubts.covers(&blob, 100));
        let other = BlobRef::new("cd".repeat(32).parse().unwrap(), "1".parse().unwrap());
        doubts.end();
        assert!(!doubts.covers(&other, 100));
    }
}
