//! `Arrival`: what a request needs to know of the connection it came on.

use std::fmt;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};

use axum::http::uri::Scheme;

use super::unfold::Tunnel;

type Work = Pin<Box<dyn Future<Output = ()> + Send>>;

/// A connection, as its requests find it among their extensions.
#[derive(Clone)]
pub(super) struct Arrival {
    /// Who sends.
    pub(super) peer: SocketAddr,
    /// The scheme of its address.
    pub(super) scheme: Scheme,
    /// For a request that makes something else of the connection.
    pub(super) tunnel: Tunnel,
    afterwards: Arc<Mutex<Option<Work>>>,
}

impl Arrival {
    pub(super) fn new(peer: SocketAddr) -> Self {
        let (scheme, tunnel) = (Scheme::HTTP, Tunnel::default());
        Self { peer, scheme, tunnel, afterwards: Arc::default() }
    }

    pub(super) fn over_tls(self) -> Self {
        Self { scheme: Scheme::HTTPS, ..self }
    }

    /// Leaves work for when the connection has handed its last request over, as part of the
    /// connection: counted with it, and ended when the server stops.
    pub(super) fn set_afterwards(&self, work: impl Future<Output = ()> + Send + 'static) {
        *self.afterwards.lock().unwrap_or_else(PoisonError::into_inner) = Some(Box::pin(work));
    }

    pub(super) fn take_afterwards(&self) -> Option<Work> {
        self.afterwards.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

impl fmt::Debug for Arrival {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Arrival").field("peer", &self.peer).finish_non_exhaustive()
    }
}
