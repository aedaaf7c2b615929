//! `GET /healthz`: the process lives. `GET /readyz`: it can do its work.

use std::io::{self, Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use tokio::time::timeout;

use super::Shared;
use super::failure::Failure;

/// How long storage and index may take to answer; whoever asks gives up a bit later.
const PATIENCE: Duration = Duration::from_secs(3);

/// How long a server may take for each step of [`ask_whether_alive`]: one that is full lets a
/// connection wait for 5 seconds.
const ALIVE_TIME: Duration = Duration::from_secs(7);

/// Most bytes of its answer that are looked at; it has some hundreds.
const ALIVE_BYTES_MAX: u64 = 4096;

/// What a server says that lives.
const ALIVE: &str = "alive\n";

/// Somebody answered who was asked whether he lives.
#[derive(Debug, Clone, Copy)]
pub struct Alive {
    /// Where.
    pub address: SocketAddr,
    /// It said so in the words of `/healthz`: it is a server like this one.
    pub is_ours: bool,
}

/// Asks the server that listens there, on this machine, whether it lives.
///
/// Any answer is one: a server with TLS says that it wants TLS, and one that is full says so, too.
pub fn ask_whether_alive(listens: SocketAddr, prefix: &str) -> io::Result<Alive> {
    let ip = if listens.ip().is_unspecified() { Ipv4Addr::LOCALHOST.into() } else { listens.ip() };
    let address = SocketAddr::new(ip, listens.port());
    let mut stream = TcpStream::connect_timeout(&address, ALIVE_TIME)?;
    stream.set_read_timeout(Some(ALIVE_TIME))?;
    stream.set_write_timeout(Some(ALIVE_TIME))?;
    let head =
        format!("GET {prefix}/healthz HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n");
    stream.write_all(head.as_bytes())?;
    let mut begins = [0; 7];
    stream.read_exact(&mut begins)?;
    if begins != *b"HTTP/1." {
        return Err(io::Error::other("what answers there is no HTTP server"));
    }
    let mut answer = Vec::new();
    stream.take(ALIVE_BYTES_MAX).read_to_end(&mut answer)?;
    Ok(Alive { address, is_ours: answer.ends_with(ALIVE.as_bytes()) })
}

/// Says that the process answers.
pub(super) async fn alive() -> &'static str {
    ALIVE
}

/// Says whether storage and index answer.
pub(super) async fn ready(State(shared): State<Shared>) -> Result<Response, Failure> {
    let not_ready = |sentence| Failure::new(StatusCode::SERVICE_UNAVAILABLE, sentence);
    let hangs = || {
        not_ready(format!(
            "the storage has not answered for {} seconds; is it mounted and reachable?",
            PATIENCE.as_secs()
        ))
    };
    // One try at a time: a storage that hangs must not take a thread for each question.
    let turn = Arc::clone(&shared.watch.trying).lock_owned();
    let Ok(turn) = timeout(PATIENCE, turn).await else { return Err(hangs()) };
    let tried = shared.run(move |ops| {
        let tried = ops.try_ready();
        drop(turn);
        tried
    });
    match timeout(PATIENCE, tried).await {
        Err(_) => Err(hangs()),
        Ok(Ok(Ok(()))) => Ok("ready\n".into_response()),
        Ok(Ok(Err(error))) => {
            let sentence = error.to_string();
            tracing::warn!("not ready: {:#}", anyhow::Error::from(error));
            Err(not_ready(sentence))
        }
        Ok(Err(failure)) => Err(failure),
    }
}
