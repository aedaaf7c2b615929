//! Heads of requests and answers, made ready for the next connection.

use axum::body::Body;
use axum::http::header::{self, HeaderMap, HeaderName, HeaderValue};
use axum::http::{Request, Response};

use super::drained::Drained;
use crate::http::arrival::Arrival;
use crate::http::failure::Failure;
use crate::http::guard::bearer;
use crate::manager::Manager;

/// Headers about one connection (RFC 9110 section 7.6.1), and `Expect`, which we answer ourselves.
const OF_ONE_CONNECTION: &[&str] = &[
    "connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "proxy-authenticate",
    "proxy-authorization",
    "expect",
    "keep-alive",
    "proxy-connection",
];

const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const FORWARDED_HOST: HeaderName = HeaderName::from_static("x-forwarded-host");
const FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");

/// Passes a request on and gives the answer, whose body streams.
pub(super) async fn pass(
    manager: &Manager,
    arrival: &Arrival,
    request: Request<Body>,
) -> Result<Response<Body>, Failure> {
    let answer = manager.send(outgoing(request, arrival)).await?;
    let (mut head, body) = answer.into_parts();
    keep_to_itself(&mut head.headers);
    Ok(Response::from_parts(head, Body::new(body)))
}

/// The request as the Manager gets it.
pub(super) fn outgoing(request: Request<Body>, arrival: &Arrival) -> Request<Body> {
    let (mut head, body) = request.into_parts();
    if head.headers.contains_key(header::TRANSFER_ENCODING) {
        // The length of a chunked body is what its chunks say.
        head.headers.remove(header::CONTENT_LENGTH);
    }
    keep_to_itself(&mut head.headers);
    // A token is for us; what Flamenco's workers say of themselves is for the Manager.
    if bearer(&head.headers).is_some() {
        head.headers.remove(header::AUTHORIZATION);
    }
    forwarded(&mut head.headers, arrival);
    head.extensions.clear();
    Request::from_parts(head, Body::new(Drained::new(body)))
}

/// Takes away what is about one connection, also what `Connection` names.
pub(super) fn keep_to_itself(headers: &mut HeaderMap) {
    let named: Vec<HeaderName> = headers
        .get_all(header::CONNECTION)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .filter_map(|name| name.trim().parse().ok())
        .collect();
    for name in named.iter().map(HeaderName::as_str).chain(OF_ONE_CONNECTION.iter().copied()) {
        headers.remove(name);
    }
}

/// Says on whose behalf we ask. What a client says of itself about host and scheme is not believed.
fn forwarded(headers: &mut HeaderMap, arrival: &Arrival) {
    let mut line = Vec::new();
    for value in headers.get_all(&FORWARDED_FOR) {
        line.extend_from_slice(value.as_bytes());
        line.extend_from_slice(b", ");
    }
    line.extend_from_slice(arrival.peer.ip().to_canonical().to_string().as_bytes());
    if let Ok(value) = HeaderValue::from_bytes(&line) {
        headers.insert(FORWARDED_FOR, value);
    }
    match headers.get(header::HOST).cloned() {
        Some(host) => headers.insert(FORWARDED_HOST, host),
        None => headers.remove(&FORWARDED_HOST),
    };
    if let Ok(scheme) = HeaderValue::from_str(arrival.scheme.as_str()) {
        headers.insert(FORWARDED_PROTO, scheme);
    }
}
