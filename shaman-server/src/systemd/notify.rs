//! The line to a service manager: datagrams to a socket of its own.

use std::ffi::OsStr;
use std::io;
use std::os::unix::net::{SocketAddr, UnixDatagram};

/// A socket, and whom it talks to.
#[derive(Debug)]
pub(super) struct Line {
    socket: UnixDatagram,
    peer: SocketAddr,
}

impl Line {
    /// Opens a line to the socket at a path, or, after `@`, of a name that is no file.
    pub(super) fn open(name: &OsStr) -> io::Result<Self> {
        let socket = UnixDatagram::unbound()?;
        // A service manager that does not read is no reason to stand still.
        socket.set_nonblocking(true)?;
        let peer = match name.as_encoded_bytes().strip_prefix(b"@") {
            Some(name) => nameless(name)?,
            None => SocketAddr::from_pathname(name)?,
        };
        Ok(Self { socket, peer })
    }

    /// Says something; it has arrived when this returns.
    pub(super) fn send(&self, words: &str) -> io::Result<()> {
        self.socket.send_to_addr(words.as_bytes(), &self.peer).map(drop)
    }
}

#[cfg(target_os = "linux")]
fn nameless(name: &[u8]) -> io::Result<SocketAddr> {
    use std::os::linux::net::SocketAddrExt as _;
    SocketAddr::from_abstract_name(name)
}

#[cfg(not(target_os = "linux"))]
fn nameless(_: &[u8]) -> io::Result<SocketAddr> {
    Err(io::ErrorKind::Unsupported.into())
}
