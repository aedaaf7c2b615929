//! The accept loop: our own, since hyper's header time-out needs a timer that `axum::serve` does
//! not install.

use std::pin::pin;
use std::time::Duration;

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};

use crate::tasks::{Crew, Stop};

/// How long a client may take to send its request's head. Flamenco's own server gives one second,
/// which a busy workstation can miss.
const HEAD_TIME: Duration = Duration::from_secs(30);

/// Bytes that a connection reads at once, and so the longest head. Uploads are fastest with 256
/// KiB; header lines of 16 KiB fit easily.
const BUFFER_BYTES: usize = 256 << 10;

/// Connections at once: at one open file each (and one more for an upload) they stay below the
/// common limit of 4,096 open files together with the index.
const CONNECTIONS_MAX: usize = 1_500;

/// Accepts connections and answers them until told to stop; running requests go on in `crew`.
pub async fn accept(listener: &TcpListener, router: Router, crew: &mut Crew, mut stop: Stop) {
    let places = std::sync::Arc::new(tokio::sync::Semaphore::new(CONNECTIONS_MAX));
    loop {
        // Beyond the limit connections wait in the kernel's queue.
        let Ok(place) = std::sync::Arc::clone(&places).acquire_owned().await else {
            return;
        };
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = stop.wait() => return,
        };
        match accepted {
            Ok((stream, _)) => {
                let (router, stop) = (router.clone(), stop.clone());
                crew.spawn(async move {
                    answer(stream, router, stop).await;
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

async fn answer(stream: TcpStream, router: Router, mut stop: Stop) {
    // Without it small answers wait for the client's next acknowledgement.
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "cannot set TCP_NODELAY");
    }
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIME)
        .max_buf_size(BUFFER_BYTES)
        .serve_connection(TokioIo::new(stream), TowerToHyperService::new(router));
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
}
