//! How the store grew: a point now and then, fewer of what is long ago.

use std::time::Duration;

use super::{LookupError, Ops, Weight};

/// Points of the last days are all kept.
const FINE: u64 = 2 * 24 * 3_600;

/// Of what is older, so many seconds have one point.
const COARSE_EVERY: u64 = 3_600;

/// What is older is forgotten: 90 days. Together under 3,000 points, 130 KB.
const KEPT: u64 = 90 * 24 * 3_600;

/// Numbers in a point.
const NUMBERS: usize = 6;

/// What was in the store at one moment.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Point {
    /// Seconds since 1970.
    pub at: u64,
    /// Blobs and their bytes.
    pub blobs: Weight,
    /// Checkouts.
    pub checkouts: u64,
    /// Bytes of their files, as copies would take.
    pub logical_bytes: u64,
    /// Free bytes on the storage.
    pub free_bytes: u64,
}

impl Point {
    fn encode(self) -> [u64; NUMBERS] {
        let Self { at, blobs, checkouts, logical_bytes, free_bytes } = self;
        [at, blobs.blobs, blobs.bytes, checkouts, logical_bytes, free_bytes]
    }

    fn decode(numbers: [u64; NUMBERS]) -> Self {
        let [at, blobs, bytes, checkouts, logical_bytes, free_bytes] = numbers;
        let blobs = Weight { blobs, bytes };
        Self { at, blobs, checkouts, logical_bytes, free_bytes }
    }
}

impl Ops {
    /// The points that are kept, by time.
    pub fn history(&self) -> Result<Vec<Point>, LookupError> {
        let bytes = self.index.history_note()?.unwrap_or_default();
        Ok(bytes.as_chunks::<{ NUMBERS * 8 }>().0.iter().map(read).collect())
    }

    /// Adds a point when the last one is so old, and forgets old ones. Does nothing until all of
    /// the store is in the index.
    pub fn note_history(&self, every: Duration) -> Result<(), LookupError> {
        let Some(totals) = self.known_totals().filter(|totals| totals.is_complete) else {
            return Ok(());
        };
        let Some(look) = self.last_look() else { return Ok(()) };
        let mut points = self.history()?;
        // A clock that was set back does not stop this for a year.
        points.retain(|point| point.at <= look.at);
        if points.last().is_some_and(|last| look.at < last.at + every.as_secs()) {
            return Ok(());
        }
        points.push(Point {
            at: look.at,
            blobs: totals.blobs,
            checkouts: totals.checkouts,
            logical_bytes: totals.logical_bytes,
            free_bytes: look.space.free_bytes,
        });
        let bytes: Vec<u8> =
            thinned(&points, look.at).flat_map(Point::encode).flat_map(u64::to_be_bytes).collect();
        Ok(self.index.put_history_note(&bytes)?)
    }
}

fn read(bytes: &[u8; NUMBERS * 8]) -> Point {
    let mut numbers = [0; NUMBERS];
    for (number, eight) in numbers.iter_mut().zip(bytes.as_chunks().0) {
        *number = u64::from_be_bytes(*eight);
    }
    Point::decode(numbers)
}

/// All of the last days, of what is older the first one of each hour.
fn thinned(points: &[Point], now: u64) -> impl Iterator<Item = Point> {
    let mut hour = None;
    points.iter().copied().filter(move |point| {
        let age = now.saturating_sub(point.at);
        if age <= FINE {
            return true;
        }
        let its = point.at / COARSE_EVERY;
        age <= KEPT && hour.replace(its) != Some(its)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn points_read_back() {
        let point = Point { at: 1, blobs: Weight { blobs: 2, bytes: 3 }, ..Point::default() };
        let bytes: Vec<u8> = point.encode().into_iter().flat_map(u64::to_be_bytes).collect();
        assert_eq!(read(bytes.as_slice().try_into().unwrap()), point);
    }

    #[test]
    fn the_number_of_points_is_bounded_and_the_last_days_are_all_there() {
        let mut points: Vec<Point> = Vec::new();
        let every = 300;
        for nth in 0..40_000 {
            let at = nth * every;
            points.push(Point { at, ..Point::default() });
            points = thinned(&points, at).collect();
        }
        assert!((2_600..2_800).contains(&points.len()), "{}", points.len());
        let last = 39_999 * every;
        assert!(points.is_sorted_by_key(|point| point.at));
        assert_eq!(points.last().unwrap().at, last);
        let fine = points.iter().filter(|point| last - point.at <= FINE).count();
        assert_eq!(fine, 577);
        assert!(last - points[0].at <= KEPT);
    }
}
