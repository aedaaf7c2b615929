//! A submit to a server that speaks Flamenco's words only, or behind something that lets no others
//! by: hash → ask → upload → check out, one after the other.

use std::collections::{BTreeMap, HashMap, HashSet};

use shaman_proto::BlobRef;
use shaman_proto::wire::flamenco::{CreateRequest, FileSpec, FileStatus};

use super::{ROUNDS_MAX, SubmitError, Submitted, summary};
use crate::api::{Api, ApiError, Patience, patiently};
use crate::hash::{Hashed, Hasher};
use crate::pack::Job;
use crate::progress::{Event, Listener, Phase};
use crate::upload::{self, Sent, ToSend};

/// Status of a server that lacks a blob when asked for a checkout; Flamenco's own says 500.
const LACKING: [u16; 2] = [424, 500];

/// Asks, sends what the server lacks, and asks for the checkout, once all files are hashed.
pub(super) async fn submit(
    api: &Api,
    job: &Job,
    mut hashed: Vec<Hashed>,
    hasher: Hasher<'_>,
    progress: &Listener,
) -> Result<Submitted, SubmitError> {
    let mut sent = HashSet::new();
    let mut last_changed = None;
    for _ in 0..ROUNDS_MAX {
        let Round { changed, is_claimed } =
            send_missing(api, job, &hashed, &mut sent, progress).await?;
        for at in &changed {
            let file = &job.files[*at];
            progress.tell(super::changed_warning(&file.path));
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
            bytes: None,
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
