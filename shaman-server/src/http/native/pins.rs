//! `PUT` and `DELETE /v1/pins/{checkout}`.

use axum::body::Body;
use axum::extract::{Extension, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse as _, Response};
use shaman_proto::wire::failure::Failure as FailureBody;
use shaman_proto::wire::native::Pin;

use super::BODY_BYTES_MAX;
use super::checkouts::{InUrl, own, parse};
use crate::access::{Access, Principal};
use crate::http::Shared;
use crate::http::body::json_bytes;
use crate::http::failure::Failure;
use crate::ops::Ops;
use crate::store::StoredPin;

/// Most characters of a reason: it stands in lists.
const REASON_MAX: usize = 500;

/// Keeps a checkout whatever becomes of its job.
#[utoipa::path(
    put,
    path = "/v1/pins/{checkout}",
    operation_id = "pin_checkout",
    tag = "checkouts",
    params(
        ("checkout" = String, Path, description = "Its path below the checkout root, slashes and all"),
    ),
    request_body = Pin,
    responses(
        (status = 204, description = "Pinned"),
        (status = 404, description = "There is no such checkout", body = FailureBody),
        (status = "default", description = "Refused or failed; nothing was changed.", body = FailureBody),
    ),
)]
pub(super) async fn pin(
    State(shared): State<Shared>,
    Extension(principal): Extension<Principal>,
    url: InUrl,
    headers: HeaderMap,
    mut body: Body,
) -> Result<Response, Failure> {
    let checkout = parse(url)?;
    let bytes = json_bytes(&headers, &mut body, BODY_BYTES_MAX).await?;
    let pin: Pin = serde_json::from_slice(&bytes).map_err(|error| {
        Failure::malformed(format_args!("the request body has an error: {error}"))
    })?;
    if pin.reason.chars().count() > REASON_MAX {
        return Err(Failure::malformed("the reason is longer than 500 characters; say it shorter"));
    }
    let until = match &pin.until {
        None => None,
        Some(text) => {
            let time: jiff::Timestamp = text.parse().map_err(|_| {
                Failure::malformed(format_args!(
                    "`until: {text}` is no time; write it like 2026-12-31T18:00:00Z"
                ))
            })?;
            Some(u64::try_from(time.as_second()).unwrap_or(0))
        }
    };
    let pin = StoredPin { checkout, reason: pin.reason, until };
    let pinned = move |ops: &Ops| {
        own(ops, &principal, &pin.checkout)?;
        Ok::<_, Failure>(ops.pin(&pin)?)
    };
    shared.run(pinned).await??;
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// Takes a pin away.
#[utoipa::path(
    delete,
    path = "/v1/pins/{checkout}",
    operation_id = "unpin_checkout",
    tag = "checkouts",
    params(
        ("checkout" = String, Path, description = "Its path below the checkout root, slashes and all"),
    ),
    responses(
        (status = 204, description = "Not pinned any more"),
        (status = 404, description = "It was not pinned"),
        (status = "default", description = "Refused or failed; nothing was changed.", body = FailureBody),
    ),
)]
pub(super) async fn unpin(
    State(shared): State<Shared>,
    Extension(principal): Extension<Principal>,
    url: InUrl,
) -> Result<Response, Failure> {
    let checkout = parse(url)?;
    let unpinned = move |ops: &Ops| {
        // The pin may be all that is left of it: that is for ops.
        if !principal.may(Access::Ops) {
            own(ops, &principal, &checkout)?;
        }
        Ok::<_, Failure>(ops.unpin(&checkout)?)
    };
    let was_pinned = shared.run(unpinned).await??;
    Ok(if was_pinned { StatusCode::NO_CONTENT } else { StatusCode::NOT_FOUND }.into_response())
}

/// A pin as it travels.
pub(super) fn pin_on_wire(pin: &StoredPin) -> Pin {
    let until = pin.until.and_then(|until| i64::try_from(until).ok());
    let until = until.and_then(|until| jiff::Timestamp::from_second(until).ok());
    Pin { reason: pin.reason.clone(), until: until.map(|until| until.to_string()) }
}
