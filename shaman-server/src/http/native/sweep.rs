//! `POST /v1/sweep`: remove what nothing uses; dry unless told otherwise.

use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use shaman_proto::parse_duration;
use shaman_proto::wire::failure::Failure as FailureBody;
use shaman_proto::wire::native::{SweepAnswer, SweepRequest};

use super::BODY_BYTES_MAX;
use crate::http::Shared;
use crate::http::body::json_bytes;
use crate::http::failure::Failure;
use crate::http::flamenco::json;
use crate::http::guard::Audited;
use crate::ops::{By, Dry};
use crate::upkeep;

/// Removes what nothing uses; only says what it would do unless told otherwise.
#[utoipa::path(
    post,
    path = "/v1/sweep",
    operation_id = "sweep",
    tag = "care",
    request_body = SweepRequest,
    responses(
        (status = 200, description = "What was done, or would be", body = SweepAnswer),
        (status = 409, description = "Another sweep runs, or too much would go", body = FailureBody),
        (status = "default", description = "Refused or failed; nothing was changed.", body = FailureBody),
    ),
)]
pub(super) async fn sweep(
    State(shared): State<Shared>,
    headers: HeaderMap,
    mut body: Body,
) -> Result<Response, Failure> {
    let bytes = json_bytes(&headers, &mut body, BODY_BYTES_MAX).await?;
    let request: SweepRequest = serde_json::from_slice(&bytes).map_err(|error| {
        Failure::malformed(format_args!("the request body has an error: {error}"))
    })?;
    let dry = if request.dry_run { Dry::Yes } else { Dry::No };
    let mut order = upkeep::order(&shared.settings.now().sweeping, dry);
    if let Some(text) = &request.max_age {
        order.max_age = parse_duration(text).map_err(Failure::malformed)?;
    }
    if request.force {
        order.max_share = None;
    }
    if request.storage {
        order.by = By::Storage;
    }
    let swept = shared.run(move |ops| ops.sweep(&order, || true)).await??;
    let mut answer = json(StatusCode::OK, &upkeep::report(&swept, dry));
    answer.extensions_mut().insert(match dry {
        Dry::Yes => Audited::No,
        Dry::No => Audited::With(upkeep::audited(&swept)),
    });
    Ok(answer)
}
