//! What a Flamenco Manager would answer, for when there is none: enough for the storage steps of
//! the Blender add-on and for scripts built on its packer.

use axum::body::Body;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::Response;
use shaman_proto::wire::flamenco::{
    CheckPathAnswer, CheckPathRequest, ConfigurationAnswer, SharedStorageAnswer, VersionAnswer,
};

use super::super::Shared;
use super::super::failure::Failure;
use super::requirements::not_understood;
use super::{json, with_list};
use crate::config::{Audience, Platform};
use crate::ops::Ops;

/// What the add-on calls itself: `Flamenco/3.9 (Blender add-on)`.
const ADD_ON: &str = "Flamenco/";

pub(in crate::http) async fn version(headers: HeaderMap) -> Response {
    let ours = env!("CARGO_PKG_VERSION");
    json(
        StatusCode::OK,
        &VersionAnswer {
            version: ours.to_owned(),
            // The add-on stops when this is not its own version.
            shortversion: add_on_version(&headers).unwrap_or(ours).to_owned(),
            name: "Shaman".to_owned(),
            git: "none".to_owned(),
        },
    )
}

/// The version of the add-on that asks, if it is one.
fn add_on_version(headers: &HeaderMap) -> Option<&str> {
    let agent = headers.get(header::USER_AGENT)?.to_str().ok()?;
    if !agent.contains("Blender add-on") {
        return None;
    }
    let version = agent.strip_prefix(ADD_ON)?.split_ascii_whitespace().next()?;
    (version.len() <= 64).then_some(version)
}

pub(in crate::http) async fn configuration(State(shared): State<Shared>) -> Response {
    json(
        StatusCode::OK,
        &ConfigurationAnswer {
            storage_location: checkout_root(&shared.ops),
            shaman_enabled: true,
            is_first_run: false,
        },
    )
}

pub(in crate::http) async fn shared_storage(
    State(shared): State<Shared>,
    path: Result<Path<(String, String)>, PathRejection>,
) -> Result<Response, Failure> {
    let Path((audience, platform)) = path.map_err(Failure::malformed)?;
    let for_whom: Audience = audience
        .parse()
        .map_err(|_| Failure::malformed("the audience is neither `users` nor `workers`"))?;
    let for_what: Platform = platform.parse().map_err(|_| {
        Failure::malformed("the platform is none of `linux`, `darwin` and `windows`")
    })?;
    let root = checkout_root(&shared.ops);
    let location = shared.settings.now().variables.path_for(&root, for_whom, for_what);
    Ok(json(
        StatusCode::OK,
        &SharedStorageAnswer { location, audience, platform, shaman_enabled: true },
    ))
}

pub(in crate::http) async fn check_shared_storage(
    State(shared): State<Shared>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Failure> {
    with_list(&shared, &headers, body, check).await
}

/// Says whether a path can be the shared storage of this server. Only the one it has can: others
/// are not touched.
fn check(ops: &Ops, bytes: &[u8]) -> Result<Response, Failure> {
    let request: CheckPathRequest =
        serde_json::from_slice(bytes).map_err(|e| not_understood(&e))?;
    let path = request.path.trim();
    let root = checkout_root(ops);
    let storage = root.strip_suffix("/jobs").unwrap_or(&root);
    let cause = if path.is_empty() {
        "An empty path is not suitable as shared storage".to_owned()
    } else if path.starts_with(r"\\") || path.starts_with("//") {
        "UNC notation is not supported. Mount as a drive letter instead.".to_owned()
    } else if ![storage, &root].contains(&path.trim_end_matches('/')) {
        format!("This server's storage is {storage}; start it with another one to use {path}")
    } else if let Err(error) = ops.try_storage() {
        format!("The storage cannot be written to: {error}")
    } else {
        String::new()
    };
    Ok(json(
        StatusCode::OK,
        &CheckPathAnswer { path: request.path, is_usable: cause.is_empty(), cause },
    ))
}

fn checkout_root(ops: &Ops) -> String {
    ops.checkout_root().to_string_lossy().into_owned()
}
