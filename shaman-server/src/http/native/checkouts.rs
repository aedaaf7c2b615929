//! `GET /v1/checkouts`, and `GET` and `DELETE /v1/checkouts/{checkout}`.

use axum::extract::rejection::{PathRejection, QueryRejection};
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use serde::Deserialize;
use shaman_proto::CheckoutPath;
use shaman_proto::wire::care::{CheckoutAnswer, CheckoutSpace};
use shaman_proto::wire::native::{CheckoutSummary, CheckoutsAnswer};

use super::pins::pin_on_wire;
use super::time_on_wire;
use crate::http::Shared;
use crate::http::failure::Failure;
use crate::http::flamenco::json;
use crate::ops::{Erased, LookupError, Ops};
use crate::tasks::beside;

/// Checkouts in one answer: about 200 KB.
const PAGE: usize = 1_000;

pub(super) type InUrl = Result<Path<String>, PathRejection>;

/// What may be asked of the list.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Listing {
    /// Only those behind this path.
    #[serde(default)]
    after: String,
}

pub(super) async fn list(
    State(shared): State<Shared>,
    query: Result<Query<Listing>, QueryRejection>,
) -> Result<Response, Failure> {
    let Query(Listing { after }) = query.map_err(Failure::malformed)?;
    let answer = shared.run(move |ops| page(ops, &after)).await??;
    Ok(json(StatusCode::OK, &answer))
}

fn page(ops: &Ops, after: &str) -> Result<CheckoutsAnswer, LookupError> {
    let rows = ops.checkouts_after(after, PAGE + 1)?;
    let mut checkouts = Vec::with_capacity(rows.len().min(PAGE));
    for (checkout, row) in rows.iter().take(PAGE) {
        if !ops.has_checkout(checkout)? {
            continue;
        }
        checkouts.push(CheckoutSummary {
            checkout: checkout.as_str().to_owned(),
            created: time_on_wire(row.created),
            files: row.files,
            bytes: row.bytes,
            pin: ops.pin_of(checkout)?.map(|pin| pin_on_wire(&pin)),
        });
    }
    let is_more = rows.len() > PAGE;
    let last = rows.get(PAGE.saturating_sub(1)).filter(|_| is_more);
    let next = last.map(|(checkout, _)| checkout.as_str().to_owned());
    Ok(CheckoutsAnswer { checkouts, next })
}

pub(super) async fn show(State(shared): State<Shared>, url: InUrl) -> Result<Response, Failure> {
    let checkout = parse(url)?;
    let shown = checkout.clone();
    let found = shared.run(move |ops| match ops.manifest(&checkout)? {
        None => Ok(None),
        Some(manifest) => ops.cost(&manifest).map(|cost| Some((manifest, cost))),
    });
    match found.await?? {
        Some((manifest, cost)) => {
            let space = CheckoutSpace {
                logical_bytes: cost.logical_bytes,
                shared_bytes: cost.sharing.map(|sharing| sharing.shared_bytes),
                exclusive_bytes: cost.sharing.map(|sharing| sharing.exclusive_bytes),
            };
            Ok(json(StatusCode::OK, &CheckoutAnswer { manifest, space }))
        }
        None => Err(crate::ops::PinError::NotOurs(shown).into()),
    }
}

pub(super) async fn erase(State(shared): State<Shared>, url: InUrl) -> Result<Response, Failure> {
    let checkout = parse(url)?;
    let shown = checkout.clone();
    let erased = shared.run(move |ops| ops.erase(&checkout, None)).await??;
    tracing::info!(checkout = shown.as_str(), "erased a checkout");
    if let Erased::Erased(tree) = erased {
        // Nobody sees it any more; deleting 50,000 files takes a second.
        let blocking = shared.blocking.clone();
        beside(async move { drop(blocking.run(move || drop(tree)).await) });
    }
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// Exactly the path of a checkout: nothing is cleaned here, so that nobody erases what they did not
/// name.
pub(super) fn parse(url: InUrl) -> Result<CheckoutPath, Failure> {
    let Path(text) = url.map_err(Failure::malformed)?;
    let checkout: CheckoutPath = text.parse().map_err(Failure::malformed)?;
    if checkout.as_str() == text {
        return Ok(checkout);
    }
    Err(Failure::malformed(format_args!("write the checkout as `{checkout}`")))
}
