//! `Submissions`: jobs on their way to the Manager, so that no checkout goes that one of them names.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::sync::{RwLock, RwLockReadGuard, RwLockWriteGuard};

/// How long to wait for a moment without submissions.
pub(super) const QUIET_TIME: Duration = Duration::from_secs(10);

/// How often to look for one. Waiting at the gate itself would hold back further submissions.
const LOOK_EVERY: Duration = Duration::from_millis(20);

#[derive(Debug, Default)]
pub(super) struct Submissions {
    /// Read by each submission, written by who erases.
    gate: RwLock<()>,
    begun: AtomicU64,
}

/// A moment without submissions: how many there were before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Quiet(u64);

impl Submissions {
    /// Notes a submission until the guard is dropped. Waits only while checkouts are erased.
    pub(super) async fn begin(&self) -> RwLockReadGuard<'_, ()> {
        let guard = self.gate.read().await;
        self.begun.fetch_add(1, Ordering::SeqCst);
        guard
    }

    /// Waits for a moment without submissions; `None` when there is none for [`QUIET_TIME`].
    pub(super) async fn quiet(&self) -> Option<Quiet> {
        let quiet = async {
            loop {
                if let Ok(_gate) = self.gate.try_write() {
                    return Quiet(self.begun.load(Ordering::SeqCst));
                }
                tokio::time::sleep(LOOK_EVERY).await;
            }
        };
        tokio::time::timeout(QUIET_TIME, quiet).await.ok()
    }

    /// Holds submissions back until the guard is dropped; `None` when there was one since `quiet`.
    pub(super) fn hold(&self, quiet: Quiet) -> Option<RwLockWriteGuard<'_, ()>> {
        let gate = self.gate.try_write().ok()?;
        (Quiet(self.begun.load(Ordering::SeqCst)) == quiet).then_some(gate)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_was_read_before_a_submission_is_not_acted_upon() {
        let submissions = Submissions::default();
        let quiet = submissions.quiet().await.unwrap();
        let running = submissions.begin().await;
        assert!(submissions.hold(quiet).is_none(), "it is running");
        // Another one does not wait behind whoever wants to erase.
        drop(submissions.begin().await);
        drop(running);
        assert!(submissions.hold(quiet).is_none(), "it came after the moment");
        let quiet = submissions.quiet().await.unwrap();
        let held = submissions.hold(quiet).unwrap();
        assert!(tokio::time::timeout(LOOK_EVERY, submissions.begin()).await.is_err());
        drop(held);
        drop(submissions.begin().await);
    }
}
