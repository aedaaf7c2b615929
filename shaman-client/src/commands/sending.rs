//! From a job to a checkout, with what a person sees of it on the way.

use std::sync::Arc;
use std::time::SystemTime;

use anyhow::Context as _;

use super::ending::Ending;
use super::stopping::asked_to_stop;
use super::{packing, show};
use crate::api::{Api, ApiError, patiently};
use crate::approach::Storage;
use crate::cli::{Approach, CacheArgs, SendingArgs};
use crate::hash::{Clock, HashCache};
use crate::pack::Plan;
use crate::progress::{Event, Listener};
use crate::{places, submit};

/// The one clock; handed down.
#[expect(clippy::disallowed_methods, reason = "this is where the clock is taken and handed down")]
pub(super) const CLOCK: Clock = SystemTime::now;

/// Asks a server for one thing.
pub(super) fn ask<T>(asking: impl Future<Output = Result<T, ApiError>>) -> anyhow::Result<T> {
    block_on(async { Ok(asking.await?) })
}

/// Runs requests on this thread and a helper for files.
pub(super) fn block_on<T>(work: impl Future<Output = anyhow::Result<T>>) -> anyhow::Result<T> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .context("cannot start threads")?;
    let ended = runtime.block_on(work);
    // A read of a file that nobody waits for any more must not hold the program up.
    runtime.shutdown_background();
    ended
}

/// What the server says of its storage; a server that knows no such question is taken for one that
/// makes checkouts.
pub(super) async fn storage(api: &Api, listener: &Listener) -> anyhow::Result<Storage> {
    match patiently(listener, || api.shared_storage()).await {
        Ok(answer) => Ok(Storage::told(answer)?),
        Err(error) if error.status() == Some(404) => Ok(Storage::untold()),
        Err(error) => Err(error.into()),
    }
}

/// Says it when the storage is one that files reach late and one by one.
pub(super) fn warn_if_synced(storage: &Storage, listener: &Listener) {
    let Some(location) = &storage.location else { return };
    if let Some(client) = places::sync_client(location) {
        listener.tell(Event::Warning(format!(
            "the storage `{location}` is filled by {client}: workers need all files of a job at \
             once, and a sync client brings them one by one, later; on a worker, \
             `shaman verify DIR --wait 10m` waits until all are there"
        )));
    }
}

/// Uploads what the server lacks and makes a checkout.
pub(super) async fn send(
    api: &Api,
    plan: Plan,
    storage: &Storage,
    cache: &CacheArgs,
    sending: SendingArgs,
    listener: &Listener,
) -> anyhow::Result<Ending> {
    let (blend, shelf) = (plan.blend(), packing::shelf(cache));
    packing::tell(&plan, listener);
    let cache = cache.dir().map_or_else(HashCache::none, |dir| HashCache::open(&dir, CLOCK()));
    let cache = Arc::new(cache);
    let ended = tokio::select! {
        ended = submit::submit_plan(api, plan, shelf, &cache, CLOCK, sending.delta, listener) => ended.map_err(Into::into),
        () = asked_to_stop() => Err(anyhow::anyhow!(
            "stopped; nothing was checked out, and the next submit sends what is still missing"
        )),
    };
    // What was hashed is worth keeping, also after a failure.
    if let Err(error) = cache.save(CLOCK()) {
        listener.tell(Event::Warning(format!("{:#}", anyhow::Error::from(error))));
    }
    let done = ended?;
    let location = storage.location.as_ref().map(|root| places::join(root, &done.checkout));
    Ok(Ending {
        approach: Approach::Shaman,
        checkout: Some(done.checkout),
        blend,
        location,
        files: done.files,
        bytes: done.bytes,
        uploaded_files: done.uploaded_files,
        uploaded_bytes: done.uploaded_bytes,
        reused_bytes: done.reused_bytes,
        missing: 0,
        job: None,
    })
}

/// Who hears of progress: JSON lines on stdout, bars on a terminal, else only what matters.
pub(super) fn listener(json: bool) -> Listener {
    use std::io::IsTerminal as _;
    if json {
        Arc::new(show::Lines::default())
    } else if std::io::stderr().is_terminal() {
        Arc::new(show::Bars::default())
    } else {
        Arc::new(show::Plain)
    }
}
