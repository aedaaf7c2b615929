//! The one door to blocking threads.

use std::sync::Arc;

use tokio::sync::Semaphore;

/// Blocking work at once. Disks answer best with some tens of requests outstanding; more threads
/// only take memory.
const PERMITS: usize = 64;

/// The work met a bug and ended; the panic's message is in the log of the process.
#[derive(Debug, thiserror::Error)]
#[error("the server met a bug; its log says where, please report it")]
pub struct Panicked;

/// Runs blocking work on threads of its own, 64 at a time at most.
#[derive(Debug, Clone)]
pub struct Blocking {
    permits: Arc<Semaphore>,
}

impl Default for Blocking {
    fn default() -> Self {
        Self { permits: Arc::new(Semaphore::new(PERMITS)) }
    }
}

impl Blocking {
    /// Runs `work` and gives its result. Once begun it ends, even when nobody waits any more.
    pub async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Panicked> {
        let permit = Arc::clone(&self.permits).acquire_owned().await.expect("never closed");
        let done = tokio::task::spawn_blocking(move || {
            let result = work();
            drop(permit);
            result
        });
        done.await.map_err(|_| Panicked)
    }
}
