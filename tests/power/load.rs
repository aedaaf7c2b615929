//! Clients that keep a list of what they were promised.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use serde_json::json;
use shaman_tests::server::Server;
use shaman_tests::wire::{Connection, ask, sha256_hex};

/// Clients at once.
const CLIENTS: u32 = 4;

/// Files of a checkout: where they lie, and their bytes.
type Files = Vec<(String, Vec<u8>)>;

/// What clients were promised.
#[derive(Debug, Default)]
pub(crate) struct Promises {
    blobs: Vec<Vec<u8>>,
    checkouts: Vec<(String, Files)>,
}

impl Promises {
    pub(crate) fn add(&mut self, more: Self) {
        self.blobs.extend(more.blobs);
        self.checkouts.extend(more.checkouts);
    }

    pub(crate) fn checkouts(&self) -> usize {
        self.checkouts.len()
    }

    pub(crate) fn blobs(&self) -> usize {
        self.blobs.len()
    }

    /// Compares each promise with what is there; gives how many blobs are gone, and forgets them.
    /// A checkout must be there, whole. A blob that no checkout names may be gone, but what the
    /// server says of it must be true.
    pub(crate) fn check(&mut self, server: &Server) -> usize {
        for (checkout, files) in &self.checkouts {
            let dir = server.jobs().join(checkout);
            for (name, bytes) in files {
                let path = dir.join(name);
                let found = std::fs::read(&path)
                    .unwrap_or_else(|error| panic!("{}: {error}", path.display()));
                assert!(
                    found == *bytes,
                    "{} is not what was promised: {} bytes instead of {}",
                    path.display(),
                    found.len(),
                    bytes.len()
                );
            }
            assert!(dir.join(".shaman-manifest.json").is_file());
        }
        let before = self.blobs.len();
        self.blobs.retain(|bytes| {
            let (sha, size) = (sha256_hex(bytes), bytes.len());
            let url = format!("/api/v3/shaman/files/{sha}/{size}");
            let status = ask(server.address(), "GET", &url, &[], b"").unwrap().text();
            let is_stored = status.contains("stored");
            if is_stored {
                let (first, rest) = sha.split_at(2);
                let stored = server.jobs().with_file_name("file-store").join("stored");
                let path = stored.join(first).join(rest).join(format!("{size}.blob"));
                assert!(std::fs::read(path).unwrap() == *bytes, "a torn blob is said to be stored");
            }
            is_stored
        });
        before - self.blobs.len()
    }
}

/// Running clients.
#[derive(Debug)]
pub(crate) struct Load {
    stop: Arc<AtomicBool>,
    clients: Vec<JoinHandle<Promises>>,
}

impl Load {
    /// Blobs go to one server, checkouts are asked of one, which may be another.
    pub(crate) fn start(uploads: SocketAddr, creates: SocketAddr, round: u32) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let clients = (0..CLIENTS)
            .map(|client| {
                let stop = Arc::clone(&stop);
                std::thread::spawn(move || work(uploads, creates, round * CLIENTS + client, &stop))
            })
            .collect();
        Self { stop, clients }
    }

    pub(crate) fn stop(self) -> Promises {
        self.stop.store(true, Ordering::SeqCst);
        let mut all = Promises::default();
        for client in self.clients {
            all.add(client.join().unwrap());
        }
        all
    }
}

/// Uploads some blobs, checks some of them out, again and again, until told to stop or refused.
fn work(uploads: SocketAddr, creates: SocketAddr, seed: u32, stop: &AtomicBool) -> Promises {
    let mut random = fastrand::Rng::with_seed(u64::from(seed));
    let mut promises = Promises::default();
    let mut job = 0;
    while !stop.load(Ordering::SeqCst) {
        let files: Vec<Vec<u8>> = (0..random.usize(1..8))
            .map(|_| {
                let mut bytes = vec![0; random.usize(0..60_000)];
                random.fill(&mut bytes);
                bytes
            })
            .collect();
        // One that has no directories is not flushed with all of the file system.
        let is_flat = random.bool();
        let place = |n: usize| if is_flat { n.to_string() } else { format!("dir{}/{n}", n % 3) };
        for bytes in &files {
            if !upload(uploads, bytes) {
                return promises;
            }
            promises.blobs.push(bytes.clone());
        }
        let entries: Vec<_> = files
            .iter()
            .enumerate()
            .map(|(n, bytes)| {
                json!({"sha": sha256_hex(bytes), "size": bytes.len(), "path": place(n)})
            })
            .collect();
        let name = format!("client {seed}/{job}");
        job += 1;
        let body = json!({"files": entries, "checkoutPath": name}).to_string();
        let path = "/api/v3/shaman/checkout/create";
        let Some(answer) = send(creates, path, body.as_bytes(), "application/json") else {
            return promises;
        };
        if answer.0 != 200 {
            return promises;
        }
        let answer: serde_json::Value = serde_json::from_slice(&answer.1).unwrap();
        let files = files.into_iter().enumerate().map(|(n, bytes)| (place(n), bytes)).collect();
        promises.checkouts.push((answer["checkoutPath"].as_str().unwrap().to_owned(), files));
    }
    promises
}

fn upload(address: SocketAddr, bytes: &[u8]) -> bool {
    let path = format!("/api/v3/shaman/files/{}/{}", sha256_hex(bytes), bytes.len());
    send(address, &path, bytes, "application/octet-stream")
        .is_some_and(|(status, _)| matches!(status, 204 | 208))
}

/// Status and body of an answer, if one came in time.
fn send(address: SocketAddr, path: &str, body: &[u8], kind: &str) -> Option<(u16, Vec<u8>)> {
    let ip = address.ip().to_string();
    let mut connection = Connection::open(&ip, address.port(), Duration::from_secs(20)).ok()?;
    let head = format!(
        "POST {path} HTTP/1.1\r\nHost: x\r\nContent-Type: {kind}\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    connection.send(head.as_bytes(), body).ok()?;
    let (answer, _) = connection.receive("POST").ok()?;
    Some((answer.status, answer.body))
}
