//! `POST /api/v3/shaman/checkout/requirements`: which of these must I send?

use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use shaman_proto::wire::flamenco::{
    FileSpec, RequiredFile, RequirementsAnswer, RequirementsRequest,
};

use super::super::Shared;
use super::super::failure::Failure;
use super::{json, with_list};
use crate::ops::Ops;

pub(in crate::http) async fn requirements(
    State(shared): State<Shared>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Failure> {
    with_list(&shared, &headers, body, answer).await
}

fn answer(ops: &Ops, bytes: &[u8]) -> Result<Response, Failure> {
    let request: RequirementsRequest =
        serde_json::from_slice(bytes).map_err(|e| not_understood(&e))?;
    refuse_too_many(ops, request.files.len())?;
    let blobs: Vec<_> = request.files.iter().map(FileSpec::blob).collect();
    let mut files = request.files;
    let lacking = ops.missing(&blobs)?;
    let files = lacking
        .into_iter()
        .map(|(position, status)| {
            let FileSpec { sha, size, path } = &mut files[position];
            RequiredFile {
                path: std::mem::take(path),
                sha: *sha,
                size: *size,
                status: status.into(),
            }
        })
        .collect();
    Ok(json(StatusCode::OK, &RequirementsAnswer { files }))
}

/// The sentence for a body that is no such list.
pub(super) fn not_understood(error: &serde_json::Error) -> Failure {
    Failure::malformed(format_args!("the request body has an error: {error}"))
}

/// Refuses a list that is longer than the limit.
pub(in crate::http) fn refuse_too_many(ops: &Ops, files: usize) -> Result<(), Failure> {
    let most = ops.entries_max();
    if files <= most {
        return Ok(());
    }
    Err(Failure::malformed(format_args!(
        "the list has {files} files, more than the {most} that one checkout may have; split the job"
    )))
}
