//! HTTP/1: one request after the other, or a tunnel.

use std::pin::pin;

use hyper::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::io::{AsyncRead, AsyncWrite};
use tower::ServiceExt as _;

use super::Serving;
use crate::config::Limits;
use crate::http::arrival::Arrival;
use crate::http::unfold::{HEAD_BYTES_MAX, Unfold};
use crate::tasks::Stop;

/// Answers requests until the connection ends.
pub(super) async fn answer(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    arrival: Arrival,
    limits: &Limits,
    serving: Serving,
    mut stop: Stop,
) {
    let stream = Unfold::new(stream, arrival.tunnel.clone()).with_head_time(limits.head_time);
    let arrived = arrival.clone();
    let service = serving.router.map_request(move |mut request: Request<Incoming>| {
        request.extensions_mut().insert(arrived.clone());
        request
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        // Heads come to the parser whole: what it waits for is the next request.
        .header_read_timeout(limits.idle_time)
        .max_header_size(HEAD_BYTES_MAX)
        .max_buf_size(serving.buffer_bytes)
        .serve_connection(TokioIo::new(stream), TowerToHyperService::new(service))
        .with_upgrades();
    let mut connection = pin!(connection);
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = stop.wait() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%error, "a connection ended early");
    }
    if let Some(tunnel) = arrival.take_afterwards() {
        tokio::select! {
            () = tunnel => {}
            () = stop.wait() => {}
        }
    }
}
