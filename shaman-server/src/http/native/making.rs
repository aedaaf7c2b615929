//! `POST /v1/checkouts`: a checkout of a list of files, or of one that was sent as a blob.

use axum::body::Body;
use axum::extract::{Extension, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use shaman_proto::limits::JSON_BODY_BYTES_MAX;
use shaman_proto::wire::checkouts::{CheckOutAnswer, CheckOutRequest, FileList, MissingFailure};
use shaman_proto::wire::failure::Failure as FailureBody;
use shaman_proto::{BlobRef, CheckoutPath, Manifest, ManifestEntry};

use crate::access::Principal;
use crate::http::Shared;
use crate::http::body::{drain_beside, json_bytes};
use crate::http::failure::Failure;
use crate::http::flamenco::{json, refuse_too_many};
use crate::http::waiting::wait_for_senders;
use crate::http::watch::Made;
use crate::ops::{CheckOutError, Ops, Wanted};

/// What a request comes to.
enum Read {
    Wanted(Wanted),
    /// The manifest itself is missing.
    NoManifest(BlobRef),
}

/// Makes a checkout of a list of files, or of a list that was sent as a blob.
#[utoipa::path(
    post,
    path = "/v1/checkouts",
    operation_id = "check_out",
    tag = "checkouts",
    request_body = CheckOutRequest,
    responses(
        (status = 201, description = "Made, at this path", body = CheckOutAnswer),
        (status = 424, description = "Blobs are missing; all are named", body = MissingFailure),
        (status = 400, description = "The list cannot stand in one directory", body = FailureBody),
        (status = "default", description = "Refused or failed; nothing was changed.", body = FailureBody),
    ),
)]
pub(super) async fn check_out(
    State(shared): State<Shared>,
    Extension(principal): Extension<Principal>,
    headers: HeaderMap,
    mut body: Body,
) -> Result<Response, Failure> {
    let bytes = json_bytes(&headers, &mut body, JSON_BODY_BYTES_MAX).await;
    drain_beside(body);
    let bytes = bytes?;
    let mut wanted = match shared.run(move |ops| read(ops, &bytes)).await?? {
        Read::Wanted(wanted) => wanted,
        Read::NoManifest(blob) => {
            let message = format!("the manifest {blob} is not stored here; send it first");
            return Ok(missing(message, &[blob]));
        }
    };
    wanted.owner = principal.owner();
    wait_for_senders(&shared, wanted.files.iter().map(ManifestEntry::blob).collect()).await?;
    shared.run(move |ops| answer(ops, wanted)).await?
}

fn read(ops: &Ops, bytes: &[u8]) -> Result<Read, Failure> {
    let request: CheckOutRequest = serde_json::from_slice(bytes).map_err(|error| {
        Failure::malformed(format_args!("the request body has an error: {error}"))
    })?;
    let checkout = CheckoutPath::from_job_name(&request.checkout).map_err(Failure::malformed)?;
    let list = match (request.files, request.manifest) {
        (Some(files), None) => FileList { blend: None, files },
        (None, Some(name)) => match read_list(ops, name.into())? {
            Some(list) => list,
            None => return Ok(Read::NoManifest(name.into())),
        },
        _ => {
            return Err(Failure::malformed(
                "say either `files` or `manifest`, the name of a blob that lists them",
            ));
        }
    };
    refuse_too_many(ops, list.files.len())?;
    let blend = request.blend.or(list.blend);
    Ok(Read::Wanted(Wanted { checkout, files: list.files, blend, owner: None }))
}

/// Reads the list in a blob; `None`: the blob is missing.
fn read_list(ops: &Ops, blob: BlobRef) -> Result<Option<FileList>, Failure> {
    let size = usize::try_from(blob.size.bytes()).ok().filter(|size| *size <= JSON_BODY_BYTES_MAX);
    let Some(size) = size else {
        return Err(Failure::malformed(format_args!(
            "the manifest has {} bytes, more than the {JSON_BODY_BYTES_MAX} that one may have; split the job",
            blob.size
        )));
    };
    let Some(open) = ops.open_blob(&blob)? else { return Ok(None) };
    let bytes = open.read_at(0, size)?;
    serde_json::from_slice(&bytes).map(Some).map_err(|error| {
        Failure::malformed(format_args!("the blob {blob} is no list of files: {error}"))
    })
}

fn answer(ops: &Ops, wanted: Wanted) -> Result<Response, Failure> {
    match ops.check_out(wanted) {
        Ok(manifest) => {
            let told = Made::of(&manifest);
            let mut response = json(StatusCode::CREATED, &made(manifest));
            response.extensions_mut().insert(told);
            Ok(response)
        }
        Err(CheckOutError::Missing(blobs)) => {
            let message =
                format!("{} of the blobs are not stored here; send them first", blobs.len());
            Ok(missing(message, &blobs))
        }
        Err(error) => Err(error.into()),
    }
}

fn made(manifest: Manifest) -> CheckOutAnswer {
    CheckOutAnswer {
        checkout: manifest.checkout.as_str().to_owned(),
        files: manifest.files.len() as u64,
        bytes: manifest.bytes(),
        warnings: manifest.warnings,
    }
}

fn missing(message: String, blobs: &[BlobRef]) -> Response {
    let status = StatusCode::FAILED_DEPENDENCY;
    let missing = blobs.iter().copied().map(Into::into).collect();
    json(status, &MissingFailure { code: status.as_u16(), message, missing })
}
