//! Our own API, below `/v1`: JSON, for ops and for clients that know us.

mod blob;
mod checkouts;
mod chunks;
mod damage;
mod events;
mod frames;
mod gather;
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

use axum::http::StatusCode;

use super::failure::Failure;
use super::route::{Route, delete, get, head, patch, post, put};
use crate::access::Access::{Known, Open, Ops, Read, Submit};
use crate::ops::{EraseError, PinError, SweepError};

/// Most bytes in the body of a small request: a reason of 500 characters and some fields.
const BODY_BYTES_MAX: usize = 64 << 10;

/// Its routes, and whom each of them lets in.
pub(super) fn routes() -> Vec<Route> {
    vec![
        get("/v1/openapi.json", Open, openapi::document),
        get("/v1/docs", Open, openapi::page),
        post("/v1/missing", Submit, missing::missing),
        post("/v1/blobs", Submit, frames::receive).uploads(),
        post("/v1/blobs/read", Known, gather::gather),
        get("/v1/blobs/{blob}", Known, blob::send),
        put("/v1/blobs/{blob}", Submit, put::put).uploads(),
        head("/v1/uploads/{blob}", Submit, uploads::show),
        patch("/v1/uploads/{blob}", Submit, put::append).uploads(),
        delete("/v1/uploads/{blob}", Submit, uploads::forget).audited("forget upload"),
        get("/v1/uploads", Known, running::uploads),
        get("/v1/servers", Read, running::servers),
        get("/v1/history", Read, running::history),
        post("/v1/chunks/missing", Submit, chunks::missing),
        put("/v1/recipes/{blob}", Submit, recipe::put).uploads(),
        post("/v1/sweep", Ops, sweep::sweep).audited("sweep"),
        get("/v1/status", Known, status::show),
        get("/v1/events", Read, events::listen),
        get("/v1/scrub", Read, scrub::show),
        post("/v1/scrub", Ops, scrub::ask).audited("scrub"),
        post("/v1/reindex", Ops, reindex::ask).audited("reindex"),
        get("/v1/damage", Read, damage::show),
        get("/v1/checkouts", Known, listing::list),
        post("/v1/checkouts", Submit, making::check_out).creates(),
        get("/v1/checkouts/{*checkout}", Known, checkouts::show),
        delete("/v1/checkouts/{*checkout}", Submit, checkouts::erase).audited("erase"),
        put("/v1/pins/{*checkout}", Submit, pins::pin).audited("pin"),
        delete("/v1/pins/{*checkout}", Submit, pins::unpin).audited("unpin"),
    ]
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
