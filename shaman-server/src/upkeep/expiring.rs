//! When to erase checkouts that are old and that no job has.

use std::sync::Arc;
use std::time::Duration;

use crate::audit::Audit;
use crate::ops::{JobsFrom, Ops};
use crate::tasks::{Blocking, Stop};

/// From the start to the first look: the Manager's list of jobs is there by then.
const FIRST: Duration = Duration::from_mins(5);

/// Between two looks.
const LOOK_EVERY: Duration = Duration::from_hours(1);

/// Erases what has expired, every hour, until stopped.
pub async fn keep_expired(
    ops: &Arc<Ops>,
    blocking: &Blocking,
    age: Duration,
    jobs: JobsFrom,
    audit: &Audit,
    mut stop: Stop,
) {
    let mut wait = FIRST;
    loop {
        tokio::select! {
            () = tokio::time::sleep(wait) => {}
            () = stop.wait() => return,
        }
        wait = LOOK_EVERY;
        let (expiring, is_stopped) = (Arc::clone(ops), stop.clone());
        match blocking.run(move || expiring.expire(age, jobs, || !is_stopped.is_set())).await {
            Ok(Ok(expired)) => {
                for checkout in &expired.erased {
                    tracing::info!(
                        checkout = checkout.as_str(),
                        "erased a checkout that had expired"
                    );
                    let name = ("checkout".to_owned(), checkout.as_str().into());
                    audit.note("server", None, "expire", [name].into_iter().collect());
                }
                let clearing = Arc::clone(ops);
                let clear = move || {
                    expired.removed.into_iter().try_for_each(|erased| clearing.clear_away(erased))
                };
                if let Ok(Err(error)) = blocking.run(clear).await {
                    tracing::warn!(%error, "an expired checkout is not forgotten yet; the next start does it");
                }
            }
            Ok(Err(error)) => {
                let error = anyhow::Error::from(error);
                tracing::error!("erasing what has expired failed, it is tried again: {error:#}");
            }
            Err(error) => tracing::error!("{error}"),
        }
    }
}
