//! A request while it is answered: its head is read, its body not necessarily.

use std::io::{self, BufReader, Read, Write as _};
use std::net::TcpStream;
use std::time::Instant;

use serde_json::Value;

use super::answer::Answer;
use super::seen::BODY_KEPT_BYTES;
use crate::wire::{Body, Head, Sum};

/// A stream whose reads may have to be over at some time.
#[derive(Debug)]
pub(super) struct Timed {
    pub(super) stream: TcpStream,
    pub(super) deadline: Option<Instant>,
}

impl Read for Timed {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let left = self.deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()));
        if left.is_some_and(|left| left.is_zero()) {
            return Err(io::ErrorKind::TimedOut.into());
        }
        self.stream.set_read_timeout(left)?;
        self.stream.read(into)
    }
}

#[derive(Debug)]
pub(super) struct Incoming<'a> {
    pub(super) head: Head,
    pub(super) method: String,
    /// Without prefix and query.
    pub(super) path: String,
    pub(super) query: String,
    pub(super) body: Body<'a, BufReader<Timed>>,
    pub(super) sum: Sum,
    pub(super) kept: Vec<u8>,
    /// Where 100 goes, if the client waits for it.
    pub(super) waiting_client: Option<TcpStream>,
}

impl Incoming<'_> {
    /// The whole body.
    pub(super) fn read_all(&mut self) -> io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        self.read_to_end(&mut bytes)?;
        Ok(bytes)
    }

    /// The body as JSON, or how Manager's validator refuses it.
    pub(super) fn json(&mut self) -> io::Result<Result<Value, Answer>> {
        let kind = self.head.text("Content-Type").unwrap_or_default();
        let bytes = self.read_all()?;
        if kind.split(';').next().map(str::trim) != Some("application/json") {
            let message = format!(
                "request body has an error: header Content-Type has unexpected value {kind:?}"
            );
            return Ok(Err(Answer::message(400, &message)));
        }
        let value = serde_json::from_slice(&bytes);
        Ok(value.map_err(|error| {
            Answer::message(
                400,
                &format!("request body has an error: failed to decode request body: {error}"),
            )
        }))
    }
}

impl Read for Incoming<'_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        if let Some(mut client) = self.waiting_client.take() {
            client.write_all(b"HTTP/1.1 100 Continue\r\n\r\n")?;
        }
        let read = self.body.read(into)?;
        let bytes = into.get(..read).unwrap_or_default();
        self.sum.add(bytes);
        let room = BODY_KEPT_BYTES.saturating_sub(self.kept.len());
        self.kept.extend(bytes.iter().take(room));
        Ok(read)
    }
}
