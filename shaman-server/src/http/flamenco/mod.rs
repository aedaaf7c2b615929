//! Flamenco's API as its add-on uses it: its words are translated here.
//!
//! Kept: routes, shapes, and the status codes that its documentation promises (204, 208, 417, 424,
//! where Flamenco's own server answers 200 and 500). Clients of all releases accept both. Not kept
//! unless configured: answering 425 to a client that may defer, which makes released add-ons lose
//! the file.

mod alone;
mod create;
mod filename;
mod files;
mod requirements;

use axum::body::Body;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::Response;
use serde::Serialize;
use shaman_proto::limits::JSON_BODY_BYTES_MAX;

use super::Shared;
use super::body::{drain_beside, json_bytes};
use super::failure::Failure;
use crate::ops::Ops;

pub(super) use alone::{check_shared_storage, configuration, shared_storage, version};
pub(super) use create::create;
pub(super) use files::{status, upload};
pub(super) use requirements::{refuse_too_many, requirements};

/// Reads a JSON body and works on it on a blocking thread: parsing 100,000 entries takes a while.
async fn with_list<T: Send + 'static>(
    shared: &Shared,
    headers: &HeaderMap,
    mut body: Body,
    work: fn(&Ops, &[u8]) -> Result<T, Failure>,
) -> Result<T, Failure> {
    let bytes = json_bytes(headers, &mut body, JSON_BODY_BYTES_MAX).await;
    drain_beside(body);
    let bytes = bytes?;
    shared.run(move |ops| work(ops, &bytes)).await?
}

/// An answer with a JSON body.
pub(super) fn json(status: StatusCode, body: &impl Serialize) -> Response {
    let text = serde_json::to_vec(body).expect("our shapes are JSON");
    let mut response = Response::new(Body::from(text));
    *response.status_mut() = status;
    response
        .headers_mut()
        .insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}
