//! `Crew`: background work that is counted and told to stop.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::JoinSet;

/// A signal to stop, to look at or to wait for.
#[derive(Debug, Clone)]
pub struct Stop {
    flag: Arc<AtomicBool>,
    told: watch::Receiver<bool>,
}

impl Stop {
    /// Says whether it is time to stop.
    pub fn is_set(&self) -> bool {
        self.flag.load(Ordering::Relaxed)
    }

    /// Waits until it is time to stop.
    pub async fn wait(&mut self) {
        // An error means that the crew is gone, which is a stop too.
        drop(self.told.wait_for(|told| *told).await);
    }
}

/// Tasks that belong together and end together.
#[derive(Debug)]
pub struct Crew {
    tasks: JoinSet<()>,
    tell: watch::Sender<bool>,
    stop: Stop,
}

impl Default for Crew {
    fn default() -> Self {
        let (tell, told) = watch::channel(false);
        let stop = Stop { flag: Arc::default(), told };
        Self { tasks: JoinSet::new(), tell, stop }
    }
}

impl Crew {
    /// The signal that [`Crew::stop`] sets.
    pub fn stop_signal(&self) -> Stop {
        self.stop.clone()
    }

    /// Runs a task until it ends.
    pub fn spawn(&mut self, task: impl Future<Output = ()> + Send + 'static) {
        // Forget those that ended, so that a long life does not collect them.
        while self.tasks.try_join_next().is_some() {}
        self.tasks.spawn(task);
    }

    /// Sets the signal, waits for the tasks, and after `patience` ends those that still run. Gives
    /// how many had to be ended.
    pub async fn stop(mut self, patience: Duration) -> usize {
        self.stop.flag.store(true, Ordering::Relaxed);
        self.tell.send_replace(true);
        let all = async { while self.tasks.join_next().await.is_some() {} };
        if tokio::time::timeout(patience, all).await.is_ok() {
            return 0;
        }
        let left = self.tasks.len();
        self.tasks.shutdown().await;
        left
    }
}
