//! `Histogram`: how long things took, in buckets.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// Upper bounds of the buckets, in seconds: from an answer out of memory to an upload of many
/// gigabytes. What took longer is in a bucket without bound.
pub const BOUNDS: [f64; 15] = [
    0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0, 15.0, 60.0, 300.0,
];

/// Counts times by length; takes and gives numbers without a lock.
#[derive(Debug, Default)]
pub struct Histogram {
    counts: [AtomicU64; BOUNDS.len() + 1],
    sum_micros: AtomicU64,
}

/// What a histogram has counted.
#[derive(Debug, Clone, PartialEq)]
pub struct Counted {
    /// For each bound how many took at most so long.
    pub at_most: [u64; BOUNDS.len()],
    /// All of them.
    pub count: u64,
    /// Seconds of all together.
    pub sum_secs: f64,
}

impl Histogram {
    /// Counts one that took so long.
    pub fn note(&self, time: Duration) {
        let secs = time.as_secs_f64();
        let bucket = BOUNDS.iter().position(|bound| secs <= *bound).unwrap_or(BOUNDS.len());
        self.counts[bucket].fetch_add(1, Ordering::Relaxed);
        let micros = u64::try_from(time.as_micros()).unwrap_or(u64::MAX);
        self.sum_micros.fetch_add(micros, Ordering::Relaxed);
    }

    /// What it has counted.
    pub fn counted(&self) -> Counted {
        let mut count = 0;
        let mut at_most = [0; BOUNDS.len()];
        for (bucket, number) in self.counts.iter().enumerate() {
            count += number.load(Ordering::Relaxed);
            if let Some(upto) = at_most.get_mut(bucket) {
                *upto = count;
            }
        }
        let sum = Duration::from_micros(self.sum_micros.load(Ordering::Relaxed));
        Counted { at_most, count, sum_secs: sum.as_secs_f64() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_time_is_in_the_buckets_that_hold_it() {
        let histogram = Histogram::default();
        for millis in [0, 1, 2, 400_000] {
            histogram.note(Duration::from_millis(millis));
        }
        let counted = histogram.counted();
        assert_eq!(counted.at_most[..3], [1, 2, 3]);
        assert_eq!((counted.at_most[14], counted.count), (3, 4), "one took longer than all bounds");
        assert!((counted.sum_secs - 400.003).abs() < 1e-9);
    }
}
