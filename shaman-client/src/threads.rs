//! The one door to threads that may wait for the disk.
#![expect(clippy::disallowed_methods, reason = "this is the door")]

use std::panic::resume_unwind;

use tokio::task::JoinError;

/// Does the work on a thread that may wait for the disk. When the future is dropped the work goes on
/// to its end, and what it gives is dropped there.
pub(crate) async fn on_a_thread<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    match tokio::task::spawn_blocking(work).await.map_err(JoinError::try_into_panic) {
        Ok(done) => done,
        Err(Ok(panic)) => resume_unwind(panic),
        // The runtime is ending, and nobody waits for this any more.
        Err(Err(_)) => std::future::pending().await,
    }
}
