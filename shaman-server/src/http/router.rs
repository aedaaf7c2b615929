//! Every route, one table.

use std::sync::Arc;

use axum::Router;
use axum::extract::Extension;
use axum::http::{Method, StatusCode, Uri};
use axum::middleware;
use axum::routing::{any, get, post};

use super::failure::Failure;
use super::{Shared, dashboard, flamenco, health, metrics, native, upstream, watch};
use crate::manager::Manager;

/// All that this server answers: with a Manager behind it everything, else Shaman's own requests
/// and as much of a Manager's as they need.
pub fn router(shared: Shared, manager: Option<Arc<Manager>>) -> Router {
    let prefix = shared.settings.path_prefix.clone();
    let watching = middleware::from_fn_with_state(shared.clone(), watch::watch);
    let is_alone = manager.is_none();
    let mut all = below_prefix(shared, manager);
    if !prefix.is_empty() {
        all = Router::new().nest(&prefix, all).fallback(nothing_here);
    }
    if is_alone {
        // With a Manager behind us this is its page.
        all = all.route(&format!("{prefix}/"), get(dashboard::root));
        if !prefix.is_empty() {
            all = all.route(&prefix, get(dashboard::with_slash));
        }
    }
    // Outermost: what is refused is seen, too.
    all.layer(watching)
}

fn below_prefix(shared: Shared, manager: Option<Arc<Manager>>) -> Router {
    let shaman = Router::new()
        .route("/api/v3/shaman/checkout/requirements", post(flamenco::requirements))
        .route("/api/v3/shaman/checkout/create", post(flamenco::create))
        .route(
            "/api/v3/shaman/files/{checksum}/{filesize}",
            get(flamenco::status).post(flamenco::upload),
        )
        .route("/api/v3/shaman/{*rest}", any(nothing_here))
        .route("/metrics", get(metrics::show))
        .route("/healthz", get(health::alive))
        .route("/readyz", get(health::ready))
        .merge(native::routes())
        .merge(dashboard::routes())
        .route("/v1/{*rest}", any(nothing_here))
        .method_not_allowed_fallback(wrong_method);
    match manager {
        Some(manager) => {
            shaman.fallback(upstream::pass).layer(Extension(manager)).with_state(shared)
        }
        None => shaman
            .route("/api/v3/version", get(flamenco::version))
            .route("/api/v3/configuration", get(flamenco::configuration))
            .route(
                "/api/v3/configuration/shared-storage/{audience}/{platform}",
                get(flamenco::shared_storage),
            )
            .route(
                "/api/v3/configuration/check/shared-storage",
                post(flamenco::check_shared_storage),
            )
            .fallback(no_manager)
            .method_not_allowed_fallback(wrong_method)
            .with_state(shared),
    }
}

async fn nothing_here(uri: Uri) -> Failure {
    let path = uri.path();
    Failure::new(
        StatusCode::NOT_FOUND,
        format!("there is nothing at {path}; is the address of the server right?"),
    )
}

async fn no_manager(uri: Uri) -> Failure {
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
