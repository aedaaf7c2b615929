//! `POST /v1/blobs/read`: many small blobs in one answer.
//!
//! They are read some at a time on a blocking thread, and the next ones while those are sent: that
//! is what lies in memory for a reader that is slow.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Extension, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::Response;
use bytes::Bytes;
use futures_util::{StreamExt as _, stream};
use shaman_proto::BlobRef;
use shaman_proto::limits::{FRAMES_MAX, READ_FRAME_BYTES_MAX};
use shaman_proto::wire::blobs::{
    FRAMES_TYPE, LIST_TYPE, NAME_BYTES, decode_list, encode_name, framed_bytes,
};
use shaman_proto::wire::failure::Failure as FailureBody;

use super::blob::{open, set};
use super::openapi::Binary;
use crate::access::Principal;
use crate::http::Shared;
use crate::http::body::{drain_beside, essence, whole};
use crate::http::failure::Failure;
use crate::ops::Ops;

/// Blobs that one blocking thread reads at a time: a hop to it costs as much as two of them.
const BATCH_BLOBS: usize = 64;

/// Bytes that one blocking thread reads at a time; two of these lie in memory for each answer.
const BATCH_BYTES: u64 = 256 << 10;

/// Gives many small blobs.
///
/// The body is a list of names, 40 bytes each (digest, then size as 64 bits, little endian); the answer is a stream of frames, in order: a name, then the bytes. Of what is not here there is no frame: ask for it by itself, and the answer says why. An answer that breaks off keeps what was complete.
#[utoipa::path(
    post,
    path = "/v1/blobs/read",
    operation_id = "read_blobs",
    tag = "blobs",
    request_body(content = Binary, content_type = "application/vnd.shaman.blobs"),
    responses(
        (status = 200, description = "A frame for each that is here", body = Binary, content_type = "application/vnd.shaman.frames"),
        (status = 413, description = "There are more than 100,000 names, or one is of a blob above 256 KiB", body = FailureBody),
        (status = "default", description = "Refused or failed", body = FailureBody),
    ),
)]
pub(super) async fn gather(
    State(shared): State<Shared>,
    Extension(principal): Extension<Principal>,
    headers: HeaderMap,
    mut body: Body,
) -> Result<Response, Failure> {
    let is_list = essence(&headers).eq_ignore_ascii_case(LIST_TYPE);
    let bytes = if is_list {
        whole(&headers, &mut body, FRAMES_MAX * NAME_BYTES).await
    } else {
        Err(Failure::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            format!("send a list of names, with the header `Content-Type: {LIST_TYPE}`"),
        ))
    };
    drain_beside(body);
    let blobs = decode_list(&bytes?).map_err(Failure::malformed)?;
    if let Some(large) = blobs.iter().find(|blob| blob.size.bytes() > READ_FRAME_BYTES_MAX) {
        return Err(Failure::new(
            StatusCode::PAYLOAD_TOO_LARGE,
            format!(
                "blobs above {READ_FRAME_BYTES_MAX} bytes come by themselves; ask for this one with `GET /v1/blobs/{large}`"
            ),
        ));
    }
    let frames = stream::iter(batches(blobs)).map(move |batch| {
        let (ops, principal) = (Arc::clone(&shared.ops), principal.clone());
        let blocking = shared.blocking.clone();
        async move { blocking.run(move || read(&ops, &principal, &batch)).await }
    });
    // The next batch is read while this one is sent.
    let mut response = Response::new(Body::from_stream(frames.buffered(2)));
    set(&mut response, header::CONTENT_TYPE, FRAMES_TYPE);
    set(&mut response, header::CACHE_CONTROL, "no-store");
    Ok(response)
}

/// The same blobs, some at a time.
fn batches(blobs: Vec<BlobRef>) -> Vec<Vec<BlobRef>> {
    let mut batches: Vec<Vec<BlobRef>> = Vec::new();
    let mut bytes = 0;
    for blob in blobs {
        let more = framed_bytes(&blob);
        match batches.last_mut() {
            Some(batch) if batch.len() < BATCH_BLOBS && bytes + more <= BATCH_BYTES => {
                batch.push(blob);
                bytes += more;
            }
            _ => {
                batches.push(vec![blob]);
                bytes = more;
            }
        }
    }
    batches
}

/// Frames of those that are here, for whoever may know that.
fn read(ops: &Ops, principal: &Principal, batch: &[BlobRef]) -> Bytes {
    let bytes = batch.iter().map(framed_bytes).sum::<u64>();
    let mut frames = Vec::with_capacity(usize::try_from(bytes).unwrap_or_default());
    for blob in batch {
        // Whether the index is filled yet is told to who asks for one.
        let Ok(Some(open)) = open(ops, principal, blob) else { continue };
        let before = frames.len();
        frames.extend_from_slice(&encode_name(blob));
        let size = usize::try_from(blob.size.bytes()).unwrap_or(usize::MAX);
        if let Err(error) = open.read_onto(&mut frames, 0, size) {
            tracing::error!(%error, "cannot send a blob");
            frames.truncate(before);
        }
    }
    frames.into()
}
