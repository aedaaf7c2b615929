//! `AllSeries`: figures by route, method and how it ended. Their number is bounded: routes are those
//! of the table, methods and endings those below.

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock, PoisonError, RwLock};

use axum::http::{Method, StatusCode};

use crate::live::{Counter, Histogram};

/// Methods that are told apart; the last is all others.
const METHODS: [&str; 7] = ["GET", "HEAD", "PUT", "POST", "PATCH", "DELETE", "other"];

/// Endings that are told apart; the last is a connection that was cut before the answer.
const STATUSES: [&str; 6] = ["1xx", "2xx", "3xx", "4xx", "5xx", "cut"];

/// Figures of one route, method and ending.
#[derive(Debug, Default)]
pub(in crate::http) struct Series {
    /// From the request's head to the last byte of the answer.
    pub(in crate::http) times: Histogram,
    /// Bytes of request bodies.
    pub(in crate::http) in_bytes: Counter,
    /// Bytes of the answers' bodies.
    pub(in crate::http) out_bytes: Counter,
}

/// Figures of one route.
#[derive(Debug)]
struct OfRoute([OnceLock<Box<Series>>; METHODS.len() * STATUSES.len()]);

impl Default for OfRoute {
    fn default() -> Self {
        Self([const { OnceLock::new() }; METHODS.len() * STATUSES.len()])
    }
}

/// Figures of all routes.
#[derive(Debug, Default)]
pub(in crate::http) struct AllSeries(RwLock<BTreeMap<String, Arc<OfRoute>>>);

impl AllSeries {
    /// Works on the figures of a route, method and status; `None`: cut off before there was one.
    pub(super) fn note(
        &self,
        route: &str,
        method: &Method,
        status: Option<StatusCode>,
        note: impl FnOnce(&Series),
    ) {
        let place = place(method) * STATUSES.len() + ending(status);
        note(self.of(route).0[place].get_or_init(Box::default));
    }

    fn of(&self, route: &str) -> Arc<OfRoute> {
        let known = self.0.read().unwrap_or_else(PoisonError::into_inner).get(route).cloned();
        known.unwrap_or_else(|| {
            let mut all = self.0.write().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(all.entry(route.to_owned()).or_default())
        })
    }

    /// Calls `visit` with route, method, ending and figures of everything that happened.
    pub(in crate::http) fn each(&self, mut visit: impl FnMut(&str, &str, &str, &Series)) {
        let all = self.0.read().unwrap_or_else(PoisonError::into_inner).clone();
        for (route, of_route) in &all {
            for (place, series) in of_route.0.iter().enumerate() {
                if let Some(series) = series.get() {
                    let method = METHODS[place / STATUSES.len()];
                    visit(route, method, STATUSES[place % STATUSES.len()], series);
                }
            }
        }
    }
}

fn place(method: &Method) -> usize {
    let others = METHODS.len() - 1;
    METHODS.iter().take(others).position(|one| *one == method.as_str()).unwrap_or(others)
}

fn ending(status: Option<StatusCode>) -> usize {
    let cut = STATUSES.len() - 1;
    status.map_or(cut, |status| usize::from(status.as_u16() / 100).clamp(1, cut) - 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_kept_by_route_method_and_ending() {
        let all = AllSeries::default();
        let made_up = Method::from_bytes(b"BREW").unwrap();
        for (method, status) in [
            (&Method::GET, Some(StatusCode::OK)),
            (&Method::GET, Some(StatusCode::NO_CONTENT)),
            (&made_up, None),
        ] {
            all.note("/a", method, status, |series| series.in_bytes.add(2));
        }
        let mut seen = Vec::new();
        all.each(|route, method, ending, series| {
            seen.push(format!("{route} {method} {ending} {}", series.in_bytes.get()));
        });
        assert_eq!(seen, ["/a GET 2xx 4", "/a other cut 2"]);
    }
}
