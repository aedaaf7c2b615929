//! A copy for one job, on a thread of its own, so that Ctrl-C is heard and nothing is left behind.

use std::path::Path;
use std::sync::atomic::AtomicBool;

use shaman_proto::CheckoutPath;

use super::ending::Ending;
use super::sending::CLOCK;
use super::stopping::unless_stopped;
use crate::cli::Approach;
use crate::copy::{self, Means, Order, Place, WithManifest};
use crate::pack::Job;
use crate::places;
use crate::progress::Listener;

/// Copies the job's files into the storage.
pub(super) async fn copy(
    job: Job,
    location: &Path,
    name: &CheckoutPath,
    listener: &Listener,
) -> anyhow::Result<Ending> {
    let is_synced = location.to_str().and_then(places::sync_client).is_some();
    // Whoever waits for a sync client needs something to compare with.
    let manifest = if is_synced { WithManifest::Yes } else { WithManifest::No };
    let (files, blend) = (job.files.len() as u64, job.blend.clone());
    let bytes = job.files.iter().map(|file| file.size).sum();
    let work = {
        let (location, name, listener) = (location.to_owned(), name.clone(), listener.clone());
        move |stop: &AtomicBool| {
            let place = Place::Below(&location, &name);
            let order = Order { job: &job, place, manifest, means: Means::Copy };
            copy::copy(order, CLOCK, stop, &listener)
        }
    };
    let dir = unless_stopped(work).await??;
    let checkout = dir.file_name().map(|name| name.to_string_lossy().into_owned());
    Ok(Ending {
        approach: Approach::Copy,
        checkout,
        blend,
        location: Some(dir.to_string_lossy().into_owned()),
        files,
        bytes,
        uploaded_files: 0,
        uploaded_bytes: 0,
        reused_bytes: 0,
        missing: 0,
        job: None,
    })
}
