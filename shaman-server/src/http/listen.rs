//! The accept loop: our own, since hyper's header time-out needs a timer that `axum::serve` does
//! not install.

use std::net::SocketAddr;
use std::ops::RangeInclusive;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use axum::Router;
use hyper::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tower::ServiceExt as _;

use super::arrival::Arrival;
use super::unfold::{HEAD_BYTES_MAX, Unfold};
use super::watch::Watch;
use crate::tasks::{Crew, Stop};

/// How long a client may take to send its request's head. Flamenco's own server gives one second,
/// which a busy workstation can miss.
const HEAD_TIME: Duration = Duration::from_secs(30);

/// Bytes that a connection reads at once. Uploads are fastest with 256 KiB; less than a head and a
/// read behind it would refuse heads.
const BUFFER_BYTES: RangeInclusive<usize> = (HEAD_BYTES_MAX + (8 << 10))..=(256 << 10);

/// Memory for what all connections read, from which each one's share is taken when it comes.
const BUFFERS_BYTES: usize = 32 << 20;

/// Connections at once: at one open file each (and one more for an upload) they stay below the
/// common limit of 4,096 open files together with the index.
const CONNECTIONS_MAX: usize = 1_500;

/// Accepts connections and answers them until told to stop; running requests go on in `crew`.
pub async fn accept(
    listener: &TcpListener,
    router: Router,
    watch: &Watch,
    crew: &mut Crew,
    mut stop: Stop,
) {
    let places = Arc::new(tokio::sync::Semaphore::new(CONNECTIONS_MAX));
    loop {
        // Beyond the limit connections wait in the kernel's queue.
        let Ok(place) = Arc::clone(&places).acquire_owned().await else {
            return;
        };
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = stop.wait() => return,
        };
        match accepted {
            Ok((stream, peer)) => {
                let (router, stop) = (router.clone(), stop.clone());
                let connections = CONNECTIONS_MAX - places.available_permits();
                let buffer_bytes = (BUFFERS_BYTES / connections.max(1))
                    .clamp(*BUFFER_BYTES.start(), *BUFFER_BYTES.end());
                let connections = Arc::clone(&watch.connections);
                connections.fetch_add(1, Ordering::Relaxed);
                crew.spawn(async move {
                    answer(stream, peer, router, buffer_bytes, stop).await;
                    connections.fetch_sub(1, Ordering::Relaxed);
                    drop(place);
                });
            }
            Err(error) => {
                tracing::warn!(%error, "cannot accept a connection; trying again in a second");
                tokio::time::sleep(Duration::from_secs(1)).await;
            }
        }
    }
}

async fn answer(
    stream: TcpStream,
    peer: SocketAddr,
    router: Router,
    buffer_bytes: usize,
    mut stop: Stop,
) {
    // Without it small answers wait for the client's next acknowledgement.
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "cannot set TCP_NODELAY");
    }
    let arrival = Arrival::new(peer);
    let stream = Unfold::new(stream, arrival.tunnel.clone());
    let arrived = arrival.clone();
    let service = router.map_request(move |mut request: Request<Incoming>| {
        request.extensions_mut().insert(arrived.clone());
        request
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIME)
        .max_header_size(HEAD_BYTES_MAX)
        .max_buf_size(buffer_bytes)
        .serve_connection(TokioIo::new(stream), TowerToHyperService::new(service))
        .with_upgrades();
    let mut connection = pin!(connection);
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = stop.wait() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%error, "a connection ended early");
    }
    if let Some(tunnel) = arrival.take_afterwards() {
        tokio::select! {
            () = tunnel => {}
            () = stop.wait() => {}
        }
    }
}
