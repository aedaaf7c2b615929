//! `POST /api/v3/shaman/checkout/create`.

use std::collections::HashSet;
use std::fmt::Write as _;

use axum::body::Body;
use axum::extract::{Extension, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use shaman_proto::limits::MISSING_NAMED_MAX;
use shaman_proto::wire::flamenco::{CreateAnswer, CreateRequest, FileSpec};
use shaman_proto::{BlobRef, CheckoutPath, FilePath, ManifestEntry};

use super::super::Shared;
use super::super::failure::Failure;
use super::super::waiting::wait_for_senders;
use super::super::watch::Made;
use super::requirements::{not_understood, refuse_too_many};
use super::{json, with_list};
use crate::access::Principal;
use crate::ops::{CheckOutError, Ops, Wanted};

pub(in crate::http) async fn create(
    State(shared): State<Shared>,
    Extension(principal): Extension<Principal>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Failure> {
    let (mut wanted, files) = with_list(&shared, &headers, body, read).await?;
    wanted.owner = principal.owner();
    wait_for_senders(&shared, wanted.files.iter().map(ManifestEntry::blob).collect()).await?;
    shared.run(move |ops| answer(ops, wanted, &files)).await?
}

fn read(ops: &Ops, bytes: &[u8]) -> Result<(Wanted, Vec<FileSpec>), Failure> {
    let request: CreateRequest = serde_json::from_slice(bytes).map_err(|e| not_understood(&e))?;
    refuse_too_many(ops, request.files.len())?;
    let checkout =
        CheckoutPath::from_job_name(&request.checkout_path).map_err(Failure::malformed)?;
    let blend = request
        .blend
        .as_deref()
        .map(str::parse::<FilePath>)
        .transpose()
        .map_err(Failure::malformed)?;
    let files = request
        .files
        .iter()
        .map(|file| {
            Ok(ManifestEntry { path: file.path.parse()?, size: file.size, sha256: file.sha })
        })
        .collect::<Result<Vec<_>, shaman_proto::FilePathError>>()
        .map_err(Failure::malformed)?;
    Ok((Wanted { checkout, files, blend, owner: None }, request.files))
}

fn answer(ops: &Ops, wanted: Wanted, files: &[FileSpec]) -> Result<Response, Failure> {
    match ops.check_out(wanted) {
        Ok(manifest) => {
            let answer = CreateAnswer { checkout_path: manifest.checkout.as_str().to_owned() };
            let mut response = json(StatusCode::OK, &answer);
            response.extensions_mut().insert(Made::of(&manifest));
            Ok(response)
        }
        Err(CheckOutError::Missing(missing)) => {
            Err(Failure::new(StatusCode::FAILED_DEPENDENCY, name_missing(&missing, files)))
        }
        Err(error) => Err(error.into()),
    }
}

/// One sentence with the first few missing files, in the order of the request.
fn name_missing(missing: &[BlobRef], files: &[FileSpec]) -> String {
    let mut left: HashSet<BlobRef> = missing.iter().copied().collect();
    let count = left.len();
    let mut sentence = format!("{count} of the files are not stored here, upload them first:");
    let named = files.iter().filter(|file| left.remove(&file.blob())).take(MISSING_NAMED_MAX);
    for (position, file) in named.enumerate() {
        let comma = if position == 0 { "" } else { "," };
        write!(sentence, "{comma} {} ({})", file.path, file.blob()).expect("text takes text");
    }
    if count > MISSING_NAMED_MAX {
        write!(sentence, " and {} more", count - MISSING_NAMED_MAX).expect("text takes text");
    }
    sentence
}
