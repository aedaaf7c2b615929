//! `GET` and `DELETE /v1/checkouts/{checkout}`, and what changed between two.

use axum::extract::rejection::PathRejection;
use axum::extract::{Extension, Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use shaman_proto::wire::care::{CheckoutAnswer, CheckoutSpace};
use shaman_proto::wire::checkouts::{ChangedFile, DiffAnswer};
use shaman_proto::wire::failure::Failure as FailureBody;
use shaman_proto::{CheckoutPath, Manifest};

use crate::access::Principal;
use crate::http::Shared;
use crate::http::failure::Failure;
use crate::http::flamenco::json;
use crate::ops::{Diff, LookupError, Ops, PinError, diff};
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
pub(super) async fn show(
    State(shared): State<Shared>,
    Extension(principal): Extension<Principal>,
    url: InUrl,
) -> Result<Response, Failure> {
    let checkout = parse(url)?;
    shared.run(move |ops| shown(ops, &principal, &checkout)).await?
}

fn shown(ops: &Ops, asks: &Principal, checkout: &CheckoutPath) -> Result<Response, Failure> {
    if let Some(manifest) = seen(ops, asks, checkout)? {
        let space = space(ops, &manifest)?;
        return Ok(json(StatusCode::OK, &CheckoutAnswer { manifest, space }));
    }
    match compared(ops, asks, checkout)? {
        Some(diff) => Ok(json(StatusCode::OK, &diff)),
        None => Err(PinError::NotOurs(checkout.clone()).into()),
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
fn compared(
    ops: &Ops,
    asks: &Principal,
    both: &CheckoutPath,
) -> Result<Option<DiffAnswer>, LookupError> {
    for (at, word) in both.as_str().match_indices(DIFF) {
        let (a, rest) = both.as_str().split_at(at);
        let (_, b) = rest.split_at(word.len());
        let (Ok(a), Ok(b)) = (a.parse(), b.parse()) else { continue };
        if let (Some(a), Some(b)) = (seen(ops, asks, &a)?, seen(ops, asks, &b)?) {
            return Ok(Some(diff_on_wire(&a, &b)));
        }
    }
    Ok(None)
}

/// The manifest of a checkout, for whoever may see it; for others there is none.
fn seen(
    ops: &Ops,
    asks: &Principal,
    checkout: &CheckoutPath,
) -> Result<Option<Manifest>, LookupError> {
    let manifest = ops.manifest(checkout)?;
    Ok(manifest.filter(|manifest| asks.may_see(manifest.owner.as_deref())))
}

/// What tells this checkout from later ones at its path, for whoever may erase and pin it.
pub(super) fn own(ops: &Ops, asks: &Principal, checkout: &CheckoutPath) -> Result<String, Failure> {
    let found = ops.owner_of(checkout)?;
    let seen = found.filter(|(_, owner)| asks.may_see(owner.as_deref()));
    let Some((mark, owner)) = seen else {
        return Err(PinError::NotOurs(checkout.clone()).into());
    };
    if asks.may_change(owner.as_deref()) {
        return Ok(mark);
    }
    Err(Failure::new(
        StatusCode::FORBIDDEN,
        format!(
            "the checkout `{checkout}` is not {}'s; whoever made it may do this, or somebody with `ops`",
            asks.who()
        ),
    ))
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
        (status = 403, description = "It is somebody else's", body = FailureBody),
        (status = 404, description = "There is none", body = FailureBody),
        (status = 409, description = "It is pinned", body = FailureBody),
        (status = "default", description = "Refused or failed; nothing was changed.", body = FailureBody),
    ),
)]
pub(super) async fn erase(
    State(shared): State<Shared>,
    Extension(principal): Extension<Principal>,
    url: InUrl,
) -> Result<Response, Failure> {
    let checkout = parse(url)?;
    let erased = shared
        .run(move |ops| {
            let mark = own(ops, &principal, &checkout)?;
            Ok::<_, Failure>(ops.erase(&checkout, Some(&mark))?)
        })
        .await??;
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
