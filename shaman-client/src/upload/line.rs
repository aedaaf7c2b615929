//! What the uploads of one submit learn of the line to the server, and of what stands on it.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::{Delta, LARGE_BYTES};

/// Less than that says more about the time there and back than about the line.
const MEASURED_BYTES_MIN: u64 = 256 << 10;

/// Most bytes in a request once something refused a longer one; the second is for proxies that take
/// up to 1 MiB, as nginx does unless told.
const BODY_BYTES: [u64; 3] = [u64::MAX, 16 << 20, 900 << 10];

/// So many files in a row that resemble nothing on the server: then only large ones are tried, since
/// each try is a question.
const STRANGERS_MAX: u32 = 16;

/// Shared by all uploads of a submit.
#[derive(Debug, Default)]
pub struct Line {
    delta: Delta,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// Bytes a second, of all requests together.
    rate: Option<f64>,
    under_way: u32,
    /// Which of [`BODY_BYTES`] counts.
    step: usize,
    refuses_unknown_lengths: bool,
    refuses_puts: bool,
    refuses_chunks: bool,
    /// Files since the last one that resembled something.
    strangers: u32,
    reused_bytes: u64,
}

/// A request that is being measured.
#[derive(Debug)]
pub(super) struct Measure<'a> {
    line: &'a Line,
    began: Instant,
}

impl Line {
    /// A line of which nothing is known yet.
    pub fn new(delta: Delta) -> Self {
        Self { delta, ..Self::default() }
    }

    /// Whether files may travel in part.
    pub(super) fn delta(&self) -> Delta {
        self.delta
    }

    /// Says whether it may pay to ask for something that resembles a file of this size.
    pub(super) fn may_resemble(&self, size: u64) -> bool {
        let is_tried = self.delta == Delta::Always || size >= LARGE_BYTES;
        self.with(|state| !state.refuses_chunks && (is_tried || state.strangers < STRANGERS_MAX))
    }

    /// A file resembled something, or nothing.
    pub(super) fn resembled(&self, resembled: bool) {
        self.with(|state| state.strangers = if resembled { 0 } else { state.strangers + 1 });
    }

    /// The server, or something before it, knows no chunks.
    pub(super) fn refused_chunks(&self) {
        self.with(|state| state.refuses_chunks = true);
    }

    /// So many bytes need not travel.
    pub(super) fn reused(&self, bytes: u64) {
        self.with(|state| state.reused_bytes += bytes);
    }

    /// Bytes of what was sent that did not travel: the server had them in other blobs.
    pub fn reused_bytes(&self) -> u64 {
        self.with(|state| state.reused_bytes)
    }

    /// Begins to measure a request.
    pub(super) fn begin(&self) -> Measure<'_> {
        self.with(|state| state.under_way += 1);
        Measure { line: self, began: Instant::now() }
    }

    /// Bytes a second that all requests together have moved; `None` before the first one is through.
    pub(super) fn rate(&self) -> Option<f64> {
        self.with(|state| state.rate)
    }

    /// Most bytes in a request.
    pub(super) fn body_bytes_max(&self) -> u64 {
        self.with(|state| BODY_BYTES.get(state.step).copied().unwrap_or(u64::MAX))
    }

    /// A body of so many bytes was refused for its length; `false` when shorter ones were, too.
    pub(super) fn refused(&self, bytes: u64) -> bool {
        self.with(|state| {
            let shorter = BODY_BYTES.iter().position(|most| *most < bytes);
            state.step = shorter.map_or(state.step, |shorter| state.step.max(shorter));
            shorter.is_some()
        })
    }

    /// Says whether bodies may be sent whose length nobody knows beforehand.
    pub(super) fn takes_unknown_lengths(&self) -> bool {
        self.with(|state| !state.refuses_unknown_lengths)
    }

    /// They may not.
    pub(super) fn refused_unknown_length(&self) {
        self.with(|state| state.refuses_unknown_lengths = true);
    }

    /// Says whether blobs may be put.
    pub(super) fn takes_puts(&self) -> bool {
        self.with(|state| !state.refuses_puts)
    }

    /// They may not.
    pub(super) fn refused_put(&self) {
        self.with(|state| state.refuses_puts = true);
    }

    fn with<T>(&self, work: impl FnOnce(&mut State) -> T) -> T {
        work(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn learn(&self, bytes: u64, took: Duration) {
        if bytes < MEASURED_BYTES_MIN || took.is_zero() {
            return;
        }
        self.with(|state| {
            #[expect(clippy::cast_precision_loss, reason = "a rate needs no last digit")]
            let rate = bytes as f64 / took.as_secs_f64() * f64::from(state.under_way);
            // What it was a moment ago says something of what it is.
            state.rate = Some(state.rate.map_or(rate, |old| f64::midpoint(old, rate)));
        });
    }
}

impl Measure<'_> {
    /// The request is through, and so many bytes went over the line.
    pub(super) fn ended(self, bytes: u64) {
        self.line.learn(bytes, self.began.elapsed());
    }
}

impl Drop for Measure<'_> {
    fn drop(&mut self) {
        self.line.with(|state| state.under_way -= 1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rate_is_that_of_all_requests_together() {
        let line = Line::default();
        assert_eq!(line.rate(), None);
        let (first, second) = (line.begin(), line.begin());
        line.learn(1 << 20, Duration::from_secs(1));
        assert_eq!(line.rate(), Some(f64::from(2 << 20)));
        line.learn(1_000, Duration::from_secs(1));
        assert_eq!(line.rate(), Some(f64::from(2 << 20)), "too little to tell");
        drop((first, second));
    }

    #[test]
    fn bodies_become_shorter_until_there_is_no_shorter_one() {
        let line = Line::default();
        assert_eq!(line.body_bytes_max(), u64::MAX);
        assert!(line.refused(5 << 20));
        assert_eq!(line.body_bytes_max(), 900 << 10);
        let other = Line::default();
        assert!(other.refused(1 << 30));
        assert_eq!(other.body_bytes_max(), 16 << 20);
        assert!(!line.refused(500 << 10));
    }
}
