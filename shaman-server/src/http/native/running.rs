//! `GET /v1/uploads`, `/v1/servers` and `/v1/history`: what runs, and how the store grew.

use axum::extract::rejection::QueryRejection;
use axum::extract::{Extension, Query, State};
use axum::http::StatusCode;
use axum::response::Response;
use serde::Deserialize;
use shaman_proto::parse_duration;
use shaman_proto::wire::failure::Failure as FailureBody;
use shaman_proto::wire::native::Weight;
use shaman_proto::wire::watch::{
    HistoryAnswer, HistoryPoint, RunningUpload, ServerOnStorage, ServersAnswer, UploadsAnswer,
};

use super::time_on_wire;
use crate::access::Principal;
use crate::http::Shared;
use crate::http::failure::Failure;
use crate::http::flamenco::json;
use crate::ops::{Ops, Point};

/// Uploads that are named: more than somebody reads.
const NAMED_MAX: usize = 100;

/// Tells what is being received: who only submits sees what it sends itself.
#[utoipa::path(
    get,
    path = "/v1/uploads",
    operation_id = "list_uploads",
    tag = "care",
    responses((status = 200, description = "The largest first", body = UploadsAnswer)),
)]
pub(super) async fn uploads(
    State(shared): State<Shared>,
    Extension(principal): Extension<Principal>,
) -> Response {
    let running = match principal.owner() {
        _ if principal.sees_all() => shared.ops.running_uploads(),
        Some(owner) => shared.ops.running_uploads_of(&owner),
        None => Vec::new(),
    };
    let all = running.len() as u64;
    let uploads = running.into_iter().take(NAMED_MAX).map(|one| RunningUpload {
        sha256: one.blob.digest,
        size: one.blob.size,
        received_bytes: one.received_bytes,
        senders: one.senders as u64,
    });
    json(StatusCode::OK, &UploadsAnswer { uploads: uploads.collect(), all })
}

/// Tells which servers run on the storage.
#[utoipa::path(
    get,
    path = "/v1/servers",
    operation_id = "list_servers",
    tag = "care",
    responses(
        (status = 200, description = "The oldest first", body = ServersAnswer),
        (status = "default", description = "Refused or failed; nothing was changed.", body = FailureBody),
    ),
)]
pub(super) async fn servers(State(shared): State<Shared>) -> Result<Response, Failure> {
    let servers = shared.run(Ops::servers).await??;
    let servers = servers.into_iter().map(|server| ServerOnStorage {
        id: server.id,
        began: server.began.map(time_on_wire),
        is_this: server.is_this,
    });
    Ok(json(StatusCode::OK, &ServersAnswer { servers: servers.collect() }))
}

/// What may be asked of the history.
#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields, default)]
#[into_params(parameter_in = Query)]
pub(super) struct Span {
    /// Only what is younger (`7d`, `12h`).
    newer_than: Option<String>,
}

/// Tells how the store grew.
#[utoipa::path(
    get,
    path = "/v1/history",
    operation_id = "get_history",
    tag = "care",
    params(Span),
    responses(
        (status = 200, description = "By time", body = HistoryAnswer),
        (status = "default", description = "Refused or failed; nothing was changed.", body = FailureBody),
    ),
)]
pub(super) async fn history(
    State(shared): State<Shared>,
    query: Result<Query<Span>, QueryRejection>,
) -> Result<Response, Failure> {
    let Query(span) = query.map_err(Failure::malformed)?;
    let age = span.newer_than.as_deref().map(parse_duration).transpose();
    let age = age.map_err(Failure::malformed)?;
    let points = shared.run(Ops::history).await??;
    let from = age.map_or(0, |age| shared.ops.now_secs().saturating_sub(age.as_secs()));
    let points = points.into_iter().filter(|point| point.at >= from).map(point_on_wire);
    Ok(json(StatusCode::OK, &HistoryAnswer { points: points.collect() }))
}

fn point_on_wire(point: Point) -> HistoryPoint {
    HistoryPoint {
        at: time_on_wire(point.at),
        blobs: Weight { blobs: point.blobs.blobs, bytes: point.blobs.bytes },
        checkouts: point.checkouts,
        logical_bytes: point.logical_bytes,
        free_bytes: point.free_bytes,
    }
}
