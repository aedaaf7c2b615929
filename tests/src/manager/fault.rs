//! Bad days of a Manager, on demand.

use std::time::Duration;

/// What happens to a request instead of, or around, its ordinary answer.
#[derive(Debug, Clone)]
pub enum Fault {
    /// The ordinary answer, so much later. Nothing of the body is read before.
    Slow(Duration),
    /// An answer with this status before anything of the body is read; the body is read after it
    /// and the connection is kept.
    EarlyThenRead(u16),
    /// The same with `Connection: close`; nothing of the body is ever read, and the connection is
    /// closed half a second later, as Go does.
    EarlyThenClose(u16),
    /// The request is read to its end and the connection closed without an answer.
    NoAnswer,
    /// The connection is closed when the head is read.
    CutRequest,
    /// The ordinary answer's head and the first half of its body; then the connection is closed.
    CutAnswer,
    /// The ordinary answer in chunks of one byte, with this pause after each.
    Drip(Duration),
    /// The ordinary answer with `Connection: close`.
    CloseAfter,
    /// The ordinary answer after an informational one, 100 to 199.
    InformationalFirst(u16),
    /// This answer; the body of the request is read before.
    Instead {
        /// Of the answer.
        status: u16,
        /// Of the answer, beside `Date` and `Content-Length`.
        fields: Vec<(String, String)>,
        /// Of the answer.
        body: Vec<u8>,
    },
}

/// A fault that waits for its requests.
#[derive(Debug)]
pub(super) struct Planned {
    pub(super) method: String,
    /// Of the path without prefix.
    pub(super) path_begins: String,
    pub(super) fault: Fault,
    pub(super) times_left: usize,
}
