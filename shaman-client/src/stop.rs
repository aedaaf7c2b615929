//! A word to whoever works, from whoever wants it to end.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::sync::Notify;

/// Ends work early. Clones are one and the same: any of them may be asked, from any thread.
///
/// Work that was stopped takes away what it had half made before it returns. To drop the future of
/// some work ends it as well; then what was half made goes a moment later, on another thread.
#[derive(Debug, Clone, Default)]
pub struct Stop(Arc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    is_asked: AtomicBool,
    asking: Notify,
}

impl Stop {
    /// Asks for the end. Asking twice is asking once.
    pub fn ask(&self) {
        self.0.is_asked.store(true, Ordering::Relaxed);
        self.0.asking.notify_waiters();
    }

    /// Says whether somebody asked.
    pub fn is_asked(&self) -> bool {
        self.0.is_asked.load(Ordering::Relaxed)
    }

    /// Waits until somebody asks.
    pub async fn asked(&self) {
        loop {
            // Listen first, then look: nobody asks in between unheard.
            let asking = self.0.asking.notified();
            tokio::pin!(asking);
            asking.as_mut().enable();
            if self.is_asked() {
                return;
            }
            asking.await;
        }
    }

    /// Asks for the end when it is dropped.
    pub(crate) fn on_drop(&self) -> StopOnDrop {
        StopOnDrop(self.clone())
    }
}

/// Asks for the end of work on other threads when the future that waits for it is dropped.
#[derive(Debug)]
pub(crate) struct StopOnDrop(Stop);

impl Drop for StopOnDrop {
    fn drop(&mut self) {
        self.0.ask();
    }
}
