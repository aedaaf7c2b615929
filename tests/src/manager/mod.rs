//! A Flamenco Manager to stand a proxy in front of.
//!
//! A real HTTP/1.1 server on a thread for each connection, with Go's manners where a proxy meets
//! them: one second for a head, folded fields taken, 100 on demand, a long body that nobody reads
//! ends the connection, answers in chunks. It remembers what came in, byte for byte, and can have
//! bad days ([`Fault`]).
//!
//! Its state (jobs, what it saw, its configuration) stays over [`Manager::stop`] and
//! [`Manager::start_again`], as Manager's database does.

mod answer;
mod configuration;
mod deletion;
mod exchange;
mod fault;
mod incoming;
mod jobs;
mod pages;
mod record;
mod routes;
mod seen;
mod serve;
mod setup;
mod shaman;
mod shared;
mod socket_io;

use std::collections::HashMap;
use std::io;
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use serde_json::Value;

pub use fault::Fault;
pub use seen::Seen;
pub use setup::Setup;

use crate::stock_store::StockStore;
use fault::Planned;
use shared::{Shared, locked};

/// A Manager; gone when dropped.
#[derive(Debug)]
pub struct Manager {
    shared: Arc<Shared>,
    address: SocketAddr,
    running: Option<Running>,
}

/// Open ones, by their number.
type Connections = Arc<Mutex<HashMap<u64, TcpStream>>>;

#[derive(Debug)]
struct Running {
    accepting: JoinHandle<()>,
    connections: Connections,
}

impl Manager {
    /// Listens on a free port of 127.0.0.1. The storage's directories are made when Shaman is on.
    pub fn start(setup: Setup) -> io::Result<Self> {
        Self::start_at(SocketAddr::from(([127, 0, 0, 1], 0)), setup)
    }

    /// The same at this address.
    pub fn start_at(address: SocketAddr, setup: Setup) -> io::Result<Self> {
        let listener = TcpListener::bind(address)?;
        let address = listener.local_addr()?;
        let mut manager = Self { shared: Arc::new(Shared::new(setup)), address, running: None };
        manager.run(listener)?;
        Ok(manager)
    }

    /// What the add-on's preference, or a proxy's, has to be: with the prefix, without a slash.
    pub fn url(&self) -> String {
        format!("http://{}{}", self.address, self.shared.setup.prefix)
    }

    /// Where it listens, also while it is stopped.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Every request so far, in the order their heads came.
    pub fn seen(&self) -> Vec<Seen> {
        locked(&self.shared.seen).clone()
    }

    /// Waits until something was seen, and gives it; `None` when it takes longer than `patience`.
    pub fn wait_for(&self, patience: Duration, what: impl Fn(&Seen) -> bool) -> Option<Seen> {
        let end = Instant::now() + patience;
        loop {
            if let Some(seen) = locked(&self.shared.seen).iter().find(|seen| what(seen)) {
                return Some(seen.clone());
            }
            if Instant::now() >= end {
                return None;
            }
            thread::sleep(Duration::from_millis(5));
        }
    }

    /// The jobs as `GET /api/v3/jobs` shows them.
    pub fn jobs(&self) -> Vec<Value> {
        locked(&self.shared.jobs).clone()
    }

    /// Plans a fault for the next `times` requests with this method whose path, without the prefix,
    /// begins so. Of several that fit the one planned first comes first.
    pub fn plan(&self, method: &str, path_begins: &str, fault: Fault, times: usize) {
        let (method, path_begins) = (method.to_owned(), path_begins.to_owned());
        locked(&self.shared.planned).push(Planned {
            method,
            path_begins,
            fault,
            times_left: times,
        });
    }

    /// An event for everybody who waits at `/socket.io/`.
    pub fn emit(&self, event: &str) {
        self.shared.emit(Some(event.to_owned()));
    }

    /// Ends the streams at `/socket.io/`, after the events so far.
    pub fn end_streams(&self) {
        self.shared.emit(None);
    }

    /// Stops listening and cuts every connection. Nothing happens when it is stopped already.
    pub fn stop(&mut self) {
        let Some(running) = self.running.take() else { return };
        self.shared.stopping.store(true, Ordering::SeqCst);
        self.shared.news.notify_all();
        // Wakes the thread that accepts.
        drop(TcpStream::connect(self.address));
        drop(running.accepting.join());
        for (_, connection) in locked(&running.connections).drain() {
            drop(connection.shutdown(Shutdown::Both));
        }
    }

    /// Listens again on the same port, and goes on with deletions that were left.
    pub fn start_again(&mut self) -> io::Result<()> {
        self.stop();
        let listener = TcpListener::bind(self.address)?;
        self.shared.stopping.store(false, Ordering::SeqCst);
        self.run(listener)?;
        deletion::work(&self.shared);
        Ok(())
    }

    fn run(&mut self, listener: TcpListener) -> io::Result<()> {
        if self.shared.setup.shaman_enabled {
            StockStore::create(&self.shared.setup.shared_storage)?;
        }
        let connections = Connections::default();
        let (shared, all) = (Arc::clone(&self.shared), Arc::clone(&connections));
        let accepting = thread::spawn(move || accept(&shared, &listener, &all));
        self.running = Some(Running { accepting, connections });
        Ok(())
    }
}

impl Drop for Manager {
    fn drop(&mut self) {
        self.stop();
    }
}

fn accept(shared: &Arc<Shared>, listener: &TcpListener, open: &Connections) {
    for stream in listener.incoming() {
        if shared.stopping() {
            break;
        }
        let Ok(stream) = stream else { continue };
        let Ok(second) = stream.try_clone() else { continue };
        let number = shared.connections_so_far.fetch_add(1, Ordering::SeqCst);
        locked(open).insert(number, second);
        let (shared, open) = (Arc::clone(shared), Arc::clone(open));
        thread::spawn(move || {
            // How a connection ends is the other side's business; what it sent is in the record.
            drop(serve::serve(&shared, stream, number));
            let ended = locked(&open).remove(&number);
            drop(ended.map(|stream| stream.shutdown(Shutdown::Both)));
        });
    }
}
