//! The handshake of TLS, within a time.

use std::io;
use std::sync::Arc;

use rustls::ServerConfig;
use tokio::net::TcpStream;
use tokio::sync::Semaphore;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use crate::config::Limits;
use crate::http::farewell;
use crate::http::line::Line;

type Stream = Box<TlsStream<Line<TcpStream>>>;

/// A connection that is encrypted, by what is spoken on it.
#[derive(Debug)]
pub(super) enum Shaken {
    /// By whoever asks for nothing, too.
    Http1(Stream),
    /// The client asked for it.
    Http2(Stream),
}

/// Shakes hands. `None`: it failed or took longer than a head may, or the client spoke plain HTTP
/// and was told so.
pub(super) async fn shake(
    stream: TcpStream,
    config: Arc<ServerConfig>,
    limits: &Limits,
    farewells: &Semaphore,
) -> Option<Shaken> {
    let shaking = async {
        if is_plain(&stream).await? {
            return Ok(Err(stream));
        }
        let stream = Line::new(stream, limits.pause);
        TlsAcceptor::from(config).accept(stream).await.map(|stream| Ok(Box::new(stream)))
    };
    match tokio::time::timeout(limits.head_time, shaking).await {
        Ok(Ok(Ok(stream))) => Some(match stream.get_ref().1.alpn_protocol() {
            Some(b"h2") => Shaken::Http2(stream),
            _ => Shaken::Http1(stream),
        }),
        Ok(Ok(Err(plain))) => {
            if let Ok(_turn) = farewells.try_acquire() {
                farewell::not_plain(plain).await;
            }
            None
        }
        Ok(Err(error)) => {
            tracing::debug!(%error, "a handshake failed");
            None
        }
        Err(_) => {
            tracing::debug!("a handshake took too long");
            None
        }
    }
}

/// Methods of HTTP begin with a capital letter, handshakes with 22. Nothing is taken from the
/// stream.
async fn is_plain(stream: &TcpStream) -> io::Result<bool> {
    let mut first = [0];
    Ok(stream.peek(&mut first).await? == 1 && first[0].is_ascii_uppercase())
}
