//! The accept loop: our own, since hyper's header time-out needs a timer that `axum::serve` does
//! not install.

use std::net::IpAddr;
use std::ops::RangeInclusive;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use axum::Router;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;

use super::connection::{self, Serving};
use super::farewell;
use super::places::{Places, Room};
use super::unfold::HEAD_BYTES_MAX;
use super::watch::Watch;
use crate::config::{Current, Settings};
use crate::tasks::{Crew, Stop};
use crate::tls::Tls;

/// Bytes that a connection reads at once. Uploads are fastest with 256 KiB; less than a head and a
/// read behind it would refuse heads.
const BUFFER_BYTES: RangeInclusive<usize> = (HEAD_BYTES_MAX + (8 << 10))..=(256 << 10);

/// Memory for what all connections read, from which each one's share is taken when it comes.
const BUFFERS_BYTES: usize = 12 << 20;

/// That are told at once why they are not served; others are cut off.
const FAREWELLS_MAX: usize = 64;

/// Where to accept connections, and how.
#[derive(Debug)]
pub struct Entrance {
    /// The bound port.
    pub listener: TcpListener,
    /// What connections are encrypted with; `None`: they are plain.
    pub tls: Option<Arc<Tls>>,
    /// How many there may be, and how long.
    pub settings: Current<Settings>,
    /// Where they are counted.
    pub watch: Arc<Watch>,
}

/// Accepts connections and answers them until told to stop; running requests go on in `crew`.
pub async fn accept(entrance: &Entrance, router: Router, crew: &mut Crew, mut stop: Stop) {
    let places = Arc::new(Places::default());
    let farewells = Arc::new(Semaphore::new(FAREWELLS_MAX));
    loop {
        let accepted = tokio::select! {
            accepted = entrance.listener.accept() => accepted,
            () = stop.wait() => return,
        };
        match accepted {
            Ok((stream, peer)) => {
                let (router, stop, tls) = (router.clone(), stop.clone(), entrance.tls.clone());
                let (places, farewells) = (Arc::clone(&places), Arc::clone(&farewells));
                let settings = entrance.settings.clone();
                let connections = Arc::clone(&entrance.watch.connections);
                crew.spawn(async move {
                    let room = room(&settings.now(), peer.ip());
                    match places.take(peer.ip(), room).await {
                        Ok(place) => {
                            let buffer_bytes = (BUFFERS_BYTES / places.count().max(1))
                                .clamp(*BUFFER_BYTES.start(), *BUFFER_BYTES.end());
                            connections.fetch_add(1, Ordering::Relaxed);
                            let serving =
                                Serving { peer, settings, buffer_bytes, places, router, farewells };
                            connection::serve(stream, tls, serving, stop).await;
                            connections.fetch_sub(1, Ordering::Relaxed);
                            drop(place);
                        }
                        // With TLS there is no telling before the handshake.
                        Err(full) if tls.is_none() => {
                            if let Ok(_turn) = farewells.try_acquire() {
                                farewell::no_place(stream, full).await;
                            }
                        }
                        Err(full) => tracing::debug!(?full, "cut a connection off"),
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
pub(super) fn room(settings: &Settings, peer: IpAddr) -> Room {
    let all = settings.limits.connections;
    let peer = peer.to_canonical();
    let is_proxy = settings.trusted_proxies.iter().any(|network| network.contains(&peer));
    Room { all, each: if is_proxy { all } else { settings.limits.connections_per_address } }
}
