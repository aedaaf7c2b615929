//! `GET /v1/status`: what ops look at first.

use axum::extract::{Extension, State};
use axum::http::StatusCode;
use axum::response::Response;
use shaman_proto::wire::care::{LastSweep, StatusAnswer, StorageAbilities};
use shaman_proto::wire::failure::Failure as FailureBody;
use shaman_proto::wire::native::Weight;

use super::{scrub, time_on_wire};
use crate::access::{Principal, Scope};
use crate::http::Shared;
use crate::http::failure::Failure;
use crate::http::flamenco::json;
use crate::ops::{Dry, LookupError, Ops};
use crate::upkeep;

/// Tells how the store is.
#[utoipa::path(
    get,
    path = "/v1/status",
    operation_id = "get_status",
    tag = "care",
    responses(
        (status = 200, description = "What is there and how it is", body = StatusAnswer),
        (status = "default", description = "Refused or failed; nothing was changed.", body = FailureBody),
    ),
)]
pub(super) async fn show(
    State(shared): State<Shared>,
    Extension(principal): Extension<Principal>,
) -> Result<Response, Failure> {
    let mut status = shared.run(status).await??;
    let scopes = Scope::ALL.into_iter().filter(|scope| principal.scopes().has(*scope));
    status.scopes = scopes.map(|scope| scope.word().to_owned()).collect();
    Ok(json(StatusCode::OK, &status))
}

fn status(ops: &Ops) -> Result<StatusAnswer, LookupError> {
    let (totals, space, abilities) = (ops.totals()?, ops.space()?, ops.abilities());
    Ok(StatusAnswer {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        store: ops.store_id().to_owned(),
        blobs: Weight { blobs: totals.blobs.blobs, bytes: totals.blobs.bytes },
        checkouts: totals.checkouts,
        logical_bytes: totals.logical_bytes,
        is_indexed: totals.is_complete,
        free_bytes: space.free_bytes,
        all_bytes: space.all_bytes,
        reserve_bytes: ops.reserve_bytes(space),
        storage: StorageAbilities {
            file_system: abilities.file_system.map(str::to_owned),
            link_limit: abilities.link_limit,
            flush_all_from: abilities.flush_all_from as u64,
            can: abilities.can.iter().map(|ability| ability.name().to_owned()).collect(),
        },
        last_sweep: ops.last_sweep().map(|(ended, swept)| LastSweep {
            ended: time_on_wire(ended),
            report: upkeep::report(&swept, Dry::No),
        }),
        scrub: scrub::on_wire(&ops.scrub_status()?),
        damaged: ops.count_damage()?,
        scopes: Vec::new(),
    })
}
