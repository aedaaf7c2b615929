//! `PUT /v1/blobs/{blob}` and `PATCH /v1/uploads/{blob}`: a blob, at once or in several requests.
//!
//! The headers are those of the IETF's draft of resumable uploads. Of that we leave out the
//! interim answer 104, since where to go on is known from the blob's name. Offsets count bytes of
//! the blob, not of its encoding: a body that goes on is an encoding of its own.

use axum::body::Body;
use axum::extract::{Extension, State};
use axum::http::{HeaderMap, HeaderName, StatusCode};
use axum::response::{IntoResponse as _, Response};
use shaman_proto::wire::failure::Failure as FailureBody;
use shaman_proto::{BlobRef, headers};

use super::blob::{BlobInUrl, parse, set};
use super::openapi::Binary;
use super::unpack::Unpacking;
use crate::access::Principal;
use crate::http::Shared;
use crate::http::body::{Piece, content_length, drain_beside, next_piece};
use crate::http::failure::Failure;
use crate::http::receiving;
use crate::ops::{Begun, Keep, Ops, Upload, UploadError, Uploaded};
use crate::store::{Mismatch, PartRef};

/// Whether all of the blob has come with this body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Complete {
    Yes,
    No,
}

/// How a request ended well.
enum Ended {
    Uploaded(Uploaded),
    /// More is to come.
    Kept(u64),
    /// It does not go on where it was.
    Elsewhere(Failure, u64),
}

/// Stores a blob of any size.
///
/// What came of a large one is kept when the connection is lost or the server restarts.
#[utoipa::path(
    put,
    path = "/v1/blobs/{blob}",
    operation_id = "put_blob",
    tag = "blobs",
    params(
        ("blob" = String, Path, description = "`<64 hex>-<size>`"),
        ("Upload-Offset" = Option<u64>, Header, description = "Where this body goes on, in bytes of the blob"),
        ("Upload-Complete" = Option<String>, Header, description = "`?0`: more is to come"),
        ("Content-Encoding" = Option<String>, Header, description = "`zstd`, with a window of 8 MiB at most"),
    ),
    request_body(content = Binary, content_type = "application/octet-stream"),
    responses(
        (status = 201, description = "Stored"),
        (status = 204, description = "It was there"),
        (status = 202, description = "Kept; more is to come"),
        (status = 409, description = "It goes on elsewhere, see `Upload-Offset`", body = FailureBody),
        (status = 422, description = "The bytes are not what the name says", body = FailureBody),
        (status = "default", description = "Refused or failed; nothing was changed.", body = FailureBody),
    ),
)]
pub(super) async fn put(
    State(shared): State<Shared>,
    Extension(principal): Extension<Principal>,
    url: BlobInUrl,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Failure> {
    let offset = offset(&headers).map(Option::unwrap_or_default);
    answer(&shared, &principal, url, &headers, offset, body).await
}

/// Goes on with an upload, for clients of the draft of resumable uploads; `Upload-Offset` has to be there.
#[utoipa::path(
    patch,
    path = "/v1/uploads/{blob}",
    operation_id = "append_to_upload",
    tag = "blobs",
    params(
        ("blob" = String, Path, description = "`<64 hex>-<size>`"),
        ("Upload-Offset" = Option<u64>, Header, description = "Where this body goes on, in bytes of the blob"),
        ("Upload-Complete" = Option<String>, Header, description = "`?0`: more is to come"),
        ("Content-Encoding" = Option<String>, Header, description = "`zstd`, with a window of 8 MiB at most"),
    ),
    request_body(content = Binary, content_type = "application/partial-upload"),
    responses(
        (status = 201, description = "Stored"),
        (status = 204, description = "It was there"),
        (status = 202, description = "Kept; more is to come"),
        (status = 409, description = "It goes on elsewhere, see `Upload-Offset`", body = FailureBody),
        (status = 422, description = "The bytes are not what the name says", body = FailureBody),
        (status = "default", description = "Refused or failed; nothing was changed.", body = FailureBody),
    ),
)]
pub(super) async fn append(
    State(shared): State<Shared>,
    Extension(principal): Extension<Principal>,
    url: BlobInUrl,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Failure> {
    let offset = offset(&headers).and_then(|offset| {
        offset.ok_or_else(|| Failure::malformed("say with `Upload-Offset` where this goes on"))
    });
    answer(&shared, &principal, url, &headers, offset, body).await
}

async fn answer(
    shared: &Shared,
    principal: &Principal,
    url: BlobInUrl,
    headers: &HeaderMap,
    offset: Result<u64, Failure>,
    mut body: Body,
) -> Result<Response, Failure> {
    let ended = match offset.and_then(|offset| Ok((parse(url)?, offset))) {
        Ok((blob, offset)) => {
            let owner = principal.owner();
            receive(shared, blob, owner, offset, headers, &mut body).await
        }
        Err(failure) => Err(failure),
    };
    // An early answer must reach a client that is still sending.
    drain_beside(body);
    let (mut response, kept_bytes) = match ended? {
        Ended::Uploaded(Uploaded::Stored) => (StatusCode::CREATED.into_response(), None),
        Ended::Uploaded(Uploaded::AlreadyStored) => (StatusCode::NO_CONTENT.into_response(), None),
        Ended::Kept(bytes) => (StatusCode::ACCEPTED.into_response(), Some(bytes)),
        Ended::Elsewhere(failure, bytes) => (failure.into_response(), Some(bytes)),
    };
    tell_progress(&mut response, kept_bytes);
    Ok(response)
}

/// What is kept of a blob for whoever asks: everybody goes on with its own only.
pub(super) fn part_of(principal: &Principal, blob: BlobRef) -> PartRef {
    PartRef::new(blob, principal.owner().as_deref())
}

/// Says how far an upload is; `None`: the blob is there.
pub(super) fn tell_progress(response: &mut Response, kept_bytes: Option<u64>) {
    let complete = if kept_bytes.is_none() { "?1" } else { "?0" };
    set(response, HeaderName::from_static(headers::UPLOAD_COMPLETE), complete);
    if let Some(bytes) = kept_bytes {
        set(response, HeaderName::from_static(headers::UPLOAD_OFFSET), &bytes.to_string());
    }
}

/// Where the body goes on, if that is said.
fn offset(headers: &HeaderMap) -> Result<Option<u64>, Failure> {
    let Some(value) = headers.get(headers::UPLOAD_OFFSET) else { return Ok(None) };
    let digits = value.to_str().ok().filter(|text| text.bytes().all(|byte| byte.is_ascii_digit()));
    match digits.and_then(|text| text.parse().ok()) {
        Some(offset) => Ok(Some(offset)),
        None => Err(Failure::malformed("header Upload-Offset is no number of bytes")),
    }
}

fn complete(headers: &HeaderMap) -> Result<Complete, Failure> {
    match headers.get(headers::UPLOAD_COMPLETE).map(|value| value.to_str()) {
        None | Some(Ok("?1")) => Ok(Complete::Yes),
        Some(Ok("?0")) => Ok(Complete::No),
        _ => Err(Failure::malformed("header Upload-Complete is neither `?1` nor `?0`")),
    }
}

async fn receive(
    shared: &Shared,
    blob: BlobRef,
    owner: Option<String>,
    offset: u64,
    headers: &HeaderMap,
    body: &mut Body,
) -> Result<Ended, Failure> {
    let complete = complete(headers)?;
    let unpacking = Unpacking::of(headers, blob.size)?;
    let announced = content_length(headers).filter(|_| unpacking.is_plain());
    let part = PartRef::new(blob, owner.as_deref());
    let begun = shared.run(move |ops| begin(ops, &part, offset, announced, complete)).await?;
    let mut upload = match begun {
        Ok(Begun::Receiving(upload)) => upload,
        Ok(Begun::AlreadyStored) => return Ok(Ended::Uploaded(Uploaded::AlreadyStored)),
        Err(error @ UploadError::Offset { kept_bytes }) => {
            return Ok(Ended::Elsewhere(Failure::of_upload(error), kept_bytes));
        }
        Err(error) => return Err(Failure::of_upload(error)),
    };
    upload.belongs_to(owner.as_deref());
    if unpacking.is_plain() {
        let (upload, last) = receiving::receive(shared, upload, body).await?;
        let end = move |ops: &Ops| {
            let upload = receiving::write(upload, &last).map_err(Failure::of_upload)?;
            end(ops, upload, complete)
        };
        return shared.run(end).await?;
    }
    let mut receiving = Receiving { upload, unpacking };
    let most = shared.ops.piece_bytes();
    let mut piece = next_piece(body, most).await?;
    while !piece.is_last {
        // The disk has one piece while the next one comes in. A failure of either ends both.
        let write = async { shared.run(move |_| receiving.write(&piece)).await? };
        (receiving, piece) = tokio::try_join!(write, next_piece(body, most))?;
    }
    shared.run(move |ops| receiving.write(&piece)?.end(ops, complete)).await?
}

/// Begins to receive. A blob that is there needs no body, right or wrong.
fn begin(
    ops: &Ops,
    part: &PartRef,
    offset: u64,
    announced: Option<u64>,
    complete: Complete,
) -> Result<Begun, UploadError> {
    let blob = part.blob();
    let declared = blob.size.bytes();
    let received = announced.map(|announced| offset.saturating_add(announced));
    let is_wrong = match complete {
        Complete::Yes => received.is_some_and(|received| received != declared),
        Complete::No => received.is_some_and(|received| received > declared),
    };
    if is_wrong || offset > declared {
        if ops.has_blob(&blob)? {
            return Ok(Begun::AlreadyStored);
        }
        let received = received.unwrap_or(offset);
        return Err(Mismatch::Size { declared, received }.into());
    }
    let keep = match complete {
        Complete::Yes => Keep::Large,
        Complete::No => Keep::All,
    };
    ops.begin_resumable(part, offset, keep)
}

/// An encoded body that is being received.
struct Receiving {
    upload: Box<Upload>,
    unpacking: Unpacking,
}

impl Receiving {
    fn write(mut self, piece: &Piece) -> Result<Self, Failure> {
        for frame in &piece.frames {
            let upload = &mut self.upload;
            self.unpacking.push(frame, |bytes| upload.write(bytes).map_err(Failure::of_upload))?;
        }
        Ok(self)
    }

    fn end(self, ops: &Ops, complete: Complete) -> Result<Ended, Failure> {
        if !self.unpacking.is_whole() {
            return Err(Failure::malformed("the body ends inside a frame of zstd; send it again"));
        }
        end(ops, self.upload, complete)
    }
}

fn end(ops: &Ops, upload: Box<Upload>, complete: Complete) -> Result<Ended, Failure> {
    if complete == Complete::No {
        return Ok(Ended::Kept(upload.kept_bytes()));
    }
    let uploaded = ops.finish_upload(upload).map_err(Failure::of_upload)?;
    Ok(Ended::Uploaded(uploaded))
}
