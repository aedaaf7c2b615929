//! Requests: routes, status codes and headers. Knows no file path below the storage.

mod arrival;
mod body;
mod bounds;
mod connection;
mod dashboard;
mod failure;
mod farewell;
mod flamenco;
mod guard;
mod harden;
mod health;
mod line;
mod listen;
mod metrics;
mod native;
mod paced;
mod places;
mod receiving;
mod route;
mod router;
mod unfold;
mod upstream;
mod waiting;
mod watch;

use std::sync::Arc;

pub use bounds::{Turns, Work};
pub use health::{Alive, ask_whether_alive};
pub use listen::{Entrance, accept};
pub use metrics::collect;
pub use route::Route;
pub use router::{Standing, router, routes};
pub use unfold::{Tunnel, Unfold};
pub use watch::Watch;

use failure::Failure;
use tokio::sync::Notify;

use crate::access::Door;
use crate::audit::Audit;
use crate::config::{Current, Settings};
use crate::ops::Ops;
use crate::tasks::Blocking;

/// What every handler gets.
#[derive(Debug, Clone)]
pub struct Shared {
    /// The verbs.
    pub ops: Arc<Ops>,
    /// The door to blocking threads.
    pub blocking: Blocking,
    /// Who is let in.
    pub door: Arc<Door>,
    /// How to answer; a request takes it once.
    pub settings: Current<Settings>,
    /// Who is at what now.
    pub turns: Arc<Turns>,
    /// Where it is written who did what.
    pub audit: Audit,
    /// What wakes the work that the server does by itself.
    pub bells: Arc<Bells>,
    /// Figures of all requests.
    pub watch: Arc<Watch>,
}

/// What wakes the work that the server does by itself.
#[derive(Debug, Default)]
pub struct Bells {
    /// Rung when somebody asks for a scrub.
    pub scrub: Notify,
    /// Rung when somebody asks for a reindex.
    pub reindex: Notify,
}

impl Shared {
    /// Runs a verb on a blocking thread.
    async fn run<T: Send + 'static>(
        &self,
        verb: impl FnOnce(&Ops) -> T + Send + 'static,
    ) -> Result<T, Failure> {
        let ops = Arc::clone(&self.ops);
        Ok(self.blocking.run(move || verb(&ops)).await?)
    }
}
