//! What a Manager saw, for tests to look at.

use crate::wire::Head;

/// Bodies up to this are kept whole; longer ones only as length and digest.
pub(super) const BODY_KEPT_BYTES: usize = 1 << 20;

/// One request. It is complete when its answer begins, but for a body that is read after it
/// ([`super::Fault::EarlyThenRead`]).
#[derive(Debug, Clone, Default)]
pub struct Seen {
    /// As in the request line.
    pub method: String,
    /// As in the request line, with prefix and query.
    pub target: String,
    /// Every field with its raw bytes, in order.
    pub head: Head,
    /// How much of the body was read.
    pub body_bytes: u64,
    /// SHA-256 of that, 64 hex digits.
    pub body_sha256: String,
    /// The body, if it is not longer than 1 MiB.
    pub body: Vec<u8>,
    /// Whether the body was read to its end.
    pub body_ended: bool,
    /// Connections are numbered in the order they came.
    pub connection: u64,
    /// Which request of its connection it is, from 0.
    pub nth: usize,
    /// Of the answer; `None` while there is none, and when none was given.
    pub status: Option<u16>,
}

impl Seen {
    /// Whether it came over a connection that was used before.
    pub fn kept(&self) -> bool {
        self.nth > 0
    }

    /// `POST /api/v3/jobs`.
    pub fn brief(&self) -> String {
        format!("{} {}", self.method, self.target)
    }
}
