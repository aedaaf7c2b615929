//! When to cut blobs into chunks: soon after they came, and now and then what came otherwise.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use crate::ops::{CutEnd, LookupError, Ops};
use crate::tasks::{Panicked, Stop, calmly};

/// Between two looks whether something came.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// From the start to the first look through the store.
const FIRST: Duration = Duration::from_secs(5);

/// Between two questions whether the store is to be looked through.
const ASK_EVERY: Duration = Duration::from_hours(1);

/// Between two looks through the store: a list of names each, unless there is something to cut.
const PERIOD: Duration = Duration::from_hours(7 * 24);

/// Bytes a second that a look through the store reads: half of what one spinning disk gives, and 30 TB
/// in a week.
const RATE: u64 = 50_000_000;

/// Cuts what there is to cut, until stopped; on a thread that lets all others go first.
pub async fn keep_cut(ops: &Arc<Ops>, mut stop: Stop) {
    let mut next = Instant::now() + FIRST;
    loop {
        tokio::select! {
            () = tokio::time::sleep(LOOK_EVERY) => {}
            () = stop.wait() => return,
        }
        let may_look = Instant::now() >= next;
        if !may_look && !ops.has_uncut() {
            continue;
        }
        let (cutting, is_stopped) = (Arc::clone(ops), stop.clone());
        let work = move || {
            cutting.cut_new(|| !is_stopped.is_set())?;
            if !may_look {
                return Ok(CutEnd::Stopped);
            }
            if !cutting.cutting_is_due(PERIOD)? {
                return Ok(CutEnd::Through { blobs: 0 });
            }
            // What comes meanwhile goes first.
            cutting.cut_old(RATE, || !is_stopped.is_set() && !cutting.has_uncut())
        };
        let ended = told(calmly(work).await);
        match ended {
            Some(CutEnd::Stopped) => continue,
            Some(CutEnd::Through { blobs: 0 }) | None => {}
            Some(CutEnd::Through { blobs }) => tracing::info!(
                blobs,
                "cut blobs into chunks, so that of files that resemble them only what is new travels"
            ),
            Some(CutEnd::Full) => tracing::info!(
                "the index has no room for the chunks of more blobs; files that resemble those travel whole"
            ),
        }
        next = Instant::now() + ASK_EVERY;
    }
}

fn told<T>(ended: Result<Result<T, LookupError>, Panicked>) -> Option<T> {
    match ended {
        Ok(Ok(ended)) => Some(ended),
        Ok(Err(error)) => {
            let error = anyhow::Error::from(error);
            tracing::warn!("blobs could not be cut into chunks, it is tried again: {error:#}");
            None
        }
        Err(error) => {
            tracing::error!("{error}");
            None
        }
    }
}
