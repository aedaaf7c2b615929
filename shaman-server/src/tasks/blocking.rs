//! The one door to blocking threads.

use std::sync::Arc;

use tokio::sync::Semaphore;

/// Blocking work at once. Disks answer best with some tens of requests outstanding; more threads
/// only take memory.
const PERMITS: usize = 64;

/// The nice value that gives way to all others.
const NICEST: i32 = 19;

/// The work met a bug and ended; the panic's message is in the log of the process.
#[derive(Debug, thiserror::Error)]
#[error("the server met a bug; its log says where, please report it")]
pub struct Panicked;

/// Runs blocking work on threads of its own, 64 at a time at most.
#[derive(Debug, Clone)]
pub struct Blocking {
    permits: Arc<Semaphore>,
}

impl Default for Blocking {
    fn default() -> Self {
        Self { permits: Arc::new(Semaphore::new(PERMITS)) }
    }
}

/// Runs work that takes hours on a thread of its own, behind everything else: with the lowest
/// priority for processors, and on Linux for disks in the idle class, where their scheduler knows
/// any (BFQ does).
pub async fn calmly<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, Panicked> {
    let (tell, told) = tokio::sync::oneshot::channel();
    let thread = std::thread::Builder::new().name("shaman-calm".into()).spawn(move || {
        give_way();
        // Nobody waits any more when the server stops.
        drop(tell.send(work()));
    });
    match thread {
        Ok(_) => told.await.map_err(|_| Panicked),
        Err(error) => {
            tracing::error!(%error, "cannot start a thread");
            Err(Panicked)
        }
    }
}

/// Lets all others go first. Where that is refused, the work is merely less calm.
fn give_way() {
    // On Linux both are about the calling thread.
    rustix::process::setpriority_process(None, NICEST).ok();
    #[cfg(target_os = "linux")]
    ioprio::set_priority(
        ioprio::Target::Process(ioprio::Pid::from_raw(0)),
        ioprio::Priority::new(ioprio::Class::Idle),
    )
    .ok();
}

/// Blocking work that runs. It ends even when this is dropped.
#[derive(Debug)]
pub struct Begun<T>(tokio::task::JoinHandle<T>);

impl<T> Begun<T> {
    /// Its result.
    pub async fn ended(self) -> Result<T, Panicked> {
        self.0.await.map_err(|_| Panicked)
    }
}

impl Blocking {
    /// Runs `work` and gives its result. Once begun it ends, even when nobody waits any more.
    pub async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Panicked> {
        self.begin(work).await.ended().await
    }

    /// Begins `work` as soon as there is a thread for it; whoever calls this does something else
    /// meanwhile.
    pub async fn begin<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Begun<T> {
        let permit = Arc::clone(&self.permits).acquire_owned().await.expect("never closed");
        Begun(tokio::task::spawn_blocking(move || {
            let result = work();
            drop(permit);
            result
        }))
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::calmly;

    #[tokio::test]
    async fn calm_work_lets_all_others_go_first_and_leaves_other_threads_alone() {
        let priorities = || {
            let this = ioprio::Target::Process(ioprio::Pid::from_raw(0));
            let class = ioprio::get_priority(this).unwrap().class();
            (rustix::process::getpriority_process(None).unwrap(), class)
        };
        let before = priorities();
        assert_eq!(calmly(priorities).await.unwrap(), (19, Some(ioprio::Class::Idle)));
        assert_eq!(priorities(), before);
    }
}
