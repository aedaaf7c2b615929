//! `Exchange`: a request and its answer, from the head of the one to the last byte of the other.

use std::sync::atomic::{AtomicBool, AtomicU16, AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use axum::extract::Request;
use axum::http::{HeaderValue, Method, StatusCode};
use axum::response::Response;
use serde_json::{Map, Value};
use shaman_proto::Manifest;

use super::Watch;
use super::request_id::{self, REQUEST_ID};
use super::route::Route;
use super::span;
use crate::http::Shared;
use crate::http::arrival::Arrival;
use crate::otlp::Trace;

/// A request and its answer.
#[derive(Debug, Clone)]
pub(in crate::http) struct Exchange(Arc<Inner>);

#[derive(Debug)]
pub(super) struct Inner {
    watch: Arc<Watch>,
    pub(super) id: HeaderValue,
    pub(super) method: Method,
    pub(super) route: Route,
    pub(super) peer: Option<std::net::IpAddr>,
    began: Instant,
    is_over: AtomicBool,
    /// 0: there is no answer yet.
    status: AtomicU16,
    in_bytes: AtomicU64,
    out_bytes: AtomicU64,
    pub(super) principal: OnceLock<String>,
    made: OnceLock<Made>,
    /// Where it stands among others, if that is kept.
    trace: Option<Trace>,
}

/// How an exchange ended.
#[derive(Debug, Clone, Copy)]
pub(super) struct Ended {
    /// `None`: cut off before there was an answer.
    pub(super) status: Option<StatusCode>,
    pub(super) in_bytes: u64,
    pub(super) out_bytes: u64,
    pub(super) took: Duration,
}

/// The checkout that a request made, for both logs: its path is in the answer only.
#[derive(Debug, Clone)]
pub(in crate::http) struct Made {
    checkout: String,
    files: u64,
    bytes: u64,
}

impl Made {
    /// What a manifest says.
    pub(in crate::http) fn of(manifest: &Manifest) -> Self {
        Self {
            checkout: manifest.checkout.as_str().to_owned(),
            files: manifest.files.len() as u64,
            bytes: manifest.bytes(),
        }
    }

    /// As the audit log tells it.
    pub(in crate::http) fn fields(&self) -> Map<String, Value> {
        Map::from_iter([
            ("checkout".to_owned(), self.checkout.as_str().into()),
            ("files".to_owned(), self.files.into()),
            ("bytes".to_owned(), self.bytes.into()),
        ])
    }
}

/// An exchange that goes on; when this is dropped, it is over.
#[derive(Debug)]
pub(super) struct Open(Exchange);

impl Exchange {
    pub(super) fn begin(shared: &Shared, request: &Request) -> Self {
        let arrival = request.extensions().get::<Arrival>();
        let settings = shared.settings.now();
        let (prefix, is_gateway) = (&settings.path_prefix, shared.watch.is_gateway);
        shared.watch.running.fetch_add(1, Ordering::Relaxed);
        Self(Arc::new(Inner {
            watch: Arc::clone(&shared.watch),
            id: request_id::of(request.headers()),
            method: request.method().clone(),
            route: Route::of(request, prefix, is_gateway),
            peer: arrival.map(|arrival| arrival.peer.ip().to_canonical()),
            began: Instant::now(),
            is_over: AtomicBool::default(),
            status: AtomicU16::default(),
            in_bytes: AtomicU64::default(),
            out_bytes: AtomicU64::default(),
            principal: OnceLock::new(),
            made: OnceLock::new(),
            trace: shared.watch.spans.are_wanted().then(|| Trace::of(request.headers())).flatten(),
        }))
    }

    /// Says who asks; the one place for whoever finds out.
    pub(in crate::http) fn set_principal(&self, principal: impl Into<String>) {
        drop(self.0.principal.set(principal.into()));
    }

    pub(super) fn open(&self) -> Open {
        Open(self.clone())
    }

    pub(super) fn received(&self, bytes: usize) {
        self.0.in_bytes.fetch_add(bytes as u64, Ordering::Relaxed);
    }

    fn status(&self) -> Option<StatusCode> {
        StatusCode::from_u16(self.0.status.load(Ordering::Relaxed)).ok()
    }

    /// Takes down how it was answered, and says its id to the client.
    pub(super) fn answered(&self, response: &mut Response) {
        self.0.status.store(response.status().as_u16(), Ordering::Relaxed);
        if let Some(made) = response.extensions_mut().remove::<Made>() {
            drop(self.0.made.set(made));
        }
        // A Manager that has ids of its own is not talked over.
        response.headers_mut().entry(REQUEST_ID).or_insert_with(|| self.0.id.clone());
        if self.is_endless() {
            self.end();
        }
    }

    /// Says whether the answer goes on for as long as somebody listens: then its head is its end.
    fn is_endless(&self) -> bool {
        self.0.route.is_endless() || self.status() == Some(StatusCode::SWITCHING_PROTOCOLS)
    }

    fn end(&self) {
        let Inner { watch, method, route, began, is_over, trace, .. } = &*self.0;
        if is_over.swap(true, Ordering::Relaxed) {
            return;
        }
        let ended = Ended {
            status: self.status(),
            in_bytes: self.0.in_bytes.load(Ordering::Relaxed),
            out_bytes: self.0.out_bytes.load(Ordering::Relaxed),
            took: began.elapsed(),
        };
        watch.running.fetch_sub(1, Ordering::Relaxed);
        watch.series.note(&route.template, method, ended.status, |series| {
            series.times.note(ended.took);
            series.in_bytes.add(ended.in_bytes);
            series.out_bytes.add(ended.out_bytes);
        });
        if let Some(trace) = trace {
            let began = watch.spans.now().saturating_sub(ended.took);
            watch.spans.add(span::of(&self.0, trace.clone(), began, ended));
        }
        self.tell(ended);
    }

    /// The line in the log. What is routine is told to who wants to know all (`request=debug`).
    fn tell(&self, ended: Ended) {
        let Inner { id, method, route, peer, principal, .. } = &*self.0;
        let Ended { status, in_bytes, out_bytes, took } = ended;
        let made = self.0.made.get();
        let code = status.map(|status| status.as_u16());
        let is_change = !method.is_safe();
        let level = match status {
            Some(status) if status.is_server_error() => tracing::Level::WARN,
            Some(status) if status.is_client_error() && is_change => tracing::Level::INFO,
            _ if is_change && !route.is_busy() => tracing::Level::INFO,
            _ => tracing::Level::DEBUG,
        };
        let said = match status {
            None => "cut off before an answer",
            Some(_) if made.is_some() => "made a checkout",
            Some(_) => "answered",
        };
        macro_rules! line {
            ($level:expr) => {{
                let named = route.named();
                tracing::event!(
                    target: "request",
                    $level,
                    id = id.to_str().unwrap_or_default(),
                    peer = peer.map(tracing::field::display),
                    principal = principal.get(),
                    method = method.as_str(),
                    path = &*route.path,
                    status = code,
                    in_bytes,
                    out_bytes,
                    ms = (took.as_secs_f64() * 1e6).round() / 1e3,
                    digest = named.digest,
                    checkout = self.0.checkout(),
                    files = made.map(|made| made.files),
                    size_bytes = made.map(|made| made.bytes),
                    "{}",
                    said,
                );
            }};
        }
        match level {
            tracing::Level::WARN => line!(tracing::Level::WARN),
            tracing::Level::INFO => line!(tracing::Level::INFO),
            _ => line!(tracing::Level::DEBUG),
        }
    }
}

impl Inner {
    /// The checkout that it is about: the one that it made, or that its path names.
    pub(super) fn checkout(&self) -> Option<&str> {
        let made = self.made.get().map(|made| &*made.checkout);
        made.or_else(|| self.route.named().checkout)
    }
}

impl Open {
    pub(super) fn sent(&self, bytes: usize) {
        self.0.0.out_bytes.fetch_add(bytes as u64, Ordering::Relaxed);
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.0.end();
    }
}
