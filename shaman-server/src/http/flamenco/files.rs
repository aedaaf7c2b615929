//! `GET` and `POST /api/v3/shaman/files/{checksum}/{filesize}`.

use axum::body::Body;
use axum::extract::rejection::PathRejection;
use axum::extract::{Extension, Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse as _, Response};
use shaman_proto::wire::flamenco::StatusAnswer;
use shaman_proto::wire::framing::Frame;
use shaman_proto::{BlobRef, BlobStatus, headers};

use super::super::Shared;
use super::super::body::{content_length, drain_beside, next_frame};
use super::super::failure::Failure;
use super::super::receiving;
use super::filename::original;
use super::json;
use crate::access::Principal;
use crate::ops::{Begun, Ops, UploadError, Uploaded};
use crate::store::Mismatch;

/// Up to so many bytes a blob is held in memory and stored at once: half of what a connection reads
/// at a time, and most files of a scene.
const SMALL_BYTES: u64 = 128 << 10;

type BlobInUrl = Result<Path<(String, String)>, PathRejection>;

pub(in crate::http) async fn status(
    State(shared): State<Shared>,
    url: BlobInUrl,
) -> Result<Response, Failure> {
    let blob = parse(url)?;
    let status = shared.run(move |ops| ops.status(&blob)).await??;
    Ok(json(StatusCode::OK, &StatusAnswer { status: status.into() }))
}

pub(in crate::http) async fn upload(
    State(shared): State<Shared>,
    Extension(principal): Extension<Principal>,
    url: BlobInUrl,
    headers: HeaderMap,
    mut body: Body,
) -> Result<Response, Failure> {
    let answer = match read_head(url, &headers) {
        Ok((blob, can_defer)) => {
            receive(&shared, &principal, blob, can_defer, &headers, &mut body).await
        }
        Err(failure) => Err(failure),
    };
    // An early answer must reach a client that is still sending.
    drain_beside(body);
    answer
}

/// The blob, and whether its sender would rather come back than send what another one sends.
fn read_head(url: BlobInUrl, headers: &HeaderMap) -> Result<(BlobRef, bool), Failure> {
    let blob = parse(url)?;
    let can_defer = match headers.get(headers::CAN_DEFER_UPLOAD) {
        None => false,
        Some(value) => value.to_str().ok().and_then(headers::parse_bool).ok_or_else(|| {
            Failure::malformed("header X-Shaman-Can-Defer-Upload is neither `true` nor `false`")
        })?,
    };
    Ok((blob, can_defer))
}

fn parse(url: BlobInUrl) -> Result<BlobRef, Failure> {
    let Path((checksum, filesize)) = url.map_err(Failure::malformed)?;
    let digest = checksum.parse().map_err(Failure::malformed)?;
    let size = filesize.parse().map_err(Failure::malformed)?;
    Ok(BlobRef::new(digest, size))
}

async fn receive(
    shared: &Shared,
    principal: &Principal,
    blob: BlobRef,
    can_defer: bool,
    headers: &HeaderMap,
    body: &mut Body,
) -> Result<Response, Failure> {
    if can_defer && shared.settings.now().defer && shared.ops.is_being_sent(&blob) {
        return Err(Failure::new(
            StatusCode::TOO_EARLY,
            "somebody else is sending this file; send the others first and come back".to_owned(),
        ));
    }
    let announced = content_length(headers);
    let uploaded = if blob.size.bytes() <= SMALL_BYTES && announced == Some(blob.size.bytes()) {
        receive_small(shared, blob, body).await?
    } else {
        let begun = shared.run(move |ops| begin(ops, blob, announced)).await??;
        let Begun::Receiving(mut upload) = begun else {
            return Ok(StatusCode::ALREADY_REPORTED.into_response());
        };
        upload.belongs_to(principal.owner().as_deref());
        let (upload, last) = receiving::receive(shared, upload, body).await?;
        shared.run(move |ops| ops.finish_upload(receiving::write(upload, &last)?)).await??
    };
    tracing::debug!(blob = %blob, ?uploaded, original_filename = original(headers), "received a blob");
    Ok(match uploaded {
        Uploaded::Stored => StatusCode::NO_CONTENT,
        Uploaded::AlreadyStored => StatusCode::ALREADY_REPORTED,
    }
    .into_response())
}

/// Receives a blob that fits into memory, so that one thread does all with it at once. Also when we
/// have it: to look before its bytes come would cost more than they do.
async fn receive_small(
    shared: &Shared,
    blob: BlobRef,
    body: &mut Body,
) -> Result<Uploaded, Failure> {
    let sending = shared.ops.note_sending(blob);
    let mut bytes = Vec::new();
    // The connection ends the body where it was announced to end.
    while let Some(frame) = next_frame(body).await? {
        sending.received(frame.len());
        bytes.extend_from_slice(&frame);
    }
    Ok(shared.run(move |ops| ops.upload_one_small(&Frame { blob, bytes })).await??)
}

/// Begins to receive. A blob that is there needs no body, right or wrong.
fn begin(ops: &Ops, blob: BlobRef, announced: Option<u64>) -> Result<Begun, UploadError> {
    match refuse_announced(blob, announced) {
        Err(_) if ops.status(&blob)? == BlobStatus::Stored => Ok(Begun::AlreadyStored),
        refused => refused.and_then(|()| ops.begin_upload(blob)),
    }
}

/// Refuses a body whose announced length is not the declared size, before reading it.
fn refuse_announced(blob: BlobRef, announced: Option<u64>) -> Result<(), UploadError> {
    match announced {
        Some(received) if received != blob.size.bytes() => {
            Err(Mismatch::Size { declared: blob.size.bytes(), received }.into())
        }
        _ => Ok(()),
    }
}
