//! A submit to our server: asking and sending begin with the first name, not after the last one.

use shaman_proto::wire::checkouts::{CheckOutAnswer, CheckOutRequest};
use shaman_proto::{FilePath, ManifestEntry};

use super::hashing::Names;
use super::list;
use super::run::{Run, is_not_ours};
use super::{ROUNDS_MAX, SubmitError, Submitted, summary};
use crate::api::{Api, ApiError, CheckedOut, Patience};
use crate::hash::Hashed;
use crate::pack::Job;
use crate::progress::{Event, Listener, Phase};
use crate::upload::{Delta, Line};

/// Status of whoever takes no list of that length.
const TOO_LONG: u16 = 413;

/// How the server gets the list of files.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    /// In the request.
    Inline,
    /// As a blob, in parts if need be.
    AsBlob,
}

/// How it ended.
pub(super) enum Ended {
    /// The checkout is there.
    Made(Submitted),
    /// The server, or something before it, knows no such requests. Nothing was sent; these are the
    /// names of all files, and the job with copies in their places.
    NotOurs(Job, Vec<Hashed>),
}

pub(super) async fn submit(
    api: &Api,
    job: &Job,
    names: &Names,
    delta: Delta,
    progress: &Listener,
) -> Result<Ended, SubmitError> {
    let paths: Vec<_> =
        job.files.iter().map(|file| file.in_pack.parse()).collect::<Result<_, _>>()?;
    let blend = job.blend.as_ref().map(|blend| blend.parse()).transpose()?;
    let line = Line::new(delta);
    let mut run = Run::new(api, job, names, &line);
    match names.all_known(job).await {
        // Nothing has changed, and so it is likely that nothing is missing: the answer will say.
        Some(known) => {
            for named in known {
                run.take(named);
            }
        }
        None => run.hash_and_send().await?,
    }
    let mut way = Way::Inline;
    for _ in 0..ROUNDS_MAX {
        let Some(hashed) = run.all() else {
            return Err(SubmitError::KeepsLosing(api.base().into()));
        };
        if run.is_not_ours {
            return Ok(Ended::NotOurs(run.job(), hashed));
        }
        let entry = |(path, hashed): (&FilePath, &Hashed)| ManifestEntry {
            path: path.clone(),
            size: hashed.blob.size,
            sha256: hashed.blob.digest,
        };
        let files = paths.iter().zip(&hashed).map(entry).collect();
        let request = match way {
            Way::Inline => CheckOutRequest {
                checkout: job.name.clone(),
                blend: Option::clone(&blend),
                files: Some(files),
                manifest: None,
            },
            Way::AsBlob => CheckOutRequest {
                checkout: job.name.clone(),
                manifest: Some(
                    list::send(api, Option::clone(&blend), files, &line, progress).await?,
                ),
                ..CheckOutRequest::default()
            },
        };
        progress.tell(Event::Began { phase: Phase::Checkout, files: 0, bytes: 0 });
        let ended = check_out(api, &request, progress).await;
        progress.tell(Event::Ended { phase: Phase::Checkout });
        match ended {
            Ok(CheckedOut::Made(CheckOutAnswer { checkout, warnings, .. })) => {
                for warning in warnings {
                    progress.tell(Event::Warning(warning));
                }
                let done = summary(job, &hashed, &run.sent, checkout);
                let reused_bytes = line.reused_bytes();
                return Ok(Ended::Made(Submitted { reused_bytes, ..done }));
            }
            Ok(CheckedOut::Missing(missing)) => {
                for blob in missing {
                    // Of a blob that no file is there is nothing to send; the next round ends it.
                    run.send(blob);
                }
                run.go(None).await?;
            }
            Err(error) if error.status() == Some(TOO_LONG) && way == Way::Inline => {
                way = Way::AsBlob;
            }
            Err(error) if is_not_ours(&error) => return Ok(Ended::NotOurs(run.job(), hashed)),
            Err(error) => return Err(error.into()),
        }
    }
    Err(SubmitError::KeepsLosing(api.base().to_owned()))
}

/// Asks for the checkout; again only when nobody can have heard it: a second checkout would be left
/// behind.
async fn check_out(
    api: &Api,
    request: &CheckOutRequest,
    progress: &Listener,
) -> Result<CheckedOut, ApiError> {
    let mut patience = Patience::default();
    loop {
        match api.check_out(request).await {
            Err(error) if matches!(error.status(), Some(425 | 429 | 502..=504)) => {
                let Some(wait) = patience.after(&error) else { return Err(error) };
                progress.tell(Event::Retrying { why: error.to_string(), wait });
                tokio::time::sleep(wait).await;
            }
            ended => return ended,
        }
    }
}
