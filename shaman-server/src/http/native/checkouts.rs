//! `GET` and `DELETE /v1/checkouts/{checkout}`, and what changed between two.

use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use shaman_proto::wire::care::{CheckoutAnswer, CheckoutSpace};
use shaman_proto::wire::checkouts::{ChangedFile, DiffAnswer};
use shaman_proto::wire::failure::Failure as FailureBody;
use shaman_proto::{CheckoutPath, Manifest};

use crate::http::Shared;
use crate::http::failure::Failure;
use crate::http::flamenco::json;
use crate::ops::{Diff, LookupError, Ops, diff};
use crate::tasks::beside;

/// What stands between the paths of two checkouts.
const DIFF: &str = "/diff/";

pub(super) type InUrl = Result<Path<String>, PathRejection>;

/// Gives the manifest of a checkout, and what it costs.
#[utoipa::path(
    get,
    path = "/v1/checkouts/{checkout}",
    operation_id = "get_checkout",
    tag = "checkouts",
    params(
        ("checkout" = String, Path, description = "Its path below the checkout root, slashes and all"),
    ),
    responses(
        (status = 200, description = "Its manifest and more", body = CheckoutAnswer),
        (status = 404, description = "There is none", body = FailureBody),
        (status = "default", description = "Refused or failed; nothing was changed.", body = FailureBody),
    ),
)]
pub(super) async fn show(State(shared): State<Shared>, url: InUrl) -> Result<Response, Failure> {
    let checkout = parse(url)?;
    shared.run(move |ops| shown(ops, &checkout)).await?
}

fn shown(ops: &Ops, checkout: &CheckoutPath) -> Result<Response, Failure> {
    if let Some(manifest) = ops.manifest(checkout)? {
        let space = space(ops, &manifest)?;
        return Ok(json(StatusCode::OK, &CheckoutAnswer { manifest, space }));
    }
    match compared(ops, checkout)? {
        Some(diff) => Ok(json(StatusCode::OK, &diff)),
        None => Err(crate::ops::PinError::NotOurs(checkout.clone()).into()),
    }
}

/// Tells what changed from one checkout to another.
#[utoipa::path(
    get,
    path = "/v1/checkouts/{a}/diff/{b}",
    operation_id = "compare_checkouts",
    tag = "checkouts",
    params(
        ("a" = String, Path, description = "The one"),
        ("b" = String, Path, description = "The other"),
    ),
    responses(
        (status = 200, description = "By path", body = DiffAnswer),
        (status = 404, description = "One of them is not there", body = FailureBody),
    ),
)]
fn compared(ops: &Ops, both: &CheckoutPath) -> Result<Option<DiffAnswer>, LookupError> {
    for (at, word) in both.as_str().match_indices(DIFF) {
        let (a, rest) = both.as_str().split_at(at);
        let (_, b) = rest.split_at(word.len());
        let (Ok(a), Ok(b)) = (a.parse(), b.parse()) else { continue };
        if let (Some(a), Some(b)) = (ops.manifest(&a)?, ops.manifest(&b)?) {
            return Ok(Some(diff_on_wire(&a, &b)));
        }
    }
    Ok(None)
}

/// What a checkout costs, as it travels.
pub(super) fn space(ops: &Ops, manifest: &Manifest) -> Result<CheckoutSpace, LookupError> {
    let cost = ops.cost(manifest)?;
    Ok(CheckoutSpace {
        logical_bytes: cost.logical_bytes,
        shared_bytes: cost.sharing.map(|sharing| sharing.shared_bytes),
        exclusive_bytes: cost.sharing.map(|sharing| sharing.exclusive_bytes),
    })
}

fn diff_on_wire(a: &Manifest, b: &Manifest) -> DiffAnswer {
    let Diff { added, removed, changed, same } = diff(a, b);
    let changed = changed.into_iter().map(|(a, b)| ChangedFile {
        a: a.blob().into(),
        b: b.blob().into(),
        path: a.path,
    });
    DiffAnswer {
        a: a.checkout.as_str().to_owned(),
        b: b.checkout.as_str().to_owned(),
        added,
        removed,
        changed: changed.collect(),
        same,
    }
}

/// Erases a checkout.
#[utoipa::path(
    delete,
    path = "/v1/checkouts/{checkout}",
    operation_id = "erase_checkout",
    tag = "checkouts",
    params(
        ("checkout" = String, Path, description = "Its path below the checkout root, slashes and all"),
    ),
    responses(
        (status = 204, description = "Nobody sees it any more"),
        (status = 404, description = "There is none", body = FailureBody),
        (status = 409, description = "It is pinned", body = FailureBody),
        (status = "default", description = "Refused or failed; nothing was changed.", body = FailureBody),
    ),
)]
pub(super) async fn erase(State(shared): State<Shared>, url: InUrl) -> Result<Response, Failure> {
    let checkout = parse(url)?;
    let erased = shared.run(move |ops| ops.erase(&checkout, None)).await??;
    // Nobody sees it any more; forgetting and deleting 50,000 files takes a second.
    let clearing = shared.clone();
    beside(async move {
        if let Ok(Err(error)) = clearing.run(move |ops| ops.clear_away(erased)).await {
            tracing::warn!(%error, "an erased checkout is not forgotten yet; the next start does it");
        }
    });
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
