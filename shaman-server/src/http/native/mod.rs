//! Our own API, below `/v1`: JSON, for ops and for clients that know us.

mod blob;
mod checkouts;
mod chunks;
mod damage;
mod events;
mod frames;
mod framing;
mod listing;
mod making;
mod missing;
mod openapi;
mod pins;
mod put;
mod range;
mod recipe;
mod reindex;
mod running;
mod scrub;
mod sending;
mod status;
mod sweep;
mod unpack;
mod uploads;

use axum::Router;
use axum::http::StatusCode;
use axum::routing::{self, get, head, post};

use super::Shared;
use super::failure::Failure;
use crate::ops::{EraseError, PinError, SweepError};

/// Most bytes in the body of a small request: a reason of 500 characters and some fields.
const BODY_BYTES_MAX: usize = 64 << 10;

/// Its routes.
pub(super) fn routes() -> Router<Shared> {
    Router::new()
        .route("/v1/openapi.json", get(openapi::document))
        .route("/v1/docs", get(openapi::page))
        .route("/v1/missing", post(missing::missing))
        .route("/v1/blobs", post(frames::receive))
        .route("/v1/blobs/{blob}", get(blob::send).put(put::put))
        .route("/v1/uploads/{blob}", head(uploads::show).patch(put::append).delete(uploads::forget))
        .route("/v1/uploads", get(running::uploads))
        .route("/v1/servers", get(running::servers))
        .route("/v1/history", get(running::history))
        .route("/v1/chunks/missing", post(chunks::missing))
        .route("/v1/recipes/{blob}", routing::put(recipe::put))
        .route("/v1/sweep", post(sweep::sweep))
        .route("/v1/status", get(status::show))
        .route("/v1/events", get(events::listen))
        .route("/v1/scrub", post(scrub::ask).get(scrub::show))
        .route("/v1/reindex", post(reindex::ask))
        .route("/v1/damage", get(damage::show))
        .route("/v1/checkouts", get(listing::list).post(making::check_out))
        .route("/v1/checkouts/{*checkout}", get(checkouts::show).delete(checkouts::erase))
        .route("/v1/pins/{*checkout}", routing::put(pins::pin).delete(pins::unpin))
}

/// Seconds since 1970, as RFC 3339.
fn time_on_wire(seconds: u64) -> String {
    let seconds = i64::try_from(seconds).unwrap_or(0);
    jiff::Timestamp::from_second(seconds).unwrap_or_default().to_string()
}

impl From<SweepError> for Failure {
    fn from(error: SweepError) -> Self {
        match error {
            SweepError::TooYoung(_) => Self::malformed(error),
            SweepError::Busy | SweepError::TooMuch { .. } => {
                Self::new(StatusCode::CONFLICT, error.to_string())
            }
            SweepError::Root(ref source) => {
                tracing::error!(error = format!("{source:?}"), "a sweep was given up");
                Self::new(StatusCode::INTERNAL_SERVER_ERROR, error.to_string())
            }
            SweepError::Disk(error) => error.into(),
            SweepError::Index(error) => crate::ops::LookupError::Index(error).into(),
        }
    }
}

impl From<EraseError> for Failure {
    fn from(error: EraseError) -> Self {
        match error {
            EraseError::NotOurs(_) => Self::new(StatusCode::NOT_FOUND, error.to_string()),
            EraseError::Pinned(..) => Self::new(StatusCode::CONFLICT, error.to_string()),
            EraseError::Lookup(error) => error.into(),
        }
    }
}

impl From<PinError> for Failure {
    fn from(error: PinError) -> Self {
        match error {
            PinError::NotOurs(_) => Self::new(StatusCode::NOT_FOUND, error.to_string()),
            PinError::Lookup(error) => error.into(),
        }
    }
}
