//! When to scrub, and to heal what can be healed.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::Instant;

use crate::config::{Current, Settings};
use crate::ops::{LookupError, Ops, ScrubEnd, Thorough};
use crate::tasks::{Blocking, Panicked, Stop, calmly};

/// From the start to the first scrub: what the start itself reads goes first.
const FIRST: Duration = Duration::from_mins(2);

/// Between two looks whether something is due, and whether another server's client brought back
/// what heals a checkout.
const LOOK_EVERY: Duration = Duration::from_mins(1);

/// Scrubs every period and whenever the bell rings, until stopped.
pub async fn keep_scrubbed(
    ops: &Arc<Ops>,
    blocking: &Blocking,
    settings: &Current<Settings>,
    bell: &Notify,
    mut stop: Stop,
) {
    heal(ops, blocking, Thorough::Yes).await;
    let from = Instant::now() + FIRST;
    loop {
        // Another rate and period may count by now.
        let scrubbing = settings.now().scrubbing.clone();
        let period = scrubbing.period.filter(|_| Instant::now() >= from);
        if is_due(ops, blocking, period).await && scrub(ops, scrubbing.rate, &stop).await {
            continue;
        }
        tokio::select! {
            () = tokio::time::sleep(LOOK_EVERY) => {
                heal(ops, blocking, Thorough::No).await;
                empty_quarantine(ops, blocking).await;
            }
            () = bell.notified() => {}
            () = stop.wait() => return,
        }
        if stop.is_set() {
            return;
        }
    }
}

async fn is_due(ops: &Arc<Ops>, blocking: &Blocking, period: Option<Duration>) -> bool {
    let ops = Arc::clone(ops);
    told(blocking.run(move || ops.scrub_is_due(period)).await).unwrap_or(false)
}

/// Says whether it went well, so that another pass may be due at once.
async fn scrub(ops: &Arc<Ops>, rate: u64, stop: &Stop) -> bool {
    let (ops, stop) = (Arc::clone(ops), stop.clone());
    let is_stopped = stop.clone();
    match told(calmly(move || ops.scrub(rate, || !is_stopped.is_set())).await) {
        Some(ScrubEnd::Complete(pass)) => {
            tracing::info!(
                blobs = pass.blobs,
                size_bytes = pass.bytes,
                damaged = pass.damaged,
                "scrubbed the storage"
            );
            true
        }
        Some(ScrubEnd::Stopped) => !stop.is_set(),
        Some(ScrubEnd::Busy) | None => false,
    }
}

async fn heal(ops: &Arc<Ops>, blocking: &Blocking, thorough: Thorough) {
    let ops = Arc::clone(ops);
    told(blocking.run(move || ops.heal(thorough)).await);
}

async fn empty_quarantine(ops: &Arc<Ops>, blocking: &Blocking) {
    let ops = Arc::clone(ops);
    if let Some(files) = told(blocking.run(move || ops.empty_quarantine()).await)
        && files > 0
    {
        tracing::info!(files, "deleted damaged files that nobody needs any more");
    }
}

fn told<T>(ended: Result<Result<T, LookupError>, Panicked>) -> Option<T> {
    match ended {
        Ok(Ok(ended)) => Some(ended),
        Ok(Err(error)) => {
            let error = anyhow::Error::from(error);
            tracing::error!("scrubbing or healing failed, it is tried again: {error:#}");
            None
        }
        Err(error) => {
            tracing::error!("{error}");
            None
        }
    }
}
