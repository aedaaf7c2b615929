//! `POST /v1/scrub`: read every blob again; `GET /v1/scrub`: how far that is.

use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use shaman_proto::wire::care::{ScrubAnswer, ScrubPass, ScrubRequest};
use shaman_proto::wire::failure::Failure as FailureBody;

use super::{BODY_BYTES_MAX, time_on_wire};
use crate::config::parse_rate;
use crate::http::Shared;
use crate::http::body::json_bytes;
use crate::http::failure::Failure;
use crate::http::flamenco::json;
use crate::ops;

/// Asks for all blobs to be read again; answered at once.
#[utoipa::path(
    post,
    path = "/v1/scrub",
    operation_id = "ask_scrub",
    tag = "care",
    request_body = ScrubRequest,
    responses(
        (status = 202, description = "It is about to", body = ScrubAnswer),
        (status = "default", description = "Refused or failed; nothing was changed.", body = FailureBody),
    ),
)]
pub(super) async fn ask(
    State(shared): State<Shared>,
    headers: HeaderMap,
    mut body: Body,
) -> Result<Response, Failure> {
    let bytes = json_bytes(&headers, &mut body, BODY_BYTES_MAX).await?;
    let request: ScrubRequest = serde_json::from_slice(&bytes).map_err(|error| {
        Failure::malformed(format_args!("the request body has an error: {error}"))
    })?;
    let rate = match &request.rate {
        None => None,
        Some(text) => match parse_rate(text) {
            None | Some(0) => {
                return Err(Failure::malformed(format_args!(
                    "`rate: {text}` is no rate; write it like `20MB/s`"
                )));
            }
            rate => rate,
        },
    };
    shared.ops.ask_scrub(rate);
    shared.bells.scrub.notify_one();
    answer(&shared, StatusCode::ACCEPTED).await
}

/// Tells how far the scrub is.
#[utoipa::path(
    get,
    path = "/v1/scrub",
    operation_id = "get_scrub",
    tag = "care",
    responses(
        (status = 200, description = "Where it is", body = ScrubAnswer),
        (status = "default", description = "Refused or failed; nothing was changed.", body = FailureBody),
    ),
)]
pub(super) async fn show(State(shared): State<Shared>) -> Result<Response, Failure> {
    answer(&shared, StatusCode::OK).await
}

async fn answer(shared: &Shared, status: StatusCode) -> Result<Response, Failure> {
    let scrub = shared.run(ops::Ops::scrub_status).await??;
    Ok(json(status, &on_wire(&scrub)))
}

/// Where the scrub is, as it travels.
pub(super) fn on_wire(scrub: &ops::ScrubStatus) -> ScrubAnswer {
    let pass = |pass: &ops::ScrubPass| ScrubPass {
        began: time_on_wire(pass.began),
        ended: pass.ended.map(time_on_wire),
        percent: pass.percent(),
        blobs: pass.blobs,
        bytes: pass.bytes,
        damaged: pass.damaged,
    };
    ScrubAnswer {
        is_running: scrub.is_running,
        current: scrub.current.as_ref().map(pass),
        last: scrub.last.as_ref().map(pass),
    }
}
