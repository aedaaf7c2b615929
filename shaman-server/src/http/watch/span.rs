//! An exchange as a span, in the words of OpenTelemetry's conventions where they have some.

use std::time::Duration;

use axum::http::Method;

use super::exchange::{Ended, Inner};
use crate::otlp::{Attribute, Span, Trace};

/// Methods that the conventions know and our routes or a Manager's may have.
const METHODS: [Method; 9] = [
    Method::GET,
    Method::HEAD,
    Method::POST,
    Method::PUT,
    Method::PATCH,
    Method::DELETE,
    Method::OPTIONS,
    Method::CONNECT,
    Method::TRACE,
];

/// The span of an exchange that began so long after 1970.
pub(super) fn of(exchange: &Inner, trace: Trace, began: Duration, ended: Ended) -> Span {
    let Inner { id, method, route, peer, principal, .. } = exchange;
    let is_known = METHODS.contains(method);
    let failure = failure(ended);
    let named = route.named();
    let mut attributes: Vec<(&'static str, Attribute)> = vec![
        ("http.request.method", if is_known { method.as_str() } else { "_OTHER" }.into()),
        ("url.path", route.path.as_str().into()),
        ("http.request.body.size", ended.in_bytes.into()),
        ("http.response.body.size", ended.out_bytes.into()),
        ("shaman.request_id", id.to_str().unwrap_or_default().into()),
    ];
    let mut more = |key, value: Option<Attribute>| attributes.extend(value.map(|it| (key, it)));
    more("http.request.method_original", (!is_known).then(|| method.as_str().into()));
    // What is no line of the table is no route.
    let is_route = route.template.starts_with('/');
    more("http.route", is_route.then(|| route.template.as_str().into()));
    let status = ended.status.map(|status| u64::from(status.as_u16()));
    more("http.response.status_code", status.map(Attribute::from));
    more("client.address", peer.map(|peer| peer.to_string().into()));
    more("shaman.principal", principal.get().map(|principal| principal.as_str().into()));
    more("shaman.digest", named.digest.map(Attribute::from));
    more("shaman.checkout", exchange.checkout().map(Attribute::from));
    let kind = ended.status.map_or_else(|| "cut".to_owned(), |status| status.as_str().to_owned());
    more("error.type", failure.is_some().then(|| kind.into()));
    let method = if is_known { method.as_str() } else { "HTTP" };
    let name = format!("{method} {}", route.template);
    Span { trace, name, began, took: ended.took, attributes, failure }
}

/// Why it failed here; what a client did wrong is no failure of the server.
fn failure(ended: Ended) -> Option<String> {
    match ended.status {
        None => Some("cut off before an answer".to_owned()),
        Some(status) if status.is_server_error() => Some(status.to_string()),
        Some(_) => None,
    }
}
