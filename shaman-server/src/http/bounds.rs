//! Limits that a route keeps besides its door: the pace of the body, its length, and how much one
//! client may have under way.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::http::{HeaderValue, Request, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use hyper::body::Body as _;

use super::body::{content_length, drain_beside};
use super::failure::Failure;
use super::paced::{Pace, Paced};
use crate::access::Principal;
use crate::config::Limits;
use crate::tasks::{Bounds, Pass, TurnedAway, Turnstile};

/// How long a create or an upload waits for its turn.
const PATIENCE: Duration = Duration::from_secs(30);

/// Uploads or creates of one client that may wait.
const WAITING_MAX: usize = 500;

/// What a route has the server do, as far as that is limited.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Work {
    /// Nothing to speak of.
    Little,
    /// It makes a checkout.
    Create,
    /// It takes blobs.
    Upload,
    /// The Manager does it.
    Passed,
}

/// Who is at what now.
#[derive(Debug, Default)]
pub struct Turns {
    creates: Arc<Turnstile>,
    uploads: Arc<Turnstile>,
}

/// Answers a request within its limits, or says which one it is over.
pub(super) async fn keep(
    work: Work,
    limits: &Limits,
    turns: &Turns,
    principal: Option<&Principal>,
    request: Request<Body>,
    next: Next,
) -> Response {
    let most = most_bytes(work, limits);
    if let Some(failure) = too_long(work, limits, most, &request) {
        drain_beside(request.into_body());
        return failure.into_response();
    }
    let who = principal.map(|principal| principal.who().to_string()).unwrap_or_default();
    let pass = match enter(work, limits, turns, &who).await {
        Ok(pass) => pass,
        Err(refused) => {
            drain_beside(request.into_body());
            return refused;
        }
    };
    let pace = Pace { pause: limits.pause, rate: limits.body_rate, bytes: most };
    let request = if request.body().is_end_stream() {
        request
    } else {
        request.map(|body| Body::new(Paced::new(body, pace)))
    };
    let answer = next.run(request).await;
    drop(pass);
    answer
}

fn most_bytes(work: Work, limits: &Limits) -> u64 {
    match work {
        Work::Little | Work::Create => limits.list_bytes,
        // A pack, or a blob, whose name says how long it is.
        Work::Upload | Work::Passed => u64::MAX,
    }
}

fn too_long(work: Work, limits: &Limits, most: u64, request: &Request<Body>) -> Option<Failure> {
    let refused = |bytes: u64, most: u64, what: &str| {
        let message =
            format!("{what} of {bytes} bytes is longer than the {most} that this server takes");
        Failure::new(StatusCode::PAYLOAD_TOO_LARGE, message)
    };
    let announced = content_length(request.headers()).unwrap_or(0);
    if announced > most {
        return Some(refused(announced, most, "a list"));
    }
    let declared = if work == Work::Upload { declared(request.uri().path()) } else { None };
    let is_too_long = |bytes: &u64| limits.blob_bytes > 0 && *bytes > limits.blob_bytes;
    declared.filter(is_too_long).map(|bytes| refused(bytes, limits.blob_bytes, "a blob"))
}

/// The size that the name of a blob says, at the end of a URL: `…/<sha>-<size>`, `…/<sha>/<size>`.
fn declared(path: &str) -> Option<u64> {
    path.rsplit(['/', '-']).next()?.parse().ok()
}

async fn enter(
    work: Work,
    limits: &Limits,
    turns: &Turns,
    who: &str,
) -> Result<Option<Pass>, Response> {
    let (turnstile, all, each) = match work {
        Work::Create => (&turns.creates, limits.creates, limits.creates.div_ceil(2)),
        Work::Upload => (&turns.uploads, usize::MAX, limits.uploads_per_client),
        Work::Little | Work::Passed => return Ok(None),
    };
    let bounds = Bounds { all, each, waiting: WAITING_MAX, patience: PATIENCE };
    match turnstile.enter(who, bounds).await {
        Ok(pass) => Ok(Some(pass)),
        Err(turned_away) => Err(come_back(work, turned_away)),
    }
}

fn come_back(work: Work, turned_away: TurnedAway) -> Response {
    let what = if work == Work::Create { "checkouts" } else { "uploads" };
    let (status, message) = match (work, turned_away) {
        (Work::Create, TurnedAway::TooLong) => (
            StatusCode::SERVICE_UNAVAILABLE,
            "so many checkouts are being made that this one had no turn; try again in some seconds"
                .to_owned(),
        ),
        (_, TurnedAway::TooMany | TurnedAway::TooLong) => (
            StatusCode::TOO_MANY_REQUESTS,
            format!("too many {what} of yours are under way; let some end, then try again"),
        ),
    };
    let mut answer = Failure::new(status, message).into_response();
    answer.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("2"));
    answer
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_says_how_long_its_blob_is() {
        let sha = "ab".repeat(32);
        assert_eq!(declared(&format!("/v1/blobs/{sha}-77")), Some(77));
        assert_eq!(declared(&format!("/api/v3/shaman/files/{sha}/77")), Some(77));
        assert_eq!(declared("/v1/blobs"), None);
    }
}
