//! `POST /v1/reindex`: compare the index with the storage, beside everything else.

use axum::extract::State;
use axum::http::StatusCode;
use shaman_proto::wire::failure::Failure as FailureBody;

use crate::http::Shared;

/// Asks for the index to be compared with the storage; answered at once.
#[utoipa::path(
    post,
    path = "/v1/reindex",
    operation_id = "ask_reindex",
    tag = "care",
    responses(
        (status = 202, description = "It is about to"),
        (status = "default", description = "Refused or failed; nothing was changed.", body = FailureBody),
    ),
)]
pub(super) async fn ask(State(shared): State<Shared>) -> StatusCode {
    shared.bells.reindex.notify_one();
    StatusCode::ACCEPTED
}
