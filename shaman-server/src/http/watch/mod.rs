//! How requests are watched: each is counted and timed, and one line of the log tells of it.
//!
//! An [`Exchange`] begins with the head of a request and ends with the last byte of its answer, or
//! when the connection is cut. Handlers find it among the request's extensions.

mod bodies;
mod exchange;
mod request_id;
mod route;
mod series;
mod span;

use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::Response;
use tokio::sync::Mutex;

pub(in crate::http) use exchange::{Exchange, Made};
pub(in crate::http) use series::Series;

use super::Shared;
use crate::otlp::Spans;
use bodies::Counted;
use series::AllSeries;

/// Figures of all requests since the start.
#[derive(Debug)]
pub struct Watch {
    /// Seconds since 1970 when the server started.
    pub(super) started_at: u64,
    /// Whether a Manager gets what is not ours.
    is_gateway: bool,
    pub(super) series: AllSeries,
    /// What traces are made of, where somebody wants them.
    pub(super) spans: Spans,
    /// Requests that run.
    pub(super) running: AtomicU64,
    /// Connections that are open.
    pub(super) connections: Arc<AtomicU64>,
    /// Held while the storage is tried.
    pub(super) trying: Arc<Mutex<()>>,
}

impl Watch {
    /// Nothing was seen yet.
    pub fn new(started_at: u64, is_gateway: bool, spans: Spans) -> Self {
        Self {
            started_at,
            is_gateway,
            series: AllSeries::default(),
            spans,
            running: AtomicU64::default(),
            connections: Arc::default(),
            trying: Arc::default(),
        }
    }
}

/// Watches a request.
pub(super) async fn watch(
    State(shared): State<Shared>,
    mut request: Request,
    next: Next,
) -> Response {
    let exchange = Exchange::begin(&shared, &request);
    request.extensions_mut().insert(exchange.clone());
    let receiving = exchange.clone();
    let came = move |bytes| receiving.received(bytes);
    let request = request.map(|body| Body::new(Counted::new(body, came)));
    // Cut off before there is an answer, this future is dropped, and the exchange ends with it.
    let open = exchange.open();
    let mut response = next.run(request).await;
    exchange.answered(&mut response);
    // With the end of the answer's body the exchange ends.
    response.map(|body| Body::new(Counted::new(body, move |bytes| open.sent(bytes))))
}
