//! Sockets that listen already when we start: no connection is refused while we do.

use std::io;
use std::net::TcpListener;

use listenfd::ListenFd;

/// Sockets that we cannot use.
#[derive(Debug, thiserror::Error)]
pub enum PassedError {
    /// More than one.
    #[error("systemd passed {0} sockets; write one `ListenStream=` into the socket unit")]
    Many(usize),
    /// Not TCP.
    #[error(
        "the socket that systemd passed takes no TCP connections; write `ListenStream=ADDRESS:PORT`"
    )]
    Kind(#[source] io::Error),
}

/// The socket that somebody opened for us (`LISTEN_FDS`). Call it once, before there are threads:
/// it takes the words out of the environment, so that nobody below us reads them.
pub fn passed_socket() -> Result<Option<TcpListener>, PassedError> {
    let mut passed = ListenFd::from_env();
    match passed.len() {
        0 => Ok(None),
        1 => passed.take_tcp_listener(0).map_err(PassedError::Kind),
        many => Err(PassedError::Many(many)),
    }
}
