//! Headers that keep browsers from doing with our answers what nobody meant.

use axum::http::HeaderValue;
use axum::response::Response;

/// Those of every answer that has no other of its name. No `Strict-Transport-Security`: it is about
/// a host with all of its ports, and a Manager's own pages on another one may be plain. Within TLS
/// this port speaks nothing else, so that there is nothing to lead astray.
const HEADERS: &[(&str, &str)] = &[
    // JSON and blobs are what they say, whatever is in them.
    ("x-content-type-options", "nosniff"),
    // Nothing of ours is shown inside of other pages, and nothing is loaded from anywhere. A page
    // that needs more says so itself.
    ("content-security-policy", "default-src 'none'; frame-ancestors 'none'"),
    ("x-frame-options", "DENY"),
    // A path may be a secret.
    ("referrer-policy", "no-referrer"),
    ("cross-origin-resource-policy", "same-origin"),
];

/// Adds them.
pub(super) async fn harden(mut answer: Response) -> Response {
    for (name, value) in HEADERS {
        let value = || HeaderValue::from_static(value);
        answer.headers_mut().entry(*name).or_insert_with(value);
    }
    answer
}
