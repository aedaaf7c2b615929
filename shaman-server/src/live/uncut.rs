//! `Uncut`: large blobs that came and were not cut into chunks yet.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

use shaman_proto::BlobRef;

/// Most blobs that wait. What comes beyond is found by the look through the store.
const WAITING_MAX: usize = 10_000;

/// Blobs that wait, the one that came first in front.
#[derive(Debug, Default)]
pub struct Uncut(Mutex<VecDeque<BlobRef>>);

impl Uncut {
    /// Notes a blob that came.
    pub fn add(&self, blob: BlobRef) {
        let mut waiting = self.lock();
        if waiting.len() < WAITING_MAX {
            waiting.push_back(blob);
        }
    }

    /// Takes the next one.
    pub fn next(&self) -> Option<BlobRef> {
        self.lock().pop_front()
    }

    /// Says whether none waits.
    pub fn is_empty(&self) -> bool {
        self.lock().is_empty()
    }

    fn lock(&self) -> MutexGuard<'_, VecDeque<BlobRef>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_more_wait_than_the_limit() {
        let uncut = Uncut::default();
        let blob = BlobRef::new("ab".repeat(32).parse().unwrap(), "1".parse().unwrap());
        (0..WAITING_MAX + 5).for_each(|_| uncut.add(blob));
        assert_eq!(std::iter::from_fn(|| uncut.next()).count(), WAITING_MAX);
    }
}
