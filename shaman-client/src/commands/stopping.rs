//! Ctrl-C, heard while something works, so that nothing half-made is left behind.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::Context as _;

use crate::stop::Stop;

/// Does the work on a thread of its own, and sets its `stop` when somebody wants the program to end.
pub(super) async fn unless_stopped<T: Send + 'static>(
    work: impl FnOnce(&AtomicBool) -> T + Send + 'static,
) -> anyhow::Result<T> {
    let stop = Arc::new(AtomicBool::new(false));
    let (done, ended) = tokio::sync::oneshot::channel();
    let told = Arc::clone(&stop);
    // Nobody listens only when the program is ending.
    let work = move || drop(done.send(work(&told)));
    std::thread::Builder::new().spawn(work).context("cannot start a thread")?;
    tokio::pin!(ended);
    let ended = tokio::select! {
        ended = &mut ended => ended,
        () = asked_to_stop() => {
            stop.store(true, Ordering::Relaxed);
            ended.await
        }
    };
    ended.context("the copy ended without a word")
}

/// Waits for the work, and asks it to stop when somebody wants the program to end.
pub(super) async fn stoppable<T>(stop: &Stop, work: impl Future<Output = T>) -> T {
    tokio::pin!(work);
    tokio::select! {
        ended = &mut work => return ended,
        () = asked_to_stop() => stop.ask(),
    }
    work.await
}

/// Ends when a person, or a batch system, wants the program to end.
pub(super) async fn asked_to_stop() {
    #[cfg(unix)]
    if let Ok(mut terminated) =
        tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())
    {
        tokio::select! {
            _ = tokio::signal::ctrl_c() => {}
            _ = terminated.recv() => {}
        }
        return;
    }
    // Where signals cannot be heard they end the program as ever.
    if tokio::signal::ctrl_c().await.is_err() {
        std::future::pending::<()>().await;
    }
}
