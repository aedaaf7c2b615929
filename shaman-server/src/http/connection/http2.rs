//! HTTP/2: requests beside each other.

use std::convert::Infallible;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::uri::Uri;
use axum::http::{HeaderMap, HeaderValue, Request, Response, header};
use axum::response::IntoResponse as _;
use hyper::body::Incoming;
use hyper::server::conn::http2;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite};
use tower::ServiceExt as _;

use super::Serving;
use super::streams::{Over, Stream, Streams};
use crate::config::{Current, Limits, Settings};
use crate::http::arrival::Arrival;
use crate::http::body::drain_beside;
use crate::http::failure::Failure;
use crate::http::listen::room;
use crate::http::places::{Full, Places};
use crate::http::unfold::HEAD_BYTES_MAX;
use crate::tasks::Stop;

/// Requests at once on one connection: as many as one client may have uploads
/// (`limits.uploads_per_client`) unless told otherwise. Each beyond the first counts as a connection.
const STREAMS_MAX: u32 = 32;

/// Bytes of one body that may come before somebody reads them, what the protocol begins with. Over a
/// line with 20 ms there and back that is 3 MB/s a body, and a hundred for all.
const STREAM_WINDOW_BYTES: u32 = 64 << 10;

/// The same of all bodies: no body that waits for its turn holds up others.
const WINDOW_BYTES: u32 = STREAM_WINDOW_BYTES * STREAMS_MAX;

/// Bytes of one answer that may wait for the client to take them.
const SEND_BYTES: usize = 64 << 10;

/// How long the rest of a connection that was idle may take: its client may have left a part of
/// an answer unread.
const FAREWELL: Duration = Duration::from_secs(30);

/// Answers requests until the connection ends.
pub(super) async fn answer(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    arrival: Arrival,
    limits: &Limits,
    serving: Serving,
    mut stop: Stop,
) {
    let streams = Streams::default();
    let entrance = Arc::new(Entry {
        arrival,
        places: serving.places,
        settings: serving.settings,
        router: serving.router,
        streams: streams.clone(),
    });
    let service = service_fn(move |request| {
        let (entrance, stream) = (Arc::clone(&entrance), entrance.streams.begin());
        async move { Ok::<_, Infallible>(entrance.answer(request, stream).await) }
    });
    let connection = http2::Builder::new(TokioExecutor::new())
        .timer(TokioTimer::new())
        // Nobody can answer in the middle of a head, so this ends heads that trickle in as well.
        .keep_alive_interval(limits.idle_time)
        .keep_alive_timeout(limits.head_time)
        .max_concurrent_streams(STREAMS_MAX)
        .initial_stream_window_size(STREAM_WINDOW_BYTES)
        .initial_connection_window_size(WINDOW_BYTES)
        .max_send_buf_size(SEND_BYTES)
        .max_header_list_size(u32::try_from(HEAD_BYTES_MAX).unwrap_or(u32::MAX))
        .serve_connection(TokioIo::new(stream), service);
    let mut connection = pin!(connection);
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        over = streams.until_over(limits.idle_time, limits.pause) => {
            tracing::debug!(?over, "ended a connection");
            if over == Over::Stuck {
                return;
            }
            connection.as_mut().graceful_shutdown();
            match tokio::time::timeout(FAREWELL, connection).await {
                Ok(ended) => ended,
                Err(_) => return,
            }
        }
        () = stop.wait() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%error, "a connection ended early");
    }
}

/// What a request of one connection is answered with.
#[derive(Debug)]
struct Entry {
    arrival: Arrival,
    places: Arc<Places>,
    settings: Current<Settings>,
    router: Router,
    streams: Streams,
}

impl Entry {
    async fn answer(&self, request: Request<Incoming>, mut stream: Stream) -> Response<Body> {
        let mut request = as_over_http1(request);
        request.extensions_mut().insert(self.arrival.clone());
        if stream.is_beside_others() {
            let peer = self.arrival.peer.ip();
            match self.places.take(peer, room(&self.settings.now(), peer)).await {
                Ok(place) => stream.hold(place),
                Err(full) => {
                    drain_beside(Body::new(request.into_body()));
                    return refused(full).map(|body| stream.answer(body));
                }
            }
        }
        let answer = self.router.clone().oneshot(request.map(Body::new)).await;
        let Ok(answer) = answer;
        answer.map(|body| stream.answer(body))
    }
}

fn refused(full: Full) -> Response<Body> {
    let mut answer = Failure::new(full.status_code(), full.to_string()).into_response();
    answer.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("5"));
    answer
}

/// The request as it would have come over HTTP/1, so that all behind it knows one form only: its
/// host in a header, its path alone as the address, its cookies in one line (RFC 9113 section 8).
fn as_over_http1<B>(mut request: Request<B>) -> Request<B> {
    if let Some(authority) = request.uri().authority()
        && let Ok(host) = HeaderValue::from_str(authority.as_str())
    {
        request.headers_mut().insert(header::HOST, host);
    }
    if let Some(path) = request.uri().path_and_query().cloned() {
        *request.uri_mut() = Uri::from(path);
    }
    join_cookies(request.headers_mut());
    request
}

fn join_cookies(headers: &mut HeaderMap) {
    let crumbs: Vec<&[u8]> =
        headers.get_all(header::COOKIE).iter().map(HeaderValue::as_bytes).collect();
    if crumbs.len() < 2 {
        return;
    }
    if let Ok(whole) = HeaderValue::from_bytes(&crumbs.join(&b"; "[..])) {
        headers.insert(header::COOKIE, whole);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_looks_as_if_it_had_come_over_http1() {
        let request = Request::get("https://farm:8443/v1/status?x=1")
            .header("cookie", "a=1")
            .header("cookie", "b=2")
            .header("host", "elsewhere")
            .body(())
            .unwrap();
        let request = as_over_http1(request);
        assert_eq!(request.uri().to_string(), "/v1/status?x=1");
        assert_eq!(request.headers()["host"], "farm:8443", "what the protocol says counts");
        let cookies: Vec<_> = request.headers().get_all("cookie").iter().collect();
        assert_eq!(cookies, ["a=1; b=2"]);
    }
}
