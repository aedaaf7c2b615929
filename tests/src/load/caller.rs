//! `Caller`: requests over a connection that is kept.

use std::net::SocketAddr;
use std::time::Duration;

use crate::wire::Connection;

/// Longer than the slowest answer of a server under load.
const PATIENCE: Duration = Duration::from_mins(1);

/// A client's way to one server.
#[derive(Debug)]
pub(super) struct Caller {
    server: SocketAddr,
    kept: Option<Connection>,
}

impl Caller {
    pub(super) fn new(server: SocketAddr) -> Self {
        Self { server, kept: None }
    }

    /// Status and body of the answer; `None` when the server went away, having done it or not.
    pub(super) fn send(&mut self, method: &str, url: &str, body: &[u8]) -> Option<(u16, Vec<u8>)> {
        let kept = self.kept.take().filter(|connection| !connection.is_dropped());
        let mut connection = if let Some(connection) = kept {
            connection
        } else {
            let ip = self.server.ip().to_string();
            Connection::open(&ip, self.server.port(), PATIENCE).ok()?
        };
        let kind = if body.first() == Some(&b'{') { "json" } else { "octet-stream" };
        let (server, length) = (self.server, body.len());
        let head = format!(
            "{method} {url} HTTP/1.1\r\nHost: {server}\r\nContent-Type: application/{kind}\r\nContent-Length: {length}\r\n\r\n"
        );
        connection.send(head.as_bytes(), body).ok()?;
        let (answer, keep) = connection.receive(method).ok()?;
        self.kept = keep.then_some(connection);
        Some((answer.status, answer.body))
    }
}
