//! The whole pipeline: hash, ask, send, check out.
//!
//! ```text
//!  files ──► copy ──► hash ──► ask in batches ──► send: small ones in packs ──► check out
//!     │        ▲                         large ones by themselves         │
//!     │        └──── a file changed meanwhile ─────┘                      │
//!     │                       ▲───── the server lacks something after all ┘
//!     └── all known from before: check out at once; the answer says what is missing
//! ```
//!
//! All of that goes on at the same time (`native`). A server that speaks Flamenco's words only gets
//! the same one after the other (`flamenco`).
//!
//! Promise: what is checked out is, file by file, what stood on disk at one moment after the submit
//! began; a file that changes meanwhile is hashed again and never sent under an old name. When it
//! fails, or its future is dropped, there is no checkout, and what was sent need not be sent again.

mod flamenco;
mod hashing;
mod list;
mod native;
mod run;
mod sender;

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use shaman_proto::{BlobRef, FilePathError};

use crate::api::{Api, ApiError};
use crate::hash::{Clock, HashCache, HashError, Hashed};
use crate::pack::{Copies, Job, Plan, RewriteError, Shelf};
use crate::progress::{Event, Listener};
use crate::upload::{Delta, UploadError};
use hashing::Names;
use native::Ended;

/// Rounds of hashing, asking and sending before a submit gives up on files that keep changing.
const ROUNDS_MAX: u32 = 6;

/// What became of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Submitted {
    /// Where the checkout really lives, relative to the checkout root.
    pub checkout: String,
    /// Files in it.
    pub files: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Blobs that were sent.
    pub uploaded_files: u64,
    /// Their bytes.
    pub uploaded_bytes: u64,
    /// Those of them that did not travel: the server had them in blobs that resemble these.
    pub reused_bytes: u64,
}

/// Why there is no checkout. Blobs that were sent stay on the server, so that the next try is
/// shorter.
#[derive(Debug, thiserror::Error)]
pub enum SubmitError {
    /// A file.
    #[error(transparent)]
    File(#[from] HashError),
    /// The server.
    #[error(transparent)]
    Api(#[from] ApiError),
    /// A .blend that has to say something else in the pack.
    #[error(transparent)]
    Rewrite(RewriteError),
    /// A file has a name that no checkout can have.
    #[error("a file cannot be submitted under its name")]
    Name(#[from] FilePathError),
    /// Somebody writes it all the time.
    #[error("`{}` keeps changing while it is submitted; submit again when it is finished", .0.display())]
    KeepsChanging(PathBuf),
    /// It keeps losing blobs.
    #[error("{0} keeps losing what was just sent to it; have a look at its log")]
    KeepsLosing(String),
}

impl From<RewriteError> for SubmitError {
    fn from(error: RewriteError) -> Self {
        match error {
            RewriteError::Hash(error) => error.into(),
            error @ RewriteError::File { .. } => Self::Rewrite(error),
        }
    }
}

impl From<UploadError> for SubmitError {
    fn from(error: UploadError) -> Self {
        match error {
            UploadError::Api(error) => error.into(),
            UploadError::File(error) => error.into(),
        }
    }
}

/// Hashes, asks, sends what the server lacks, and asks for the checkout.
///
/// Ends when its future is dropped; what was hashed until then is in the cache.
pub async fn submit(
    api: &Api,
    job: &Job,
    cache: &Arc<HashCache>,
    clock: Clock,
    delta: Delta,
    progress: &Listener,
) -> Result<Submitted, SubmitError> {
    let shelf = Arc::new(Shelf::open(None));
    submit_plan(api, job.clone().into(), shelf, cache, clock, delta, progress).await
}

/// The same for a job whose .blend files are not all written yet: that goes on while others are sent.
pub async fn submit_plan(
    api: &Api,
    plan: Plan,
    shelf: Arc<Shelf>,
    cache: &Arc<HashCache>,
    clock: Clock,
    delta: Delta,
    progress: &Listener,
) -> Result<Submitted, SubmitError> {
    let (job, copies) = Copies::of(plan, shelf, progress);
    let (cache, copies, progress) = (cache.clone(), Arc::new(copies), progress.clone());
    let names = Names { cache, clock, copies, progress };
    match native::submit(api, &job, &names, delta, &names.progress).await? {
        Ended::Made(done) => Ok(done),
        Ended::NotOurs(job, hashed) => {
            flamenco::submit(api, &job, hashed, names.hasher(), &names.progress).await
        }
    }
}

/// What a person is told of a file that changed meanwhile.
fn changed_warning(path: &Path) -> Event {
    Event::Warning(format!(
        "`{}` changed while it was being submitted; sending what it is now",
        path.display()
    ))
}

fn summary(job: &Job, hashed: &[Hashed], sent: &HashSet<BlobRef>, checkout: String) -> Submitted {
    Submitted {
        checkout,
        files: job.files.len() as u64,
        bytes: hashed.iter().map(|hashed| hashed.blob.size.bytes()).sum(),
        uploaded_files: sent.len() as u64,
        uploaded_bytes: sent.iter().map(|blob| blob.size.bytes()).sum(),
        reused_bytes: 0,
    }
}
