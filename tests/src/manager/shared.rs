//! What all connections of a Manager share, and what outlives its restarts.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde_json::Value;

use super::fault::{Fault, Planned};
use super::seen::Seen;
use super::setup::Setup;

#[derive(Debug)]
pub(super) struct Shared {
    pub(super) setup: Setup,
    /// `/api/v3/configuration/file`.
    pub(super) file: Mutex<Value>,
    pub(super) jobs: Mutex<Vec<Value>>,
    pub(super) seen: Mutex<Vec<Seen>>,
    pub(super) planned: Mutex<Vec<Planned>>,
    /// Of socket.io, in order; `None` ends the streams.
    pub(super) events: Mutex<Vec<Option<String>>>,
    /// Told when `events` or `stopping` changes.
    pub(super) news: Condvar,
    pub(super) stopping: AtomicBool,
    pub(super) connections_so_far: AtomicU64,
    /// Stock creates one checkout at a time.
    pub(super) creating: Mutex<()>,
}

impl Shared {
    pub(super) fn new(setup: Setup) -> Self {
        Self {
            file: Mutex::new(setup.file()),
            setup,
            jobs: Mutex::default(),
            seen: Mutex::default(),
            planned: Mutex::default(),
            events: Mutex::default(),
            news: Condvar::new(),
            stopping: AtomicBool::new(false),
            connections_so_far: AtomicU64::new(0),
            creating: Mutex::default(),
        }
    }

    /// Takes the fault that is planned for this request, if there is one.
    pub(super) fn fault(&self, method: &str, path: &str) -> Option<Fault> {
        let mut planned = locked(&self.planned);
        let one = planned.iter_mut().find(|one| {
            one.times_left > 0 && one.method == method && path.starts_with(&one.path_begins)
        })?;
        one.times_left -= 1;
        Some(one.fault.clone())
    }

    pub(super) fn stopping(&self) -> bool {
        self.stopping.load(Ordering::SeqCst)
    }

    pub(super) fn emit(&self, event: Option<String>) {
        locked(&self.events).push(event);
        self.news.notify_all();
    }

    /// Waits for the event of this number. `None` when the streams, or the Manager, end.
    pub(super) fn wait_for_event(&self, number: usize) -> Option<String> {
        let mut events = locked(&self.events);
        loop {
            if let Some(event) = events.get(number) {
                return event.clone();
            }
            if self.stopping() {
                return None;
            }
            let waited = self.news.wait_timeout(events, Duration::from_millis(100));
            events = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
    }
}

/// Also after a panic of another thread: that fails its test by itself.
pub(super) fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
