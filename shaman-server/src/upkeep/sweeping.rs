//! When to sweep: every period, and when room gets short.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Map, Value};
use shaman_proto::wire::native::{Spared, SweepAnswer, Weight};
use tokio::time::Instant;

use crate::audit::Audit;
use crate::config::{Current, Settings, Sweeping};
use crate::ops::{self, By, Dry, Ops, SweepError, SweepOrder, Swept};
use crate::tasks::{Blocking, Stop};

/// From the start to the first sweep, as with Flamenco: long enough that a server which is started
/// by mistake can be stopped again.
const FIRST: Duration = Duration::from_secs(30);

/// Between two looks at the free room.
const LOOK_EVERY: Duration = Duration::from_mins(1);

/// After a sweep that could not make enough room, so long no other one for that reason.
const TRY_AGAIN: Duration = Duration::from_mins(30);

/// At the latest so long after the last one, a sweep looks at all of the storage: somebody may have
/// put blobs there past all servers.
const STORAGE_EVERY: Duration = Duration::from_hours(7 * 24);

/// What the configuration says is to be swept.
pub fn order(sweeping: &Sweeping, dry: Dry) -> SweepOrder {
    SweepOrder {
        max_age: sweeping.max_age,
        trash_grace: sweeping.trash_grace,
        max_share: Some(sweeping.max_share),
        wanted_bytes: None,
        by: By::Index,
        dry,
    }
}

/// The report as it travels.
pub fn report(swept: &Swept, dry: Dry) -> SweepAnswer {
    let weight = |weight: ops::Weight| Weight { blobs: weight.blobs, bytes: weight.bytes };
    SweepAnswer {
        dry_run: dry == Dry::Yes,
        all: weight(swept.all),
        swept: weight(swept.swept),
        spared: Spared {
            young: weight(swept.young),
            linked: weight(swept.linked),
            named: weight(swept.named),
            symlinked: weight(swept.symlinked),
            held: weight(swept.held),
        },
        deleted: weight(swept.deleted),
        trashed: weight(swept.trashed),
    }
}

/// Sweeps every period and when the reserve is touched, until stopped.
pub async fn keep_swept(
    ops: &Arc<Ops>,
    blocking: &Blocking,
    settings: &Current<Settings>,
    audit: &Audit,
    mut stop: Stop,
) {
    let first = Instant::now() + FIRST;
    let mut swept_at = None;
    let mut short_again = first;
    // Who knows what happened before the start.
    let mut storage_due = Instant::now();
    loop {
        // Another period may count by now.
        let sweeping = &settings.now().sweeping.clone();
        let due = (sweeping.period > Duration::ZERO)
            .then(|| swept_at.map_or(first, |ended: Instant| ended + sweeping.period));
        let look = Instant::now() + LOOK_EVERY;
        let next = due.map_or(look, |due| due.min(look));
        tokio::select! {
            () = tokio::time::sleep_until(next) => {}
            () = stop.wait() => return,
        }
        let now = Instant::now();
        if due.is_some_and(|due| due <= now) {
            let by = if storage_due <= now { By::Storage } else { By::Index };
            if by == By::Storage {
                storage_due = now + STORAGE_EVERY;
            }
            let order = SweepOrder { by, ..order(sweeping, Dry::No) };
            sweep(ops, blocking, order, audit, &stop).await;
            // From the end of one to the start of the next, as with Flamenco.
            swept_at = Some(Instant::now());
        }
        if now >= short_again
            && let Some(wanted) = shortage(ops, blocking).await
        {
            tracing::warn!(
                wanted_bytes = wanted,
                "the storage's reserve is touched; sweeping what was not used for longest"
            );
            let short = SweepOrder {
                max_age: sweeping.age_min,
                wanted_bytes: Some(wanted),
                ..order(sweeping, Dry::No)
            };
            sweep(ops, blocking, short, audit, &stop).await;
            if shortage(ops, blocking).await.is_some() {
                short_again = Instant::now() + TRY_AGAIN;
                tracing::error!("the storage is still short of room; erase checkouts or add space");
            }
        }
    }
}

async fn shortage(ops: &Arc<Ops>, blocking: &Blocking) -> Option<u64> {
    let ops = Arc::clone(ops);
    match blocking.run(move || ops.shortage()).await {
        Ok(Ok(wanted)) => Some(wanted).filter(|wanted| *wanted > 0),
        Ok(Err(error)) => {
            tracing::warn!(%error, "cannot tell how much room is left");
            None
        }
        Err(_) => None,
    }
}

async fn sweep(ops: &Arc<Ops>, blocking: &Blocking, order: SweepOrder, audit: &Audit, stop: &Stop) {
    let (ops, stop) = (Arc::clone(ops), stop.clone());
    match blocking.run(move || ops.sweep(&order, || !stop.is_set())).await {
        Ok(Ok(swept)) => {
            audit.note("server", None, "sweep", audited(&swept));
            tell(&swept);
        }
        // The other server's sweep does for both.
        Ok(Err(SweepError::Busy)) => tracing::info!("another server sweeps this storage"),
        Ok(Err(error)) => {
            let error = anyhow::Error::from(error);
            tracing::error!("{error:#}");
        }
        Err(error) => tracing::error!("{error}"),
    }
}

/// A sweep as the audit log tells it.
pub fn audited(swept: &Swept) -> Map<String, Value> {
    let fields = [
        ("swept_blobs", swept.swept.blobs),
        ("swept_bytes", swept.swept.bytes),
        ("deleted_blobs", swept.deleted.blobs),
        ("deleted_bytes", swept.deleted.bytes),
    ];
    fields.map(|(key, number)| (key.to_owned(), number.into())).into_iter().collect()
}

fn tell(swept: &Swept) {
    tracing::info!(
        blobs = swept.all.blobs,
        swept_blobs = swept.swept.blobs,
        swept_bytes = swept.swept.bytes,
        deleted_blobs = swept.deleted.blobs,
        deleted_bytes = swept.deleted.bytes,
        trashed_bytes = swept.trashed.bytes,
        "swept the storage"
    );
}
