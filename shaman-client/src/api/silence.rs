//! Servers that hold the connection and say nothing.
//!
//! A limit on the time of a whole request would end long uploads, so what is limited is the time in
//! which nothing moves: no byte is accepted and none comes back.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::time::Instant;

/// Beats whenever bytes move. Clones beat together.
#[derive(Clone, Default)]
pub struct Pulse {
    beats: Arc<AtomicU64>,
    counting: Option<Arc<dyn Fn(u64) + Send + Sync>>,
}

impl Pulse {
    /// One that also hears how many bytes of a body in memory have moved.
    #[must_use]
    pub fn counting(&self, hear: impl Fn(u64) + Send + Sync + 'static) -> Self {
        Self { beats: Arc::clone(&self.beats), counting: Some(Arc::new(hear)) }
    }

    /// Says that bytes have moved.
    pub fn beat(&self) {
        self.beats.fetch_add(1, Ordering::Relaxed);
    }

    /// Says how many have moved.
    pub(super) fn beat_with(&self, bytes: usize) {
        self.beat();
        if let Some(hear) = &self.counting {
            hear(bytes as u64);
        }
    }

    fn beats(&self) -> u64 {
        self.beats.load(Ordering::Relaxed)
    }
}

impl std::fmt::Debug for Pulse {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Pulse").field("beats", &self.beats).finish_non_exhaustive()
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
