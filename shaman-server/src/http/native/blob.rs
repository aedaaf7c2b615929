//! `GET` and `HEAD /v1/blobs/{blob}`: the bytes of a blob, or some of them.

use axum::body::Body;
use axum::extract::rejection::PathRejection;
use axum::extract::{Extension, Path, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use shaman_proto::BlobRef;
use shaman_proto::wire::failure::Failure as FailureBody;

use super::openapi::Binary;
use super::range::{Wanted, wanted};
use super::sending::Sending;
use crate::access::{Access, Principal};
use crate::http::Shared;
use crate::http::failure::Failure;
use crate::ops::Ops;
use crate::store::OpenBlob;

/// A year, the longest that caches keep anything: these bytes never change.
const FOR_EVER: &str = "max-age=31536000, immutable";

pub(super) type BlobInUrl = Result<Path<String>, PathRejection>;

/// Gives the bytes of a blob, or one range of them. `HEAD` gives the head of the same answer.
#[utoipa::path(
    get,
    path = "/v1/blobs/{blob}",
    operation_id = "get_blob",
    tag = "blobs",
    params(
        ("blob" = String, Path, description = "`<64 hex>-<size>`"),
        ("Range" = Option<String>, Header, description = "One range of bytes"),
        ("If-None-Match" = Option<String>, Header),
        ("If-Range" = Option<String>, Header),
    ),
    responses(
        (status = 200, description = "All of it", body = Binary, content_type = "application/octet-stream"),
        (status = 206, description = "The range", body = Binary, content_type = "application/octet-stream"),
        (status = 304, description = "Its tag was named"),
        (status = 404, description = "Not stored here", body = FailureBody),
        (status = 503, description = "Who may only read is to wait until the index is filled", body = FailureBody),
        (status = 416, description = "It has no such bytes", body = FailureBody),
    ),
)]
pub(super) async fn send(
    State(shared): State<Shared>,
    Extension(principal): Extension<Principal>,
    url: BlobInUrl,
    headers: HeaderMap,
) -> Result<Response, Failure> {
    let blob = parse(url)?;
    let open = shared.run(move |ops| open(ops, &principal, &blob)).await??;
    let Some(open) = open else {
        return Err(Failure::new(
            StatusCode::NOT_FOUND,
            format!("the blob {blob} is not stored here; send it first"),
        ));
    };
    let tag = format!("\"{blob}\"");
    let size = blob.size.bytes();
    if said(&headers, header::IF_NONE_MATCH).is_some_and(|tags| names(tags, &tag)) {
        return Ok(with_tag(StatusCode::NOT_MODIFIED.into_response(), &tag));
    }
    // With another tag the reader has a part of something else.
    let is_for_this = said(&headers, header::IF_RANGE).is_none_or(|condition| condition == tag);
    let range = said(&headers, header::RANGE).filter(|_| is_for_this);
    let (status, part) = match wanted(range, size) {
        Wanted::Whole => (StatusCode::OK, 0..size),
        Wanted::Part(part) => (StatusCode::PARTIAL_CONTENT, part),
        Wanted::Nothing => {
            let failure = Failure::new(
                StatusCode::RANGE_NOT_SATISFIABLE,
                format!("the blob has {size} bytes; ask for some of these"),
            );
            let mut response = failure.into_response();
            set(&mut response, header::CONTENT_RANGE, &format!("bytes */{size}"));
            return Ok(response);
        }
    };
    let content_range = format!("bytes {}-{}/{size}", part.start, part.end.saturating_sub(1));
    let length = part.end - part.start;
    let mut response = Response::new(Body::new(Sending::new(open, shared.blocking.clone(), part)));
    *response.status_mut() = status;
    if status == StatusCode::PARTIAL_CONTENT {
        set(&mut response, header::CONTENT_RANGE, &content_range);
    }
    set(&mut response, header::CONTENT_LENGTH, &length.to_string());
    set(&mut response, header::CONTENT_TYPE, "application/octet-stream");
    Ok(with_tag(response, &tag))
}

/// Opens a blob for whoever may know that it is there: who submits, and who reads what a checkout
/// names.
pub(super) fn open(
    ops: &Ops,
    principal: &Principal,
    blob: &BlobRef,
) -> Result<Option<OpenBlob>, Failure> {
    if !principal.may(Access::Submit) {
        match ops.is_named(blob)? {
            Some(true) => {}
            Some(false) => return Ok(None),
            None => {
                return Err(Failure::busy(
                    "the index is being filled, and only it knows which checkouts name this blob; try again later",
                ));
            }
        }
    }
    Ok(ops.open_blob(blob)?)
}

/// The blob that the URL names.
pub(super) fn parse(url: BlobInUrl) -> Result<BlobRef, Failure> {
    let Path(text) = url.map_err(Failure::malformed)?;
    text.parse().map_err(Failure::malformed)
}

fn with_tag(mut response: Response, tag: &str) -> Response {
    set(&mut response, header::ETAG, tag);
    set(&mut response, header::CACHE_CONTROL, FOR_EVER);
    set(&mut response, header::ACCEPT_RANGES, "bytes");
    response
}

fn said(headers: &HeaderMap, name: HeaderName) -> Option<&str> {
    headers.get(name)?.to_str().ok()
}

/// Says whether a list of tags names this one.
fn names(tags: &str, tag: &str) -> bool {
    tags.split(',').map(str::trim).any(|one| one == "*" || one.trim_start_matches("W/") == tag)
}

pub(super) fn set(response: &mut Response, name: HeaderName, value: &str) {
    let value = HeaderValue::from_str(value).expect("digits, hex and our own words");
    response.headers_mut().insert(name, value);
}
