//! `Events`: what happened, for those who listen.
//!
//! A ring of the last events, and a place in it for each listener. Nobody waits for a listener:
//! one that is too slow finds its place overwritten, and is told how many events it missed.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use shaman_proto::wire::event::Event;

/// Events that are kept: some seconds of a busy farm, and under 1 MB.
const KEPT: usize = 1_000;

/// Listeners at once: each holds a connection for ever, of which there are 1,500.
const LISTENERS_MAX: usize = 100;

/// What happened, and who wants to know.
#[derive(Debug, Clone)]
pub struct Events {
    run: u64,
    ring: Arc<Mutex<Ring>>,
}

#[derive(Debug, Default)]
struct Ring {
    /// Number of the first event that is kept.
    first: u64,
    kept: VecDeque<(u64, Event)>,
    /// By the listener's number; `None`: it does not wait.
    listeners: HashMap<u64, Option<Waker>>,
    next_listener: u64,
    is_over: bool,
}

/// A place among the events. Dropped, it is given up.
#[derive(Debug)]
pub struct Listener {
    events: Events,
    number: u64,
    next: u64,
    /// It was away longer than events are kept.
    has_lost: bool,
}

/// What a listener is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Told {
    /// Something happened.
    Event {
        /// Its number in this run of the server.
        number: u64,
        /// Seconds since 1970.
        at: u64,
        /// What.
        event: Event,
    },
    /// So many events are gone, if that is known.
    Lost(Option<u64>),
}

impl Default for Events {
    fn default() -> Self {
        Self { run: fastrand::u64(..), ring: Arc::default() }
    }
}

impl Events {
    /// Tells everybody who listens. Waits for nobody.
    pub fn tell(&self, now_secs: u64, event: Event) {
        let mut ring = self.lock();
        if ring.kept.len() == KEPT {
            ring.kept.pop_front();
            ring.first += 1;
        }
        ring.kept.push_back((now_secs, event));
        ring.wake();
    }

    /// Which run of the server the numbers are about.
    pub fn run(&self) -> u64 {
        self.run
    }

    /// How many listen.
    pub fn listeners(&self) -> usize {
        self.lock().listeners.len()
    }

    /// A place behind the last event, or behind the one with this run and number. `None`: too many
    /// listen.
    pub fn listen(&self, after: Option<(u64, u64)>) -> Option<Listener> {
        let mut ring = self.lock();
        if ring.listeners.len() >= LISTENERS_MAX {
            return None;
        }
        let end = ring.first + ring.kept.len() as u64;
        let (next, has_lost) = match after {
            None => (end, false),
            Some((run, number)) if run == self.run && number < end => (number + 1, false),
            // Of an earlier run nobody knows how much happened since.
            Some(_) => (ring.first, true),
        };
        let number = ring.next_listener;
        ring.next_listener += 1;
        ring.listeners.insert(number, None);
        drop(ring);
        Some(Listener { events: self.clone(), number, next, has_lost })
    }

    /// Sends all listeners home.
    pub fn end(&self) {
        let mut ring = self.lock();
        ring.is_over = true;
        ring.wake();
    }

    fn lock(&self) -> MutexGuard<'_, Ring> {
        self.ring.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Ring {
    fn wake(&mut self) {
        self.listeners.values_mut().filter_map(Option::take).for_each(Waker::wake);
    }
}

impl Listener {
    /// What comes next; `None` when the server stops.
    pub fn poll_next(&mut self, context: &Context<'_>) -> Poll<Option<Told>> {
        let mut ring = self.events.lock();
        if std::mem::take(&mut self.has_lost) {
            return Poll::Ready(Some(Told::Lost(None)));
        }
        if self.next < ring.first {
            let lost = ring.first - self.next;
            self.next = ring.first;
            return Poll::Ready(Some(Told::Lost(Some(lost))));
        }
        let place = usize::try_from(self.next - ring.first).unwrap_or(usize::MAX);
        if let Some((at, event)) = ring.kept.get(place) {
            let told = Told::Event { number: self.next, at: *at, event: event.clone() };
            self.next += 1;
            return Poll::Ready(Some(told));
        }
        if ring.is_over {
            return Poll::Ready(None);
        }
        ring.listeners.insert(self.number, Some(context.waker().clone()));
        Poll::Pending
    }

    /// Which run of the server the numbers are about.
    pub fn run(&self) -> u64 {
        self.events.run
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        self.events.lock().listeners.remove(&self.number);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn next(listener: &mut Listener) -> Option<Told> {
        match listener.poll_next(&Context::from_waker(Waker::noop())) {
            Poll::Ready(told) => told,
            Poll::Pending => None,
        }
    }

    fn happen(events: &Events, number: usize) {
        events.tell(7, Event::CheckoutErased { checkout: number.to_string() });
    }

    fn name(told: Option<Told>) -> String {
        match told {
            Some(Told::Event { event: Event::CheckoutErased { checkout }, .. }) => checkout,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_listener_is_told_what_happens_from_then_on() {
        let events = Events::default();
        happen(&events, 0);
        let mut listener = events.listen(None).unwrap();
        assert_eq!(next(&mut listener), None);
        happen(&events, 1);
        happen(&events, 2);
        assert_eq!(
            (name(next(&mut listener)), name(next(&mut listener))),
            ("1".into(), "2".into())
        );
        let mut back = events.listen(Some((events.run(), 0))).unwrap();
        assert_eq!(name(next(&mut back)), "1", "who comes back goes on where it was");
        let mut older = events.listen(Some((events.run() ^ 1, 9))).unwrap();
        assert_eq!(next(&mut older), Some(Told::Lost(None)));
        assert_eq!(name(next(&mut older)), "0");
    }

    #[test]
    fn a_slow_listener_loses_events_and_is_told_how_many() {
        let events = Events::default();
        let mut listener = events.listen(None).unwrap();
        for number in 0..KEPT + 5 {
            happen(&events, number);
        }
        assert_eq!(next(&mut listener), Some(Told::Lost(Some(5))));
        assert_eq!(name(next(&mut listener)), "5");
        assert_eq!(events.lock().kept.len(), KEPT);
    }

    #[test]
    fn so_many_may_listen_and_all_are_sent_home() {
        let events = Events::default();
        let mut listeners: Vec<Listener> =
            (0..LISTENERS_MAX).map(|_| events.listen(None).unwrap()).collect();
        assert!(events.listen(None).is_none());
        listeners.pop();
        let mut last = events.listen(None).unwrap();
        events.end();
        let ended = last.poll_next(&Context::from_waker(Waker::noop()));
        assert_eq!(ended, Poll::Ready(None));
    }
}
