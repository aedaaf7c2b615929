//! When to look at the storage for those who watch the server.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::{MissedTickBehavior, interval};

use crate::ops::{LookupError, Ops};
use crate::tasks::{Blocking, Stop};

/// Between two looks: as often as Prometheus usually asks.
const LOOK_EVERY: Duration = Duration::from_secs(15);

/// Looks at the storage, keeps count of what is in it and notes how it grows, until stopped.
pub async fn keep_watched(
    ops: &Arc<Ops>,
    blocking: &Blocking,
    history_every: Duration,
    mut stop: Stop,
) {
    let mut ticks = interval(LOOK_EVERY.min(history_every).max(Duration::from_secs(1)));
    // A storage that hung for a while is not looked at ten times at once.
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            _ = ticks.tick() => {}
            () = stop.wait() => return,
        }
        let looking = Arc::clone(ops);
        tokio::select! {
            looked = blocking.run(move || look(&looking, history_every)) => match looked {
                Ok(Ok(())) => {}
                Ok(Err(error)) => {
                    let error = anyhow::Error::from(error);
                    tracing::warn!("cannot look at the storage: {error:#}");
                }
                Err(error) => tracing::error!("{error}"),
            },
            // It may hang for ever.
            () = stop.wait() => return,
        }
    }
}

fn look(ops: &Ops, history_every: Duration) -> Result<(), LookupError> {
    ops.look()?;
    ops.count_if_due()?;
    ops.note_history(history_every)
}
