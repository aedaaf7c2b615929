//! The door before every handler: whoever comes in is a `Principal`, or gets 401, 403 or 429.

use std::net::IpAddr;
use std::sync::Arc;

use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, Method, Request, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use ipnet::IpNet;
use serde_json::{Map, Value};

use super::Shared;
use super::arrival::Arrival;
use super::body::drain_beside;
use super::bounds::{Turns, Work, keep};
use super::failure::Failure;
use super::route::Route;
use super::watch::{Exchange, Made};
use crate::access::{Access, Door, Refusal};
use crate::audit::Audit;
use crate::config::{Current, Settings};
use crate::tasks::Blocking;

/// What a client that was refused is to send (RFC 6750).
const CHALLENGE: &str = "Bearer realm=\"shaman\"";

/// What stands before a handler.
#[derive(Debug, Clone)]
pub(super) struct Guard {
    door: Arc<Door>,
    blocking: Blocking,
    settings: Current<Settings>,
    turns: Arc<Turns>,
    audit: Audit,
    access: Asked,
    work: Work,
    audited: Option<&'static str>,
}

/// What the audit log is told of a request instead of its path; among the extensions of the answer.
#[derive(Debug, Clone)]
pub(super) enum Audited {
    /// Nothing: nothing was changed.
    No,
    /// These fields.
    With(Map<String, Value>),
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
    pub(super) fn new(shared: &Shared, route: &Route) -> Self {
        let access = Asked::Route(route.access);
        let (work, audited) = (route.work, route.audited);
        Self { access, work, audited, ..Self::before_manager(shared) }
    }

    /// Before the Manager, who asks nobody for anything itself: whoever may do anything here may
    /// look at what it has, who submits may send to it, and only ops may delete there: with a job
    /// goes its checkout.
    pub(super) fn before_manager(shared: &Shared) -> Self {
        Self {
            door: Arc::clone(&shared.door),
            blocking: shared.blocking.clone(),
            settings: shared.settings.clone(),
            turns: Arc::clone(&shared.turns),
            audit: shared.audit.clone(),
            access: Asked::Passed,
            work: Work::Passed,
            audited: None,
        }
    }
}

/// Lets a request in, with its principal among its extensions, or answers it.
pub(super) async fn enforce(
    State(guard): State<Guard>,
    mut request: Request<Body>,
    next: Next,
) -> Response {
    let settings = guard.settings.now();
    let limits = &settings.limits;
    let access = match guard.access {
        Asked::Route(access) => access,
        Asked::Passed => access_of_passed(request.method()),
    };
    if access == Access::Open {
        return keep(guard.work, limits, &guard.turns, None, request, next).await;
    }
    if guard.door.is_due() {
        let door = Arc::clone(&guard.door);
        // It cannot panic, and what was known before holds.
        guard.blocking.run(move || door.look()).await.ok();
    }
    let arrival = request.extensions().get::<Arrival>();
    let peer = arrival.expect("each connection has one").peer.ip();
    let from = asker(peer, request.headers(), &settings.trusted_proxies);
    match guard.door.admit(access, bearer(request.headers()), from) {
        Ok(principal) => {
            if let Some(exchange) = request.extensions().get::<Exchange>() {
                exchange.set_principal(principal.who().to_string());
            }
            request.extensions_mut().insert(principal.clone());
            let what = match (guard.audited, guard.access, request.method()) {
                (None, Asked::Passed, &Method::DELETE) => Some("delete at the Manager"),
                (audited, ..) => audited,
            };
            // The path is copied only where it is written down.
            let path = what.map(|_| request.uri().path().to_owned());
            let answer =
                keep(guard.work, limits, &guard.turns, Some(&principal), request, next).await;
            if let (Some(what), Some(path), true) = (what, path, answer.status().is_success()) {
                let told = answer.extensions();
                let more = match (told.get::<Made>(), told.get::<Audited>()) {
                    (Some(made), _) => Some(made.fields()),
                    (None, Some(Audited::With(fields))) => Some(fields.clone()),
                    (None, Some(Audited::No)) => None,
                    (None, None) => Some(Map::from_iter([("path".into(), path.into())])),
                };
                if let Some(more) = more {
                    let who = principal.who().to_string();
                    guard.audit.note(&who, Some(from.to_string()), what, more);
                }
            }
            answer
        }
        Err(refusal) => {
            if let (Refusal::NotAllowed { who, .. }, Some(exchange)) =
                (&refusal, request.extensions().get::<Exchange>())
            {
                exchange.set_principal(who.to_string());
            }
            // It may be in the middle of a large body; it is to read the answer.
            drain_beside(request.into_body());
            refused(&refusal)
        }
    }
}

/// Who asks: whoever connected, or for whom a trusted proxy says that it asks.
fn asker(peer: IpAddr, headers: &HeaderMap, proxies: &[IpNet]) -> IpAddr {
    let is_proxy =
        |address: &IpAddr| proxies.iter().any(|network| network.contains(&address.to_canonical()));
    let mut asker = peer.to_canonical();
    // From right to left: each says who connected to it, and only those of trust are believed.
    let said: Vec<&str> = headers
        .get_all("x-forwarded-for")
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .collect();
    for address in said.into_iter().rev() {
        if !is_proxy(&asker) {
            break;
        }
        let Ok(address) = address.trim().parse::<IpAddr>() else { break };
        asker = address.to_canonical();
    }
    asker
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_trusted_proxies_are_believed_and_the_last_stranger_is_the_client() {
        let proxies = ["10.0.0.1/32".parse().unwrap(), "10.0.0.2/32".parse().unwrap()];
        let asked = |peer: [u8; 4], said: &[&'static str]| {
            let mut headers = HeaderMap::new();
            for one in said {
                headers.append("x-forwarded-for", HeaderValue::from_static(one));
            }
            asker(peer.into(), &headers, &proxies).to_string()
        };
        assert_eq!(asked([192, 168, 0, 9], &["1.1.1.1"]), "192.168.0.9", "anybody can say that");
        assert_eq!(asked([10, 0, 0, 1], &["6.6.6.6, 1.1.1.1"]), "1.1.1.1");
        assert_eq!(asked([10, 0, 0, 1], &["6.6.6.6, 1.1.1.1, 10.0.0.2"]), "1.1.1.1");
        assert_eq!(asked([10, 0, 0, 1], &["6.6.6.6", "1.1.1.1"]), "1.1.1.1");
        assert_eq!(asked([10, 0, 0, 1], &["rubbish"]), "10.0.0.1");
        assert_eq!(asked([10, 0, 0, 1], &[]), "10.0.0.1");
    }
}
