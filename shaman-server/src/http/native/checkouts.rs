//! `GET` and `DELETE /v1/checkouts/{checkout}`, and what changed between two.

use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use shaman_proto::wire::care::{CheckoutAnswer, CheckoutSpace};
use shaman_proto::wire::checkouts::{ChangedFile, DiffAnswer};
use shaman_proto::{CheckoutPath, Manifest};

use crate::http::Shared;
use crate::http::failure::Failure;
use crate::http::flamenco::json;
use crate::ops::{Diff, Erased, LookupError, Ops, diff};
use crate::tasks::beside;

/// What stands between the paths of two checkouts.
const DIFF: &str = "/diff/";

pub(super) type InUrl = Result<Path<String>, PathRejection>;

/// One checkout, or `{a}/diff/{b}`. Paths have slashes in them: where there is a checkout of that
/// whole path it is that, else each place where the path can be split is tried.
pub(super) async fn show(State(shared): State<Shared>, url: InUrl) -> Result<Response, Failure> {
    let checkout = parse(url)?;
    shared.run(move |ops| shown(ops, &checkout)).await?
}

fn shown(ops: &Ops, checkout: &CheckoutPath) -> Result<Response, Failure> {
    if let Some(manifest) = ops.manifest(checkout)? {
        let space = space(ops, &manifest)?;
        return Ok(json(StatusCode::OK, &CheckoutAnswer { manifest, space }));
    }
    for (at, word) in checkout.as_str().match_indices(DIFF) {
        let (a, rest) = checkout.as_str().split_at(at);
        let (_, b) = rest.split_at(word.len());
        let (Ok(a), Ok(b)) = (a.parse(), b.parse()) else { continue };
        if let (Some(a), Some(b)) = (ops.manifest(&a)?, ops.manifest(&b)?) {
            return Ok(json(StatusCode::OK, &diff_on_wire(&a, &b)));
        }
    }
    Err(crate::ops::PinError::NotOurs(checkout.clone()).into())
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
