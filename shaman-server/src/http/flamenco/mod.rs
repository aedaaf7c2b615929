//! Flamenco's API as its add-on uses it: its words are translated here.
//!
//! Kept: routes, shapes, and the status codes that its documentation promises (204, 208, 417, 424,
//! where Flamenco's own server answers 200 and 500). Clients of all releases accept both. Not kept:
//! answering 425 to a client that may defer, which makes released add-ons lose the file.

mod about;
mod create;
mod files;
mod requirements;

use axum::body::Body;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::Response;
use serde::Serialize;

pub(super) use about::{shared_storage, version};
pub(super) use create::create;
pub(super) use files::{status, upload};
pub(super) use requirements::requirements;

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
