//! `Turnstile`: so many at once, and a fair share for each client.
//!
//! ```text
//!  alice: ▮▮▮▮▮▮ ─┐
//!  bob:   ▮        ├─► at most so many of one client, so many of all ─► handler
//!  carol: ▮▮      ─┘    whoever waits goes in client by client, not one after the other
//! ```

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::oneshot;

/// How many may be inside.
#[derive(Debug, Clone, Copy)]
pub struct Bounds {
    /// Of all clients.
    pub all: usize,
    /// Of one client.
    pub each: usize,
    /// That wait, of one client: more are turned away at once.
    pub waiting: usize,
    /// How long one waits at most.
    pub patience: Duration,
}

/// Lets clients in, so many at once.
#[derive(Debug, Default)]
pub struct Turnstile {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    inside: usize,
    clients: HashMap<String, Client>,
    /// Clients of which somebody waits; the first is next.
    order: VecDeque<String>,
    bounds: Option<Bounds>,
}

#[derive(Debug, Default)]
struct Client {
    inside: usize,
    waiting: VecDeque<oneshot::Sender<Pass>>,
}

/// Somebody is inside as long as this is held.
#[derive(Debug)]
pub struct Pass {
    turnstile: Arc<Turnstile>,
    client: String,
}

/// Nobody goes in: this client has too many waiting, or the wait was too long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TurnedAway {
    /// It has so many waiting already.
    TooMany,
    /// It waited as long as one may.
    TooLong,
}

impl Turnstile {
    /// Goes in when it is this client's turn.
    pub async fn enter(self: &Arc<Self>, client: &str, bounds: Bounds) -> Result<Pass, TurnedAway> {
        let turn = {
            let mut state = self.state();
            state.bounds = Some(bounds);
            let known = state.clients.get(client);
            let (inside, waiting) = known.map_or((0, 0), |c| (c.inside, c.waiting.len()));
            if waiting == 0 && inside < bounds.each && state.inside < bounds.all {
                state.inside += 1;
                state.clients.entry(client.to_owned()).or_default().inside += 1;
                return Ok(Pass { turnstile: Arc::clone(self), client: client.to_owned() });
            }
            if waiting >= bounds.waiting {
                return Err(TurnedAway::TooMany);
            }
            let (tell, turn) = oneshot::channel();
            state.clients.entry(client.to_owned()).or_default().waiting.push_back(tell);
            if waiting == 0 {
                state.order.push_back(client.to_owned());
            }
            turn
        };
        // A turn that comes while we give up is dropped with its channel, and goes to the next.
        if let Ok(Ok(pass)) = tokio::time::timeout(bounds.patience, turn).await {
            return Ok(pass);
        }
        self.state().forget_gone(client);
        Err(TurnedAway::TooLong)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Lets in whoever is next, as long as there is room.
    fn admit(self: &Arc<Self>) {
        // What is refused is dropped outside of the lock: its drop takes it again.
        let mut given_back = Vec::new();
        let mut state = self.state();
        let Some(bounds) = state.bounds else { return };
        for _ in 0..state.order.len() {
            if state.inside >= bounds.all {
                break;
            }
            let Some(name) = state.order.pop_front() else { break };
            let Some(client) = state.clients.get_mut(&name) else { continue };
            client.waiting.retain(|tell| !tell.is_closed());
            if client.inside < bounds.each
                && let Some(tell) = client.waiting.pop_front()
            {
                client.inside += 1;
                let pass = Pass { turnstile: Arc::clone(self), client: name.clone() };
                let is_waited_for = !client.waiting.is_empty();
                state.inside += 1;
                if is_waited_for {
                    state.order.push_back(name);
                }
                given_back.extend(tell.send(pass).err());
            } else if !client.waiting.is_empty() {
                state.order.push_back(name);
            }
        }
        drop(state);
        drop(given_back);
    }
}

impl State {
    /// Forgets those of a client that gave up, and the client if nothing is left of it.
    fn forget_gone(&mut self, name: &str) {
        let Some(client) = self.clients.get_mut(name) else { return };
        client.waiting.retain(|tell| !tell.is_closed());
        if client.waiting.is_empty() {
            self.order.retain(|waiting| waiting != name);
            if client.inside == 0 {
                self.clients.remove(name);
            }
        }
    }
}

impl Drop for Pass {
    fn drop(&mut self) {
        {
            let mut state = self.turnstile.state();
            state.inside -= 1;
            if let Some(client) = state.clients.get_mut(&self.client) {
                client.inside -= 1;
                if client.inside == 0 && client.waiting.is_empty() {
                    state.clients.remove(&self.client);
                }
            }
        }
        self.turnstile.admit();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BOUNDS: Bounds =
        Bounds { all: 3, each: 2, waiting: 2, patience: Duration::from_secs(10) };

    #[tokio::test(start_paused = true)]
    async fn one_client_does_not_keep_others_out() {
        let turnstile = Arc::new(Turnstile::default());
        let first = turnstile.enter("alice", BOUNDS).await.unwrap();
        let _second = turnstile.enter("alice", BOUNDS).await.unwrap();
        let third = tokio::time::timeout(Duration::from_secs(1), turnstile.enter("alice", BOUNDS));
        assert!(third.await.is_err(), "two of one are enough");
        let bob = turnstile.enter("bob", BOUNDS).await.unwrap();
        drop((first, bob));
        assert!(turnstile.enter("alice", BOUNDS).await.is_ok());
    }

    #[tokio::test(start_paused = true)]
    async fn whoever_waits_goes_in_client_by_client() {
        let bounds = Bounds { all: 1, each: 1, waiting: 10, ..BOUNDS };
        let turnstile = Arc::new(Turnstile::default());
        let held = turnstile.enter("alice", bounds).await.unwrap();
        let order = Arc::new(Mutex::new(Vec::new()));
        let mut tasks = tokio::task::JoinSet::new();
        for client in ["alice", "alice", "alice", "bob", "carol"] {
            let (turnstile, order) = (Arc::clone(&turnstile), Arc::clone(&order));
            tasks.spawn(async move {
                let pass = turnstile.enter(client, bounds).await.unwrap();
                order.lock().unwrap().push(client);
                drop(pass);
            });
            tokio::task::yield_now().await;
        }
        drop(held);
        while tasks.join_next().await.is_some() {}
        assert_eq!(*order.lock().unwrap(), ["alice", "bob", "carol", "alice", "alice"]);
        assert!(turnstile.state().clients.is_empty(), "nothing is kept of who is gone");
    }

    #[tokio::test(start_paused = true)]
    async fn waiting_is_bounded_in_number_and_time() {
        let bounds = Bounds { all: 1, each: 1, waiting: 1, ..BOUNDS };
        let turnstile = Arc::new(Turnstile::default());
        let held = turnstile.enter("alice", bounds).await.unwrap();
        let waiting = turnstile.enter("alice", bounds);
        let too_many = async {
            tokio::task::yield_now().await;
            turnstile.enter("alice", bounds).await.err()
        };
        let (waited, too_many) = tokio::join!(waiting, too_many);
        assert_eq!(waited.err(), Some(TurnedAway::TooLong));
        assert_eq!(too_many, Some(TurnedAway::TooMany));
        drop(held);
        assert!(turnstile.enter("alice", bounds).await.is_ok(), "who gave up holds nothing");
    }
}
