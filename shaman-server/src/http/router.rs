//! Every route, one table.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Extension, Request};
use axum::http::{Method, StatusCode, Uri};
use axum::middleware::{self, from_fn_with_state, map_response};
use axum::routing::{self, any};
use tower::ServiceExt as _;

use super::failure::Failure;
use super::guard::{Guard, enforce};
use super::harden::harden;
use super::route::{Route, get, into_router, post};
use super::{Shared, dashboard, flamenco, health, metrics, native, upstream, watch};
use crate::access::Access::{Known, Open, Read, Submit};
use crate::manager::Manager;

/// Whether there is a Manager behind us.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// There is none.
    Alone,
    /// What is not ours is passed on to it.
    BeforeManager,
}

/// The table: every route, whom it lets in, and what answers. A new route is one line here or in
/// the table of our own API; the tests walk all of them.
pub fn routes(standing: Standing) -> Vec<Route> {
    let mut routes = vec![
        post("/api/v3/shaman/checkout/requirements", Submit, flamenco::requirements),
        post("/api/v3/shaman/checkout/create", Submit, flamenco::create).creates(),
        get("/api/v3/shaman/files/{checksum}/{filesize}", Submit, flamenco::status),
        post("/api/v3/shaman/files/{checksum}/{filesize}", Submit, flamenco::upload).uploads(),
    ];
    routes.extend([
        get("/metrics", Read, metrics::show),
        get("/healthz", Open, health::alive),
        get("/readyz", Open, health::ready),
    ]);
    routes.extend(native::routes());
    routes.extend(dashboard::routes());
    if standing == Standing::Alone {
        routes.extend([
            get("/api/v3/version", Known, flamenco::version),
            get("/api/v3/configuration", Known, flamenco::configuration),
            get(
                "/api/v3/configuration/shared-storage/{audience}/{platform}",
                Known,
                flamenco::shared_storage,
            ),
            post(
                "/api/v3/configuration/check/shared-storage",
                Submit,
                flamenco::check_shared_storage,
            ),
        ]);
    }
    routes
}

/// All that this server answers: with a Manager behind it everything, else Shaman's own requests
/// and as much of a Manager's as they need.
pub fn router(shared: Shared, manager: Option<Arc<Manager>>) -> Router {
    let prefix = shared.settings.now().path_prefix.clone();
    let watching = middleware::from_fn_with_state(shared.clone(), watch::watch);
    let is_alone = manager.is_none();
    let mut all = below_prefix(shared, manager);
    if !prefix.is_empty() {
        let page = all.clone().map_request(at_root);
        all = Router::new().nest(&prefix, all).fallback(nothing_here);
        all = all.route(&prefix, routing::get(dashboard::with_slash));
        if !is_alone {
            // For the table of routes `/farm/` is not below `/farm`.
            all = all.route_service(&format!("{prefix}/"), page);
        }
    }
    if is_alone {
        // With a Manager behind us this is its page.
        all = all.route(&format!("{prefix}/"), routing::get(dashboard::root));
    }
    // Outermost: what is refused is seen, too.
    all.layer(watching)
}

fn below_prefix(shared: Shared, manager: Option<Arc<Manager>>) -> Router {
    let standing = if manager.is_some() { Standing::BeforeManager } else { Standing::Alone };
    let shaman = into_router(routes(standing), &shared)
        .route("/api/v3/shaman/{*rest}", any(nothing_here))
        .route("/v1/{*rest}", any(nothing_here))
        .method_not_allowed_fallback(wrong_method);
    // What the Manager answers is its own.
    match manager {
        Some(manager) => {
            let guard = from_fn_with_state(Guard::before_manager(&shared), enforce);
            let passed = any(upstream::pass).layer(guard).with_state(shared.clone());
            let shaman = shaman.layer(map_response(harden));
            shaman.fallback_service(passed).layer(Extension(manager)).with_state(shared)
        }
        None => shaman.fallback(no_manager).layer(map_response(harden)).with_state(shared),
    }
}

/// The same request for `/`, with its query.
fn at_root(mut request: Request) -> Request {
    let root = match request.uri().query() {
        Some(query) => format!("/?{query}"),
        None => "/".to_owned(),
    };
    *request.uri_mut() = root.parse().expect("a query stays one");
    request
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
