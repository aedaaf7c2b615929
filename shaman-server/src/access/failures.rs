//! `Failures`: who presented wrong tokens lately.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Wrong tokens from one address in [`WINDOW`] that are answered and logged one by one. A script
/// with an old token tries a few times; nobody guesses one of 256 bits.
const FREE: u32 = 10;

/// How long they count.
const WINDOW: Duration = Duration::from_mins(1);

/// Addresses that are remembered; 1 MB. When there are more, all are forgotten.
const ADDRESSES_MAX: usize = 16_384;

/// Counts wrong tokens by address.
#[derive(Debug, Default)]
pub struct Failures {
    addresses: Mutex<HashMap<IpAddr, Count>>,
}

#[derive(Debug)]
struct Count {
    since: Instant,
    failures: u32,
}

/// What becomes of one that failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Next {
    /// It is told why.
    Tell,
    /// It was told often enough; how long until it is told again.
    Wait(Duration),
}

impl Failures {
    /// Counts one. Who presents a right token is not held up, whatever its neighbours at the same
    /// address do.
    pub fn count(&self, address: IpAddr, now: Instant) -> Next {
        let mut addresses = self.addresses.lock().unwrap_or_else(PoisonError::into_inner);
        if addresses.len() >= ADDRESSES_MAX && !addresses.contains_key(&address) {
            addresses.retain(|_, count| now.duration_since(count.since) < WINDOW);
            if addresses.len() >= ADDRESSES_MAX {
                addresses.clear();
            }
        }
        let count = addresses.entry(address).or_insert(Count { since: now, failures: 0 });
        let age = now.duration_since(count.since);
        if age >= WINDOW {
            *count = Count { since: now, failures: 0 };
        }
        count.failures = count.failures.saturating_add(1);
        if count.failures <= FREE {
            return Next::Tell;
        }
        let left = WINDOW.saturating_sub(now.duration_since(count.since));
        Next::Wait(Duration::from_secs(left.as_secs() + 1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_address_is_held_up_and_no_other() {
        let failures = Failures::default();
        let (start, one, other) = (Instant::now(), [10, 0, 0, 1].into(), [10, 0, 0, 2].into());
        for _ in 0..FREE {
            assert_eq!(failures.count(one, start), Next::Tell);
        }
        assert!(matches!(failures.count(one, start), Next::Wait(wait) if wait > WINDOW / 2));
        assert_eq!(failures.count(other, start), Next::Tell);
        assert_eq!(failures.count(one, start + WINDOW), Next::Tell);
    }

    #[test]
    fn what_is_remembered_is_bounded() {
        let failures = Failures::default();
        let now = Instant::now();
        for number in 0..40_000_u32 {
            failures.count(IpAddr::V4(number.into()), now);
        }
        assert!(failures.addresses.lock().unwrap().len() <= ADDRESSES_MAX);
    }
}
