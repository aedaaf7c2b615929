//! The door before every handler: whoever comes in is a `Principal`, or gets 401, 403 or 429.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, Method, Request, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};

use super::Shared;
use super::arrival::Arrival;
use super::body::drain_beside;
use super::failure::Failure;
use super::watch::Exchange;
use crate::access::{Access, Door, Refusal};
use crate::tasks::Blocking;

/// What a client that was refused is to send (RFC 6750).
const CHALLENGE: &str = "Bearer realm=\"shaman\"";

/// Whom the requests behind it need to be.
#[derive(Debug, Clone)]
pub(super) struct Guard {
    door: Arc<Door>,
    blocking: Blocking,
    access: Asked,
}

/// What is asked of a request.
#[derive(Debug, Clone, Copy)]
enum Asked {
    /// What its route says.
    Route(Access),
    /// What its method says: it goes to the Manager.
    Passed,
}

impl Guard {
    /// Before a route.
    pub(super) fn new(shared: &Shared, access: Access) -> Self {
        Self { access: Asked::Route(access), ..Self::before_manager(shared) }
    }

    /// Before the Manager, who asks nobody for anything itself: whoever may do anything here may
    /// look at what it has, who submits may send to it, and only ops may delete there: with a job
    /// goes its checkout.
    pub(super) fn before_manager(shared: &Shared) -> Self {
        Self {
            door: Arc::clone(&shared.door),
            blocking: shared.blocking.clone(),
            access: Asked::Passed,
        }
    }
}

/// Lets a request in, with its principal among its extensions, or answers it.
pub(super) async fn enforce(
    State(guard): State<Guard>,
    mut request: Request<Body>,
    next: Next,
) -> Response {
    let access = match guard.access {
        Asked::Route(access) => access,
        Asked::Passed => access_of_passed(request.method()),
    };
    if access == Access::Open {
        return next.run(request).await;
    }
    if guard.door.is_due() {
        let door = Arc::clone(&guard.door);
        // It cannot panic, and what was known before holds.
        guard.blocking.run(move || door.look()).await.ok();
    }
    let arrival = request.extensions().get::<Arrival>();
    let from = arrival.expect("each connection has one").peer.ip().to_canonical();
    match guard.door.admit(access, bearer(request.headers()), from) {
        Ok(principal) => {
            if let Some(exchange) = request.extensions().get::<Exchange>() {
                exchange.set_principal(principal.who().to_string());
            }
            request.extensions_mut().insert(principal);
            next.run(request).await
        }
        Err(refusal) => {
            // It may be in the middle of a large body; it is to read the answer.
            drain_beside(request.into_body());
            refused(&refusal)
        }
    }
}

fn access_of_passed(method: &Method) -> Access {
    match *method {
        Method::GET | Method::HEAD | Method::OPTIONS => Access::Known,
        Method::DELETE => Access::Ops,
        _ => Access::Submit,
    }
}

/// The token that a request presents. Other schemes are none of ours: Flamenco's workers speak
/// `Basic` with their Manager.
pub(super) fn bearer(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

fn refused(refusal: &Refusal) -> Response {
    let status = match refusal {
        Refusal::NoToken | Refusal::WrongToken | Refusal::Over { .. } => StatusCode::UNAUTHORIZED,
        Refusal::TooOften(_) => StatusCode::TOO_MANY_REQUESTS,
        Refusal::Stranger(_) | Refusal::NotAllowed { .. } => StatusCode::FORBIDDEN,
    };
    let mut answer = Failure::new(status, refusal.to_string()).into_response();
    if status == StatusCode::UNAUTHORIZED {
        let challenge = HeaderValue::from_static(CHALLENGE);
        answer.headers_mut().insert(header::WWW_AUTHENTICATE, challenge);
    }
    if let Refusal::TooOften(wait) = refusal {
        answer.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(wait.as_secs()));
    }
    answer
}
