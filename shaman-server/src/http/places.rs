//! `Places`: connections at once, of all and of one address.

use std::collections::HashMap;
use std::fmt;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::http::StatusCode;
use tokio::sync::Notify;
use tokio::time::{Instant, timeout_at};

/// How long a connection waits for a place before it is turned away: the stock add-on gives up at
/// once when it is.
const WAIT: Duration = Duration::from_secs(5);

/// That wait at once; more are turned away at once.
const WAITING_MAX: usize = 256;

/// How many connections there may be.
#[derive(Debug, Clone, Copy)]
pub(super) struct Room {
    /// Of all addresses.
    pub(super) all: usize,
    /// Of one.
    pub(super) each: usize,
}

/// Why there is no place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Full {
    /// There are as many as there may be.
    All,
    /// This address has as many as one may have.
    Address,
}

impl Full {
    /// What HTTP has for it.
    pub(super) fn status_code(self) -> StatusCode {
        match self {
            Self::All => StatusCode::SERVICE_UNAVAILABLE,
            Self::Address => StatusCode::TOO_MANY_REQUESTS,
        }
    }
}

impl fmt::Display for Full {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let who = match self {
            Self::All => "the server",
            Self::Address => "this address",
        };
        write!(
            f,
            "{who} has as many connections as it may have; close some, or try again in some seconds"
        )
    }
}

/// Counts connections.
#[derive(Debug, Default)]
pub(super) struct Places {
    taken: Mutex<Taken>,
    freed: Notify,
}

#[derive(Debug, Default)]
struct Taken {
    all: usize,
    waiting: usize,
    addresses: HashMap<IpAddr, usize>,
}

/// A connection counts as long as this is held.
#[derive(Debug)]
pub(super) struct Place {
    places: Arc<Places>,
    address: IpAddr,
}

impl Places {
    /// Takes a place, after a short wait if all are taken.
    pub(super) async fn take(self: &Arc<Self>, address: IpAddr, room: Room) -> Result<Place, Full> {
        let address = neighbours(address);
        let deadline = Instant::now() + WAIT;
        loop {
            let freed = self.freed.notified();
            match self.try_take(address, room) {
                Err(Full::All) if self.begin_to_wait() => {}
                taken => return taken,
            }
            let waited = timeout_at(deadline, freed).await;
            self.taken().waiting -= 1;
            if waited.is_err() {
                return self.try_take(address, room);
            }
        }
    }

    /// How many there are.
    pub(super) fn count(&self) -> usize {
        self.taken().all
    }

    fn try_take(self: &Arc<Self>, address: IpAddr, room: Room) -> Result<Place, Full> {
        let mut taken = self.taken();
        if taken.addresses.get(&address).is_some_and(|count| *count >= room.each) {
            return Err(Full::Address);
        }
        if taken.all >= room.all {
            return Err(Full::All);
        }
        taken.all += 1;
        *taken.addresses.entry(address).or_default() += 1;
        Ok(Place { places: Arc::clone(self), address })
    }

    fn begin_to_wait(&self) -> bool {
        let mut taken = self.taken();
        let is_free = taken.waiting < WAITING_MAX;
        taken.waiting += usize::from(is_free);
        is_free
    }

    fn taken(&self) -> MutexGuard<'_, Taken> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut taken = self.places.taken();
        taken.all -= 1;
        if let Some(count) = taken.addresses.get_mut(&self.address) {
            *count -= 1;
            if *count == 0 {
                taken.addresses.remove(&self.address);
            }
        }
        drop(taken);
        self.places.freed.notify_one();
    }
}

/// One customer of a provider has 2^64 addresses of IPv6: they count as one.
fn neighbours(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => {
            let mut parts = address.segments();
            parts[4..].fill(0);
            IpAddr::V6(Ipv6Addr::from(parts))
        }
        address @ IpAddr::V4(_) => address,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn one_address_does_not_take_all_places() {
        let places = Arc::new(Places::default());
        let room = Room { all: 3, each: 2 };
        let (one, other) = ([10, 0, 0, 1].into(), [10, 0, 0, 2].into());
        let first = places.take(one, room).await.unwrap();
        let _second = places.take(one, room).await.unwrap();
        assert_eq!(places.take(one, room).await.err(), Some(Full::Address));
        let _third = places.take(other, room).await.unwrap();
        assert_eq!(places.take(other, room).await.err(), Some(Full::All), "after a wait");
        let (fourth, ()) = tokio::join!(places.take(other, room), async { drop(first) });
        assert!(fourth.is_ok(), "whoever waits gets the next place");
        assert_eq!(places.taken().waiting, 0);
    }

    #[test]
    fn neighbours_of_ipv6_count_as_one() {
        let same =
            |a: &str, b: &str| neighbours(a.parse().unwrap()) == neighbours(b.parse().unwrap());
        assert!(same("2001:db8::1", "2001:db8::ffff:1"));
        assert!(!same("2001:db8::1", "2001:db8:0:1::1"));
        assert!(same("::ffff:10.0.0.1", "10.0.0.1"));
    }
}
