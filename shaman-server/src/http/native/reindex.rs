//! `POST /v1/reindex`: compare the index with the storage, beside everything else.

use axum::extract::State;
use axum::http::StatusCode;

use crate::http::Shared;

pub(super) async fn ask(State(shared): State<Shared>) -> StatusCode {
    shared.bells.reindex.notify_one();
    StatusCode::ACCEPTED
}
