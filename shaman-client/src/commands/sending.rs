//! From a job to a checkout, with everything a person sees of it.

use std::sync::Arc;
use std::time::SystemTime;

use anyhow::Context as _;
use serde_json::json;

use super::show::{self, human};
use crate::api::Api;
use crate::cli::CacheArgs;
use crate::hash::HashCache;
use crate::progress::{Event, Listener};
use crate::submit::{self, Job};

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

/// Submits a job and prints how it went.
#[expect(clippy::disallowed_methods, reason = "this is where the clock is taken and handed down")]
pub(super) fn send(
    api: &Api,
    job: &Job,
    cache: &CacheArgs,
    listener: &Listener,
    missing: usize,
    json: bool,
) -> anyhow::Result<()> {
    let clock = SystemTime::now;
    let cache = cache.dir().map_or_else(HashCache::none, |dir| HashCache::open(&dir, clock()));
    let ended = block_on(async { Ok(submit::submit(api, job, &cache, clock, listener).await?) });
    // What was hashed is worth keeping, also after a failure.
    if let Err(error) = cache.save(clock()) {
        listener.tell(Event::Warning(format!("{:#}", anyhow::Error::from(error))));
    }
    let done = ended?;
    if json {
        // The order of the fields is part of what users read; `json!` sorts them.
        let text = format!(
            "{{\"checkout\": {}, \"blend_in_checkout\": {}, \"location\": {}, \"files\": {}, \
             \"bytes\": {}, \"uploaded_files\": {}, \"uploaded_bytes\": {}, \"missing\": {missing}}}",
            json!(done.checkout),
            json!(job.blend),
            json!(done.location),
            done.files,
            done.bytes,
            done.uploaded_files,
            done.uploaded_bytes,
        );
        println!("{text}");
        return Ok(());
    }
    let what =
        if missing == 0 { "nothing missing".to_owned() } else { format!("{missing} missing") };
    println!("{} files, {}, {what}", done.files, human(done.bytes));
    println!("{} uploaded, {}", done.uploaded_files, human(done.uploaded_bytes));
    println!("checkout: {}", done.location.unwrap_or(done.checkout));
    Ok(())
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
