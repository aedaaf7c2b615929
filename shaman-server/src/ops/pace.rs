//! `Pace`: not more bytes a second than a rate.

use std::ops::ControlFlow;
use std::time::{Duration, Instant};

/// Longest sleep before the next look whether to stop.
const NAP: Duration = Duration::from_millis(100);

/// Longest pause after one piece, however large it is.
const PAUSE_MAX: Duration = Duration::from_hours(1);

/// Sleeps so that not more bytes than the rate go by.
pub(super) struct Pace {
    rate: u64,
    due: Instant,
}

impl Pace {
    pub(super) fn new(rate: u64) -> Self {
        Self { rate: rate.max(1), due: Instant::now() }
    }

    /// Accounts for bytes; `Break` when it is time to stop.
    pub(super) fn keep(&mut self, bytes: u64, go_on: impl Fn() -> bool) -> ControlFlow<()> {
        let nanos = u128::from(bytes) * 1_000_000_000 / u128::from(self.rate);
        // What was slower than the rate is not made up for.
        self.due = self.due.max(Instant::now())
            + Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX)).min(PAUSE_MAX);
        loop {
            if !go_on() {
                return ControlFlow::Break(());
            }
            let now = Instant::now();
            if now >= self.due {
                return ControlFlow::Continue(());
            }
            std::thread::sleep((self.due - now).min(NAP));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_is_kept() {
        let began = Instant::now();
        let mut pace = Pace::new(1_000_000);
        for _ in 0..5 {
            assert!(pace.keep(20_000, || true).is_continue());
        }
        assert!(began.elapsed() >= Duration::from_millis(100));
        assert!(Pace::new(1).keep(1 << 40, || false).is_break(), "it stops at once");
    }
}
