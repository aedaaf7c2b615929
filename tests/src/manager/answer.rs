//! Answers, and how they get onto the wire.

use std::fmt;
use std::io::{self, Write};

use serde_json::{Value, json};

/// Sends pieces of a body that is made while it is sent.
pub(super) type Pieces = Box<dyn FnOnce(&mut dyn FnMut(&[u8]) -> io::Result<()>) -> io::Result<()>>;

pub(super) enum Content {
    Bytes(Vec<u8>),
    /// Sent in chunks.
    Stream(Pieces),
    /// 101: from here on whatever comes is sent back.
    Echo,
}

pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) fields: Vec<(String, String)>,
    pub(super) content: Content,
}

impl fmt::Debug for Answer {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Answer")
            .field("status", &self.status)
            .field("fields", &self.fields)
            .finish_non_exhaustive()
    }
}

impl Answer {
    /// Without a body.
    pub(super) fn empty(status: u16) -> Self {
        Self { status, fields: Vec::new(), content: Content::Bytes(Vec::new()) }
    }

    pub(super) fn bytes(status: u16, kind: &str, body: Vec<u8>) -> Self {
        Self { content: Content::Bytes(body), ..Self::empty(status) }.with("Content-Type", kind)
    }

    /// As Manager writes JSON: keys sorted, `<`, `>` and `&` escaped, a line break at the end.
    pub(super) fn json(status: u16, value: &Value) -> Self {
        let text = value.to_string();
        let text = text.replace('<', "\\u003c").replace('>', "\\u003e").replace('&', "\\u0026");
        Self::bytes(status, "application/json", format!("{text}\n").into_bytes())
    }

    /// The error of a handler.
    pub(super) fn error(status: u16, message: &str) -> Self {
        Self::json(status, &json!({ "code": status, "message": message }))
    }

    /// The error of router, validator and panic recovery: no `code`.
    pub(super) fn message(status: u16, message: &str) -> Self {
        Self::json(status, &json!({ "message": message }))
    }

    pub(super) fn stream(kind: &str, pieces: Pieces) -> Self {
        Self { content: Content::Stream(pieces), ..Self::empty(200) }.with("Content-Type", kind)
    }

    #[must_use]
    pub(super) fn with(mut self, name: &str, value: &str) -> Self {
        self.fields.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Status line and fields, with the empty line. The date is always the same.
    pub(super) fn head(&self) -> String {
        let mut head = format!("HTTP/1.1 {} {}\r\n", self.status, reason(self.status));
        for (name, value) in &self.fields {
            head.push_str(&[name, ": ", value, "\r\n"].concat());
        }
        head.push_str("Date: Tue, 14 Apr 2026 10:00:00 GMT\r\n");
        match &self.content {
            Content::Bytes(bytes) if self.status >= 200 && self.status != 204 => {
                head.push_str(&["Content-Length: ", &bytes.len().to_string(), "\r\n"].concat());
            }
            Content::Stream(_) => head.push_str("Transfer-Encoding: chunked\r\n"),
            Content::Bytes(_) | Content::Echo => {}
        }
        head.push_str("\r\n");
        head
    }

    /// Writes all but an echo.
    pub(super) fn write(self, to: &mut impl Write, body_too: bool) -> io::Result<()> {
        to.write_all(self.head().as_bytes())?;
        match self.content {
            Content::Bytes(bytes) if body_too => to.write_all(&bytes)?,
            Content::Stream(pieces) if body_too => {
                pieces(&mut |piece| chunk(to, piece))?;
                to.write_all(b"0\r\n\r\n")?;
            }
            _ => {}
        }
        to.flush()
    }
}

fn chunk(to: &mut impl Write, piece: &[u8]) -> io::Result<()> {
    if piece.is_empty() {
        return Ok(());
    }
    to.write_all(&[format!("{:x}\r\n", piece.len()).as_bytes(), piece, b"\r\n"].concat())?;
    to.flush()
}

fn reason(status: u16) -> &'static str {
    match status {
        100 => "Continue",
        101 => "Switching Protocols",
        103 => "Early Hints",
        200 => "OK",
        204 => "No Content",
        208 => "Already Reported",
        302 => "Found",
        307 => "Temporary Redirect",
        400 => "Bad Request",
        404 => "Not Found",
        405 => "Method Not Allowed",
        409 => "Conflict",
        412 => "Precondition Failed",
        413 => "Request Entity Too Large",
        416 => "Requested Range Not Satisfiable",
        417 => "Expectation Failed",
        424 => "Failed Dependency",
        425 => "Too Early",
        429 => "Too Many Requests",
        500 => "Internal Server Error",
        502 => "Bad Gateway",
        503 => "Service Unavailable",
        _ => "Other",
    }
}
