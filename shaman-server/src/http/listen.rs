//! The accept loop: our own, since hyper's header time-out needs a timer that `axum::serve` does
//! not install.

use std::net::{IpAddr, SocketAddr};
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
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tower::ServiceExt as _;

use super::arrival::Arrival;
use super::line::Line;
use super::places::{Full, Places, Room};
use super::unfold::{HEAD_BYTES_MAX, Unfold};
use super::watch::Watch;
use crate::config::{Current, Limits, Settings};
use crate::tasks::{Crew, Stop};

/// Bytes that a connection reads at once. Uploads are fastest with 256 KiB; less than a head and a
/// read behind it would refuse heads.
const BUFFER_BYTES: RangeInclusive<usize> = (HEAD_BYTES_MAX + (8 << 10))..=(256 << 10);

/// Memory for what all connections read, from which each one's share is taken when it comes.
const BUFFERS_BYTES: usize = 32 << 20;

/// How long somebody is told that there is no place.
const FAREWELL: Duration = Duration::from_secs(2);

/// That are told so at once; others are cut off.
const FAREWELLS_MAX: usize = 64;

/// Accepts connections and answers them until told to stop; running requests go on in `crew`.
pub async fn accept(
    listener: &TcpListener,
    settings: &Current<Settings>,
    router: Router,
    watch: &Watch,
    crew: &mut Crew,
    mut stop: Stop,
) {
    let places = Arc::new(Places::default());
    let farewells = Arc::new(Semaphore::new(FAREWELLS_MAX));
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = stop.wait() => return,
        };
        match accepted {
            Ok((stream, peer)) => {
                let (router, stop) = (router.clone(), stop.clone());
                let (places, farewells) = (Arc::clone(&places), Arc::clone(&farewells));
                let settings = settings.now();
                let connections = Arc::clone(&watch.connections);
                crew.spawn(async move {
                    match places.take(peer.ip(), room(&settings, peer.ip())).await {
                        Ok(place) => {
                            let buffer_bytes = (BUFFERS_BYTES / places.count().max(1))
                                .clamp(*BUFFER_BYTES.start(), *BUFFER_BYTES.end());
                            let limits = &settings.limits;
                            connections.fetch_add(1, Ordering::Relaxed);
                            answer(stream, peer, limits, buffer_bytes, router, stop).await;
                            connections.fetch_sub(1, Ordering::Relaxed);
                            drop(place);
                        }
                        Err(full) => {
                            if let Ok(_turn) = farewells.try_acquire() {
                                turn_away(stream, full).await;
                            }
                        }
                    }
                });
            }
            Err(error) => {
                tracing::warn!(%error, "cannot accept a connection; trying again in a second");
                tokio::time::sleep(Duration::from_secs(1)).await;
            }
        }
    }
}

/// A proxy has the connections of all that are behind it.
fn room(settings: &Settings, peer: IpAddr) -> Room {
    let all = settings.limits.connections;
    let peer = peer.to_canonical();
    let is_proxy = settings.trusted_proxies.iter().any(|network| network.contains(&peer));
    Room { all, each: if is_proxy { all } else { settings.limits.connections_per_address } }
}

/// Tells that there is no place, before any request is read.
async fn turn_away(mut stream: TcpStream, full: Full) {
    tracing::debug!(?full, "turned a connection away");
    let (status, code, why) = match full {
        Full::All => ("Service Unavailable", 503, "the server"),
        Full::Address => ("Too Many Requests", 429, "this address"),
    };
    let message = format!(
        r#"{{"code":{code},"message":"{why} has as many connections as it may have; close some, or try again in some seconds"}}"#
    );
    let answer = format!(
        "HTTP/1.1 {code} {status}\r\nRetry-After: 5\r\nConnection: close\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{message}",
        message.len()
    );
    let farewell = async {
        stream.write_all(answer.as_bytes()).await?;
        stream.shutdown().await?;
        // What lies unread at a close makes the kernel throw the answer away.
        let mut unread = [0; 8 << 10];
        while stream.read(&mut unread).await? > 0 {}
        Ok::<_, std::io::Error>(())
    };
    drop(tokio::time::timeout(FAREWELL, farewell).await);
}

async fn answer(
    stream: TcpStream,
    peer: SocketAddr,
    limits: &Limits,
    buffer_bytes: usize,
    router: Router,
    mut stop: Stop,
) {
    // Without it small answers wait for the client's next acknowledgement.
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "cannot set TCP_NODELAY");
    }
    let arrival = Arrival::new(peer);
    let stream = Line::new(stream, limits.pause);
    let stream = Unfold::new(stream, arrival.tunnel.clone()).with_head_time(limits.head_time);
    let arrived = arrival.clone();
    let service = router.map_request(move |mut request: Request<Incoming>| {
        request.extensions_mut().insert(arrived.clone());
        request
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        // Heads come to the parser whole: what it waits for is the next request.
        .header_read_timeout(limits.idle_time)
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
