//! `Deletions`: jobs of which we were told that they are being deleted.

use std::collections::{HashMap, HashSet};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::Instant;

/// How long a deletion that passed through us is remembered. The Manager answers when it has
/// queued one, and is done within seconds; a minute later it tries again what failed.
const REMEMBERED: Duration = Duration::from_mins(10);

/// How long after a deletion it is worth looking again and again.
const SOON: Duration = Duration::from_secs(30);

#[derive(Debug, Default)]
pub(super) struct Deletions {
    told: Mutex<Told>,
    wake: Notify,
}

#[derive(Debug, Default)]
struct Told {
    jobs: HashMap<String, Instant>,
    /// Many at once, nobody knows which.
    many: Option<Instant>,
}

impl Deletions {
    /// Notes that a job is being deleted.
    pub(super) fn one(&self, id: String) {
        self.lock().jobs.insert(id, Instant::now());
        self.wake.notify_one();
    }

    /// Notes that jobs are being deleted.
    pub(super) fn many(&self) {
        self.lock().many = Some(Instant::now());
        self.wake.notify_one();
    }

    /// Makes whoever waits look at the jobs now.
    pub(super) fn look_now(&self) {
        self.wake.notify_one();
    }

    /// All jobs that we were told of.
    pub(super) fn jobs(&self) -> HashSet<String> {
        self.lock().jobs.keys().cloned().collect()
    }

    /// Says whether any job may be among those that are being deleted.
    pub(super) fn are_many(&self) -> bool {
        self.lock().many.is_some()
    }

    /// Forgets what is done or long ago; says whether something is still to come soon.
    pub(super) fn settle(&self, is_listed: impl Fn(&str) -> bool) -> bool {
        let now = Instant::now();
        let is_younger = |at: &Instant, than| now.duration_since(*at) < than;
        let mut told = self.lock();
        told.jobs.retain(|id, at| is_listed(id) && is_younger(at, REMEMBERED));
        told.many = told.many.filter(|at| is_younger(at, REMEMBERED));
        told.jobs.values().chain(&told.many).any(|at| is_younger(at, SOON))
    }

    /// Waits until told of something.
    pub(super) async fn told(&self) {
        self.wake.notified().await;
    }

    fn lock(&self) -> MutexGuard<'_, Told> {
        self.told.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
