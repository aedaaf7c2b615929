//! `GET` and `POST /api/v3/shaman/files/{checksum}/{filesize}`.

use axum::body::Body;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse as _, Response};
use shaman_proto::wire::flamenco::StatusAnswer;
use shaman_proto::{BlobRef, BlobStatus, headers};

use super::super::Shared;
use super::super::body::{Piece, content_length, drain_beside, next_piece};
use super::super::failure::Failure;
use super::filename::original;
use super::json;
use crate::ops::{Begun, Ops, Upload, UploadError, Uploaded};
use crate::store::Mismatch;

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
    url: BlobInUrl,
    headers: HeaderMap,
    mut body: Body,
) -> Result<Response, Failure> {
    let answer = match read_head(url, &headers) {
        Ok((blob, can_defer)) => receive(&shared, blob, can_defer, &headers, &mut body).await,
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
    blob: BlobRef,
    can_defer: bool,
    headers: &HeaderMap,
    body: &mut Body,
) -> Result<Response, Failure> {
    if can_defer && shared.settings.defer && shared.ops.is_being_sent(&blob) {
        return Err(Failure::new(
            StatusCode::TOO_EARLY,
            "somebody else is sending this file; send the others first and come back".to_owned(),
        ));
    }
    let announced = content_length(headers);
    let begun = shared.run(move |ops| begin(ops, blob, announced)).await??;
    let Begun::Receiving(mut upload) = begun else {
        return Ok(StatusCode::ALREADY_REPORTED.into_response());
    };
    let mut piece = next_piece(body).await?;
    while !piece.is_last {
        // The disk has one piece while the next one comes in. A failure of either ends both.
        let write =
            async { shared.run(move |_| write(upload, &piece)).await?.map_err(Failure::from) };
        (upload, piece) = tokio::try_join!(write, next_piece(body))?;
    }
    let uploaded = shared.run(move |ops| finish(ops, upload, &piece)).await??;
    tracing::debug!(blob = %blob, ?uploaded, original_filename = original(headers), "received a blob");
    Ok(match uploaded {
        Uploaded::Stored => StatusCode::NO_CONTENT,
        Uploaded::AlreadyStored => StatusCode::ALREADY_REPORTED,
    }
    .into_response())
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

fn write(mut upload: Box<Upload>, piece: &Piece) -> Result<Box<Upload>, UploadError> {
    for frame in &piece.frames {
        upload.write(frame)?;
    }
    Ok(upload)
}

fn finish(ops: &Ops, upload: Box<Upload>, last: &Piece) -> Result<Uploaded, UploadError> {
    ops.finish_upload(write(upload, last)?)
}
