//! Clients that submit, read and erase all at once, note what they were promised, and complain when
//! a promise is broken.
//!
//! ```text
//!  Load            starts and stops them
//!   ├─ worker      one client: what it does next, and what it makes of the answer
//!   │   ├─ promises    what it was told, compared with what is there
//!   │   ├─ blob        bytes with a name; some that all clients use, some that nobody else has
//!   │   └─ caller      requests over a kept connection
//!   ├─ sweeper     sweeps without a pause
//!   └─ leftovers   what must not lie around while nothing runs
//! ```

mod blob;
mod caller;
mod leftovers;
mod promises;
mod sweeper;
mod worker;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

pub use leftovers::{leftovers, torn_blobs, wait_until_clean};
pub use promises::Promises;
pub use sweeper::Sweeps;

use sweeper::sweep;
use worker::Worker;

/// What a load is like.
#[derive(Debug, Clone)]
pub struct Plan {
    /// The servers, all on one storage.
    pub servers: Vec<SocketAddr>,
    /// How long blobs stay after their last use, on these servers.
    pub grace: Duration,
    /// Checkouts that a client keeps before it erases some.
    pub keep: usize,
    /// Whether a server may vanish in the middle of a request.
    pub outages: Outages,
    /// Where checkouts are read; `None`: where the servers say that they are.
    pub read_in: Option<PathBuf>,
}

/// Whether a server may vanish in the middle of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outages {
    /// Yes; what it was asked then is done or not.
    Expected,
    /// No; a client complains.
    Complained,
}

/// Running clients.
#[derive(Debug)]
pub struct Load {
    stop: Arc<AtomicBool>,
    clients: Vec<JoinHandle<Promises>>,
    sweeper: JoinHandle<Sweeps>,
}

impl Load {
    /// Starts a client for each of these, which goes on where they left off, and a sweeper.
    pub fn start(plan: &Plan, seed: u64, clients: Vec<Promises>) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let clients = clients
            .into_iter()
            .enumerate()
            .map(|(number, promises)| {
                let (plan, stop) = (plan.clone(), Arc::clone(&stop));
                std::thread::spawn(move || {
                    let seed = seed.wrapping_mul(1_000).wrapping_add(number as u64);
                    Worker::new(number, plan, seed, promises).run(&stop)
                })
            })
            .collect();
        let (plan, stopped) = (plan.clone(), Arc::clone(&stop));
        let sweeper = std::thread::spawn(move || sweep(&plan, &stopped));
        Self { stop, clients, sweeper }
    }

    /// From here on a client that gets no answer ends. Say it before a server is killed for good.
    pub fn wind_down(&self) {
        self.stop.store(true, Ordering::SeqCst);
    }

    /// Waits for all of them.
    pub fn stop(self) -> (Vec<Promises>, Sweeps) {
        self.wind_down();
        let join = |client: JoinHandle<Promises>| client.join().expect("a client ends");
        let clients = self.clients.into_iter().map(join).collect();
        (clients, self.sweeper.join().expect("the sweeper ends"))
    }
}
