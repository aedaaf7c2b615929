//! `POST /api/v3/jobs`: a job gets the checkout that it forgot to name.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::http::request::Parts;
use axum::http::{HeaderValue, Request, Response, StatusCode, header};
use bytes::Bytes;
use tokio::sync::oneshot;

use super::forward;
use crate::http::Shared;
use crate::http::arrival::Arrival;
use crate::http::body::{drain_beside, is_json, json_bytes};
use crate::http::failure::Failure;
use crate::manager::{BadJob, Manager, complete};
use crate::tasks::{Panicked, beside};

/// Most bytes of a job: they have some KiB, and reading one takes a multiple of its bytes.
const JOB_BYTES_MAX: usize = 4 << 20;

/// How long a Manager may take to answer when the client does not wait any more. Until then no
/// checkout is erased.
const PATIENCE: Duration = Duration::from_mins(1);

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
    let (head, mut body) = request.into_parts();
    let bytes = json_bytes(&head.headers, &mut body, JOB_BYTES_MAX).await;
    drain_beside(body);
    let bytes = bytes?;
    let (shared, manager, arrival) = (shared.clone(), Arc::clone(manager), arrival.clone());
    let (mut tell, told) = oneshot::channel();
    // To its end, even when the client hangs up: a job that the Manager is about to get counts.
    beside(async move {
        let passing = hand_over(&shared, &manager, &arrival, head, bytes);
        let given_up = async {
            tell.closed().await;
            tokio::time::sleep(PATIENCE).await;
        };
        let answer = tokio::select! {
            answer = passing => answer,
            () = given_up => return,
        };
        drop(tell.send(answer));
    });
    told.await.map_err(|_| Panicked)?
}

/// Completes a job and passes it on.
async fn hand_over(
    shared: &Shared,
    manager: &Manager,
    arrival: &Arrival,
    mut head: Parts,
    bytes: Bytes,
) -> Result<Response<Body>, Failure> {
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
            BadJob::Checkout(_) | BadJob::Unreadable(_) => {
                Self::new(StatusCode::BAD_REQUEST, error.to_string())
            }
            BadJob::Lookup(error) => error.into(),
        }
    }
}
