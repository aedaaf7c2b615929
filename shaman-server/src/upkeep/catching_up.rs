//! When to look what other servers on the storage did.

use std::sync::Arc;
use std::time::Duration;

use crate::ops::{CaughtUp, Ops};
use crate::tasks::{Blocking, Stop};

/// Between two looks: a list of names each.
const LOOK_EVERY: Duration = Duration::from_mins(1);

/// Makes the index know the checkouts of other servers, every minute, until stopped.
pub async fn keep_caught_up(ops: &Arc<Ops>, blocking: &Blocking, mut stop: Stop) {
    loop {
        tokio::select! {
            () = tokio::time::sleep(LOOK_EVERY) => {}
            () = stop.wait() => return,
        }
        let looking = Arc::clone(ops);
        match blocking.run(move || looking.catch_up()).await {
            Ok(Ok(CaughtUp { made: 0, gone: 0 })) => {}
            Ok(Ok(CaughtUp { made, gone })) => {
                tracing::info!(made, gone, "another server made or erased checkouts");
            }
            Ok(Err(error)) => {
                let error = anyhow::Error::from(error);
                tracing::warn!("cannot tell what other servers did: {error:#}");
            }
            Err(error) => tracing::error!("{error}"),
        }
    }
}
