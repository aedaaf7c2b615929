//! The whole pipeline: hash → ask → upload → check out.
//!
//! ```text
//!  files ──► hash ──► ask which are missing ──► upload ──► check out
//!              ▲                                   │            │
//!              └──── a file changed meanwhile ─────┘            │
//!                    ▲───── the server lacks something after all┘
//! ```
//!
//! Promise: what is checked out is, file by file, what stood on disk at one moment after the submit
//! began; a file that changes meanwhile is hashed again and never sent under an old name.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::{Path, PathBuf};

use shaman_proto::BlobRef;
use shaman_proto::wire::flamenco::{CreateRequest, FileSpec, FileStatus};

use crate::api::{Api, ApiError, Patience, patiently};
use crate::hash::{Clock, HashCache, HashError, Hashed, Hasher};
use crate::pack::Job;
use crate::progress::{Event, Listener, Phase};
use crate::upload::{self, Sent, ToSend, UploadError};

/// Rounds of hashing, asking and sending before a submit gives up on files that keep changing.
const ROUNDS_MAX: u32 = 6;

/// Status of a server that lacks a blob when asked for a checkout; Flamenco's own says 500.
const LACKING: [u16; 2] = [424, 500];

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
    /// Somebody writes it all the time.
    #[error("`{}` keeps changing while it is submitted; submit again when it is finished", .0.display())]
    KeepsChanging(PathBuf),
    /// It keeps losing blobs.
    #[error("{0} keeps losing what was just sent to it; have a look at its log")]
    KeepsLosing(String),
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
pub async fn submit(
    api: &Api,
    job: &Job,
    cache: &HashCache,
    clock: Clock,
    progress: &Listener,
) -> Result<Submitted, SubmitError> {
    let hasher = Hasher { cache, clock, progress: &**progress };
    let mut hashed = hash_all(job, hasher, progress)?;
    let mut sent = HashSet::new();
    let mut last_changed = None;
    for _ in 0..ROUNDS_MAX {
        let Round { changed, is_claimed } =
            send_missing(api, job, &hashed, &mut sent, progress).await?;
        for at in &changed {
            let file = &job.files[*at];
            progress.tell(Event::Warning(format!(
                "`{}` changed while it was being submitted; sending what it is now",
                file.path.display()
            )));
            hashed[*at] = hasher.anew(&file.path)?;
            last_changed = Some(&file.path);
        }
        if !changed.is_empty() {
            continue;
        }
        if is_claimed {
            // Only what the server lacks by its own account counts: a checkout that fails for want
            // of a blob makes Flamenco's own server erase an older one of that name.
            last_changed = None;
            continue;
        }
        progress.tell(Event::Began { phase: Phase::Checkout, files: 0, bytes: 0 });
        match create(api, job, &hashed, progress).await {
            Ok(checkout) => {
                progress.tell(Event::Ended { phase: Phase::Checkout });
                return Ok(summary(job, &hashed, &sent, checkout));
            }
            Err(error) if error.status().is_some_and(|status| LACKING.contains(&status)) => {
                // Only if the server says that it lacks something is there anything to do.
                if api.requirements(&specs(job, &hashed)).await?.is_empty() {
                    return Err(error.into());
                }
                last_changed = None;
            }
            Err(error) => return Err(error.into()),
        }
    }
    Err(match last_changed {
        Some(path) => SubmitError::KeepsChanging(path.clone()),
        None => SubmitError::KeepsLosing(api.base().to_owned()),
    })
}

fn hash_all(job: &Job, hasher: Hasher<'_>, progress: &Listener) -> Result<Vec<Hashed>, HashError> {
    let files: Vec<(&Path, u64)> =
        job.files.iter().map(|file| (file.path.as_path(), file.size)).collect();
    let bytes = files.iter().map(|(_, size)| size).sum();
    progress.tell(Event::Began { phase: Phase::Hash, files: files.len() as u64, bytes });
    let hashed = hasher.all(&files)?;
    progress.tell(Event::Ended { phase: Phase::Hash });
    Ok(hashed)
}

fn specs(job: &Job, hashed: &[Hashed]) -> Vec<FileSpec> {
    job.files
        .iter()
        .zip(hashed)
        .map(|(file, hashed)| FileSpec {
            sha: hashed.blob.digest,
            size: hashed.blob.size,
            path: file.in_pack.clone(),
        })
        .collect()
}

/// What came of asking and sending once.
#[derive(Debug, Default)]
struct Round {
    /// Positions of files that changed meanwhile.
    changed: Vec<usize>,
    /// The server said of some blob that it has it, without having taken it from us.
    is_claimed: bool,
}

/// Asks, sends, and notes what was sent.
async fn send_missing(
    api: &Api,
    job: &Job,
    hashed: &[Hashed],
    sent: &mut HashSet<BlobRef>,
    progress: &Listener,
) -> Result<Round, SubmitError> {
    let files = specs(job, hashed);
    let lacking = patiently(progress, || api.requirements(&files)).await?;
    let mut holders: HashMap<BlobRef, usize> = HashMap::new();
    for (at, hashed) in hashed.iter().enumerate() {
        holders.entry(hashed.blob).or_insert(at);
    }
    // What somebody else is sending comes last: by then it may be there.
    let mut order: BTreeMap<(bool, usize), usize> = BTreeMap::new();
    for (place, file) in lacking.iter().enumerate() {
        // Taken out: a server that names a blob twice gets it once.
        if let Some(at) = holders.remove(&BlobRef::new(file.sha, file.size)) {
            order.insert((file.status == FileStatus::Uploading, place), at);
        }
    }
    let positions: Vec<usize> = order.into_values().collect();
    let to_send: Vec<ToSend> = positions
        .iter()
        .map(|at| ToSend {
            path: job.files[*at].path.clone(),
            name: job.files[*at].in_pack.clone(),
            hashed: hashed[*at],
        })
        .collect();
    let bytes = to_send.iter().map(|file| file.hashed.blob.size.bytes()).sum();
    progress.tell(Event::Began { phase: Phase::Upload, files: to_send.len() as u64, bytes });
    let ended = upload::upload(api, &to_send, progress).await?;
    progress.tell(Event::Ended { phase: Phase::Upload });
    let mut round = Round::default();
    for ((at, file), ended) in positions.into_iter().zip(&to_send).zip(ended) {
        match ended {
            Sent::Stored | Sent::Claimed => {
                sent.insert(file.hashed.blob);
                round.is_claimed |= ended == Sent::Claimed;
            }
            Sent::Changed => round.changed.push(at),
        }
    }
    Ok(round)
}

async fn create(
    api: &Api,
    job: &Job,
    hashed: &[Hashed],
    progress: &Listener,
) -> Result<String, ApiError> {
    let request = CreateRequest {
        files: specs(job, hashed),
        checkout_path: job.name.clone(),
        blend: job.blend.clone(),
    };
    let mut patience = Patience::default();
    loop {
        match api.create(&request).await {
            // Only when nobody can have heard it: a second checkout would be left behind.
            Err(error) if matches!(error.status(), Some(425 | 429 | 502..=504)) => {
                let Some(wait) = patience.after(&error) else { return Err(error) };
                progress.tell(Event::Retrying { why: error.to_string(), wait });
                tokio::time::sleep(wait).await;
            }
            ended => return ended,
        }
    }
}

fn summary(job: &Job, hashed: &[Hashed], sent: &HashSet<BlobRef>, checkout: String) -> Submitted {
    Submitted {
        checkout,
        files: job.files.len() as u64,
        bytes: hashed.iter().map(|hashed| hashed.blob.size.bytes()).sum(),
        uploaded_files: sent.len() as u64,
        uploaded_bytes: sent.iter().map(|blob| blob.size.bytes()).sum(),
    }
}
