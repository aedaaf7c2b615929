//! `POST /api/v3/jobs`: a job gets the checkout that it forgot to name.

use std::sync::Arc;

use axum::body::Body;
use axum::http::{HeaderValue, Request, Response, StatusCode, header};

use super::forward;
use crate::http::Shared;
use crate::http::arrival::Arrival;
use crate::http::body::{drain_beside, is_json, json_bytes};
use crate::http::failure::Failure;
use crate::manager::{BadJob, Manager, complete};

/// Most bytes of a job: they have some KiB, and reading one takes a multiple of its bytes.
const JOB_BYTES_MAX: usize = 4 << 20;

/// Passes a submission on, completed.
pub(super) async fn submit(
    shared: &Shared,
    manager: &Arc<Manager>,
    arrival: &Arrival,
    request: Request<Body>,
) -> Result<Response<Body>, Failure> {
    if !is_json(request.headers()) {
        return forward::pass(manager, arrival, request).await;
    }
    let (mut head, mut body) = request.into_parts();
    let bytes = json_bytes(&head.headers, &mut body, JOB_BYTES_MAX).await;
    drain_beside(body);
    let bytes = bytes?;
    // Nothing is erased from here until the Manager has the job.
    let _gate = manager.submitting().await;
    let job = bytes.clone();
    let completed = shared.run(move |ops| complete(&job, ops)).await??;
    let body = completed.map_or(bytes, Into::into);
    head.headers.remove(header::TRANSFER_ENCODING);
    head.headers.insert(header::CONTENT_LENGTH, HeaderValue::from(body.len()));
    let request = Request::from_parts(head, Body::from(body));
    let answer = forward::pass(manager, arrival, request).await?;
    if answer.status().is_success() {
        manager.look_now();
    }
    Ok(answer)
}

impl From<BadJob> for Failure {
    fn from(error: BadJob) -> Self {
        match error {
            BadJob::Checkout(_) => Self::new(StatusCode::BAD_REQUEST, error.to_string()),
            BadJob::Lookup(error) => error.into(),
        }
    }
}
