//! Servers that hold the connection and say nothing.
//!
//! A limit on the time of a whole request would end long uploads, so what is limited is the time in
//! which nothing moves: no byte is accepted and none comes back.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::time::Instant;

/// Beats whenever bytes move. Clones beat together.
#[derive(Debug, Clone, Default)]
pub struct Pulse(Arc<AtomicU64>);

impl Pulse {
    /// Says that bytes have moved.
    pub fn beat(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }

    fn beats(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// Waits for the work; `None` once the pulse has not beaten for `limit`.
pub(super) async fn unless_silent<T>(
    work: impl Future<Output = T>,
    pulse: &Pulse,
    limit: Duration,
) -> Option<T> {
    tokio::pin!(work);
    let (mut beats, mut last) = (pulse.beats(), Instant::now());
    loop {
        tokio::select! {
            biased;
            done = &mut work => return Some(done),
            // Often enough that the limit is kept to an eighth of it.
            () = tokio::time::sleep(limit / 8) => {}
        }
        let now = pulse.beats();
        if now != beats {
            (beats, last) = (now, Instant::now());
        } else if last.elapsed() >= limit {
            return None;
        }
    }
}
