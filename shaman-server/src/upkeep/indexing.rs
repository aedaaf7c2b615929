//! When to read the storage into the index: at the start unless that was done, and when asked.

use std::sync::Arc;

use tokio::sync::Notify;

use crate::ops::{CaughtUp, Ended, Ops, ReindexError};
use crate::tasks::{Blocking, Panicked, Stop};

/// Fills a new index; compares it with the storage whenever the bell rings, until stopped.
pub async fn keep_indexed(ops: &Arc<Ops>, blocking: &Blocking, bell: &Notify, mut stop: Stop) {
    let (all, stopped) = (Arc::clone(ops), stop.clone());
    tell(blocking.run(move || all.reindex(|| !stopped.is_set())).await);
    loop {
        tokio::select! {
            () = bell.notified() => {}
            () = stop.wait() => return,
        }
        let (all, stopped) = (Arc::clone(ops), stop.clone());
        tell(blocking.run(move || all.compare(|| !stopped.is_set())).await);
    }
}

fn tell(ended: Result<Result<Ended, ReindexError>, Panicked>) {
    match ended {
        Ok(Ok(Ended::Complete(done))) => tracing::info!(
            blobs = done.blobs,
            checkouts = done.checkouts,
            forgotten = done.forgotten,
            "read the storage into the index"
        ),
        Ok(Ok(Ended::WasComplete(CaughtUp { made: 0, gone: 0 }) | Ended::Stopped)) => {}
        Ok(Ok(Ended::WasComplete(CaughtUp { made, gone }))) => {
            tracing::info!(
                made,
                gone,
                "the index learned what happened while this server was away"
            );
        }
        Ok(Err(error)) => {
            let error = anyhow::Error::from(error);
            tracing::error!("filling the index failed, going on without: {error:#}");
        }
        Err(error) => tracing::error!("filling the index failed, going on without: {error}"),
    }
}
