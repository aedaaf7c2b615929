//! Every route, one table.

use axum::Router;
use axum::http::{Method, StatusCode, Uri};
use axum::routing::{get, post};

use super::failure::Failure;
use super::{Shared, flamenco};

/// All that this server answers.
pub fn router(shared: Shared) -> Router {
    Router::new()
        .route("/api/v3/shaman/checkout/requirements", post(flamenco::requirements))
        .route("/api/v3/shaman/checkout/create", post(flamenco::create))
        .route(
            "/api/v3/shaman/files/{checksum}/{filesize}",
            get(flamenco::status).post(flamenco::upload),
        )
        .route("/api/v3/version", get(flamenco::version))
        .route("/api/v3/configuration", get(flamenco::configuration))
        .route(
            "/api/v3/configuration/shared-storage/{audience}/{platform}",
            get(flamenco::shared_storage),
        )
        .route("/api/v3/configuration/check/shared-storage", post(flamenco::check_shared_storage))
        .fallback(nothing_here)
        .method_not_allowed_fallback(wrong_method)
        .with_state(shared)
}

async fn nothing_here(uri: Uri) -> Failure {
    Failure::new(
        StatusCode::NOT_FOUND,
        format!(
            "there is nothing at {}; this is a Shaman file server without a Flamenco Manager behind it (`upstream`), and what it answers is below /api/v3/shaman",
            uri.path()
        ),
    )
}

async fn wrong_method(method: Method, uri: Uri) -> Failure {
    Failure::new(StatusCode::METHOD_NOT_ALLOWED, format!("{} does not take {method}", uri.path()))
}
