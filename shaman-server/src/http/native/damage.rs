//! `GET /v1/damage`: what is damaged and not healed yet.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use shaman_proto::wire::care::{Damage, DamageAnswer, Touched};
use shaman_proto::wire::failure::Failure as FailureBody;

use super::time_on_wire;
use crate::http::Shared;
use crate::http::failure::Failure;
use crate::http::flamenco::json;
use crate::ops::{self, Ops};

/// Names what is damaged and not healed yet.
#[utoipa::path(
    get,
    path = "/v1/damage",
    operation_id = "get_damage",
    tag = "care",
    responses(
        (status = 200, description = "By digest", body = DamageAnswer),
        (status = "default", description = "Refused or failed; nothing was changed.", body = FailureBody),
    ),
)]
pub(super) async fn show(State(shared): State<Shared>) -> Result<Response, Failure> {
    let damage = shared.run(Ops::damage).await??;
    Ok(json(StatusCode::OK, &DamageAnswer { damaged: damage.into_iter().map(on_wire).collect() }))
}

fn on_wire(damage: ops::Damage) -> Damage {
    Damage {
        sha256: damage.blob.digest,
        size: damage.blob.size,
        found: damage.found_at.map(time_on_wire),
        missing: damage.is_missing,
        checkouts: damage
            .checkouts
            .into_iter()
            .map(|(checkout, paths)| Touched {
                checkout: checkout.as_str().to_owned(),
                paths: paths.iter().map(|path| path.as_str().to_owned()).collect(),
            })
            .collect(),
    }
}
