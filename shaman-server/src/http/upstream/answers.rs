//! Answers of the Manager that say something else on the way back.

use axum::body::Body;
use axum::http::{HeaderValue, Request, Response, StatusCode, header};
use http_body_util::{BodyExt as _, Limited};
use serde_json::{Map, Value};

use super::forward;
use crate::http::Shared;
use crate::http::arrival::Arrival;
use crate::http::failure::Failure;
use crate::manager::Manager;

/// Most bytes of an answer that is looked at; they have some hundred.
const BYTES_MAX: usize = 1 << 20;

/// Answers about the storage and the configuration: Shaman is on, whether the Manager's own is or
/// not.
pub(super) async fn with_shaman_on(
    manager: &Manager,
    arrival: &Arrival,
    request: Request<Body>,
    path: &str,
) -> Result<Response<Body>, Failure> {
    let is_about_storage = path == "/api/v3/configuration"
        || path.starts_with("/api/v3/configuration/shared-storage/");
    if !is_about_storage {
        return forward::pass(manager, arrival, request).await;
    }
    let answer = forward::pass(manager, arrival, plain(request)).await?;
    change(answer, |fields| {
        let field = fields.get_mut("shamanEnabled")?;
        (*field == false).then(|| *field = true.into())
    })
    .await
}

/// Whether deleting a job erases its checkout: also when we do that.
pub(super) async fn what_would_delete_do(
    shared: &Shared,
    manager: &Manager,
    arrival: &Arrival,
    request: Request<Body>,
) -> Result<Response<Body>, Failure> {
    let path = request.uri().path().trim_end_matches("/what-would-delete-do").to_owned();
    let answer = forward::pass(manager, arrival, plain(request)).await?;
    let erases = manager.would_erase(&path, &shared.ops, &shared.blocking).await;
    change(answer, |fields| {
        let field = fields.get_mut("shaman_checkout")?;
        (erases && *field == false).then(|| *field = true.into())
    })
    .await
}

/// The request without a wish for a compressed answer.
fn plain(mut request: Request<Body>) -> Request<Body> {
    request.headers_mut().remove(header::ACCEPT_ENCODING);
    request
}

/// Changes a JSON object on its way; what is none, or too large, or needs no change (`None`), goes
/// back byte for byte.
async fn change(
    answer: Response<Body>,
    change: impl FnOnce(&mut Map<String, Value>) -> Option<()>,
) -> Result<Response<Body>, Failure> {
    let (mut head, body) = answer.into_parts();
    if head.status != StatusCode::OK {
        return Ok(Response::from_parts(head, body));
    }
    let bytes = Limited::new(body, BYTES_MAX).collect().await.map_err(|error| {
        Failure::new(
            StatusCode::BAD_GATEWAY,
            format!("the Flamenco Manager's answer could not be read ({error}); try again"),
        )
    })?;
    let bytes = bytes.to_bytes();
    let changed = serde_json::from_slice(&bytes).ok().and_then(|mut fields| {
        change(&mut fields)?;
        serde_json::to_vec(&fields).ok()
    });
    let bytes = changed.map_or(bytes, Into::into);
    head.headers.insert(header::CONTENT_LENGTH, HeaderValue::from(bytes.len()));
    Ok(Response::from_parts(head, Body::from(bytes)))
}
