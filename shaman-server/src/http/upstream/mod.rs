//! Everything but Shaman's own requests, passed on to the Flamenco Manager behind us.
//!
//! Bodies stream both ways and nothing is buffered, except the few small JSON documents that are
//! looked at on the way:
//!
//! | request | what is done |
//! |---|---|
//! | `GET /api/v3/configuration/shared-storage/…` and `GET /api/v3/configuration` | the answer says that Shaman is on |
//! | `POST /api/v3/jobs` | gets its `storage.shaman_checkout_id` if it lacks one; one that would erase too much is refused |
//! | `DELETE /api/v3/jobs/…` | the job's checkout is erased when the Manager has deleted the job |
//! | `GET /api/v3/jobs/{id}/what-would-delete-do` | the answer says whether that will happen |

mod answers;
mod drained;
mod forward;
mod submit;
mod tunnel;

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Extension, State};
use axum::http::{Method, Request, StatusCode};
use axum::response::Response;

use super::Shared;
use super::arrival::Arrival;
use super::failure::Failure;
use crate::manager::{Manager, ManagerError};

/// Path of the Manager's jobs.
const JOBS: &str = "/api/v3/jobs";

/// Passes a request on and its answer back.
pub(super) async fn pass(
    State(shared): State<Shared>,
    Extension(manager): Extension<Arc<Manager>>,
    Extension(arrival): Extension<Arrival>,
    request: Request<Body>,
) -> Result<Response, Failure> {
    let path = request.uri().path().to_owned();
    let job = path.strip_prefix(JOBS).and_then(|rest| rest.strip_prefix('/'));
    match (request.method(), job) {
        (&Method::GET, None) if path.starts_with("/api/v3/configuration") => {
            answers::with_shaman_on(&manager, &arrival, request, &path).await
        }
        (&Method::GET, Some(rest)) if rest.ends_with("/what-would-delete-do") => {
            answers::what_would_delete_do(&shared, &manager, &arrival, request).await
        }
        (&Method::POST, None) if path.trim_end_matches('/') == JOBS => {
            submit::submit(&shared, &manager, &arrival, request).await
        }
        (&Method::DELETE, Some(id)) => {
            let id = id.to_owned();
            delete(&shared, &manager, &arrival, request, &id).await
        }
        _ => tunnel::pass(&manager, &arrival, request).await,
    }
}

/// Passes a deletion on, and has its checkouts looked after.
async fn delete(
    shared: &Shared,
    manager: &Manager,
    arrival: &Arrival,
    request: Request<Body>,
    id: &str,
) -> Result<Response, Failure> {
    let is_many = id == "mass-delete";
    if !is_many {
        // While the Manager still knows it: a job may come and go between two looks.
        manager.learn(id, &shared.ops, &shared.blocking).await;
    }
    let answer = forward::pass(manager, arrival, request).await?;
    if answer.status().is_success() {
        manager.is_deleting(if is_many { None } else { Some(id) });
    }
    Ok(answer)
}

impl From<ManagerError> for Failure {
    fn from(error: ManagerError) -> Self {
        let sentence = error.to_string();
        if matches!(error, ManagerError::BadBody) {
            return Self::malformed(sentence);
        }
        tracing::debug!(error = format!("{:#}", anyhow::Error::from(error)), "not passed on");
        Self::new(StatusCode::BAD_GATEWAY, sentence)
    }
}
