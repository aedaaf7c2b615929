//! One connection, from its first byte to its last.
//!
//! ```text
//!  socket ─► Line ─┬──────────────► HTTP/1: Unfold ─► hyper ─► router
//!                  └─► handshake ─┬─► HTTP/1 (as above)
//!                                 └─► HTTP/2: ──────► hyper ─► router
//! ```
//!
//! HTTP/2 is spoken within TLS only, with whoever asks for it in the handshake (ALPN).

mod handshake;
mod http1;
mod http2;
mod streams;

use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use tokio::net::TcpStream;
use tokio::sync::Semaphore;

use super::arrival::Arrival;
use super::line::Line;
use super::places::Places;
use crate::config::{Current, Settings};
use crate::tasks::Stop;
use crate::tls::Tls;
use handshake::Shaken;

/// What a connection is served with.
#[derive(Debug)]
pub(super) struct Serving {
    /// Who connected.
    pub(super) peer: SocketAddr,
    /// Limits; the connection keeps those that it began with.
    pub(super) settings: Current<Settings>,
    /// Bytes that it reads at once.
    pub(super) buffer_bytes: usize,
    /// For requests beside each other.
    pub(super) places: Arc<Places>,
    /// What answers.
    pub(super) router: Router,
    /// Turns to tell somebody why there is no answer.
    pub(super) farewells: Arc<Semaphore>,
}

/// Serves a connection until it ends, or until told to stop and what runs on it has ended.
pub(super) async fn serve(
    stream: TcpStream,
    tls: Option<Arc<Tls>>,
    serving: Serving,
    mut stop: Stop,
) {
    // Without it small answers wait for the client's next acknowledgement.
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "cannot set TCP_NODELAY");
    }
    let limits = serving.settings.now().limits.clone();
    let arrival = Arrival::new(serving.peer);
    let Some(tls) = tls else {
        let stream = Line::new(stream, limits.pause);
        return Box::pin(http1::answer(stream, arrival, &limits, serving, stop)).await;
    };
    let shaken = tokio::select! {
        shaken = handshake::shake(stream, tls.now(), &limits, &serving.farewells) => shaken,
        () = stop.wait() => return,
    };
    let arrival = arrival.over_tls();
    match shaken {
        Some(Shaken::Http1(stream)) => {
            Box::pin(http1::answer(stream, arrival, &limits, serving, stop)).await;
        }
        Some(Shaken::Http2(stream)) => {
            Box::pin(http2::answer(stream, arrival, &limits, serving, stop)).await;
        }
        None => {}
    }
}
