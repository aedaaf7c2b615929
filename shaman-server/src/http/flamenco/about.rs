//! `GET /api/v3/version` and `GET /api/v3/configuration/shared-storage/{audience}/{platform}`.

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use shaman_proto::wire::flamenco::{SharedStorageAnswer, VersionAnswer};

use super::super::Shared;
use super::super::failure::Failure;
use super::json;

pub(in crate::http) async fn version() -> Response {
    let version = env!("CARGO_PKG_VERSION");
    json(
        StatusCode::OK,
        &VersionAnswer {
            version: version.to_owned(),
            shortversion: version.to_owned(),
            name: "Shaman".to_owned(),
            git: "none".to_owned(),
        },
    )
}

pub(in crate::http) async fn shared_storage(
    State(shared): State<Shared>,
    path: Result<Path<(String, String)>, axum::extract::rejection::PathRejection>,
) -> Result<Response, Failure> {
    let Path((audience, platform)) = path.map_err(Failure::malformed)?;
    if !matches!(audience.as_str(), "users" | "workers") {
        return Err(Failure::malformed("the audience is neither `users` nor `workers`"));
    }
    let location = shared.ops.checkout_root().to_string_lossy().into_owned();
    Ok(json(
        StatusCode::OK,
        &SharedStorageAnswer { location, audience, platform, shaman_enabled: true },
    ))
}
