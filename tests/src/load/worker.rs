//! `Worker`: one client.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::blob::Blob;
use super::caller::Caller;
use super::promises::{Promises, compare, place};
use super::{Outages, Plan};

/// Times that a submit is tried again because a blob went after its grace.
const ATTEMPTS: usize = 10;

/// How a step went.
enum Step {
    Done,
    /// The server went away in the middle.
    Away,
}

/// One client: submits, reads, erases, at random.
pub(super) struct Worker {
    number: usize,
    plan: Plan,
    random: fastrand::Rng,
    callers: Vec<Caller>,
    promises: Promises,
    jobs_dir: Option<std::path::PathBuf>,
}

impl Worker {
    pub(super) fn new(number: usize, plan: Plan, seed: u64, promises: Promises) -> Self {
        let callers = plan.servers.iter().map(|server| Caller::new(*server)).collect();
        let random = fastrand::Rng::with_seed(seed);
        let jobs_dir = plan.read_in.clone();
        Self { number, plan, random, callers, promises, jobs_dir }
    }

    pub(super) fn run(mut self, stop: &AtomicBool) -> Promises {
        while !stop.load(Ordering::SeqCst) {
            let erase = self.promises.checkouts.len() > self.random.usize(..=self.plan.keep);
            let step = match self.random.u8(..10) {
                0 => self.ask_for_one(),
                1 | 2 => self.read_one(),
                _ if erase => self.erase_one(),
                _ => self.submit(),
            };
            if matches!(step, Step::Away) {
                if self.plan.outages == Outages::Complained {
                    self.promises.complain("the server went away".to_owned());
                    break;
                }
                std::thread::sleep(Duration::from_millis(20));
            }
        }
        self.promises
    }

    /// Asks any of the servers.
    fn send(&mut self, method: &str, url: &str, body: &[u8]) -> Option<(u16, Vec<u8>)> {
        let server = self.random.usize(..self.callers.len());
        self.callers[server].send(method, url, body)
    }

    /// Notes an answer that nobody documents.
    fn complain_of(&mut self, what: &str, status: u16, body: &[u8]) {
        let said = String::from_utf8_lossy(body).into_owned();
        self.promises.complain(format!("{what} was answered {status}: {said}"));
    }

    /// Is a blob there that we were told of?
    fn ask_for_one(&mut self) -> Step {
        let blob = Blob::shared(&mut self.random);
        let asked = Instant::now();
        let Some((status, body)) = self.send("GET", &blob.url(), b"") else { return Step::Away };
        let said = String::from_utf8_lossy(&body);
        if status != 200 {
            self.complain_of("asking for a blob", status, &body);
        } else if said.contains("stored") {
            self.promises.is_told(&blob, asked);
        } else {
            self.promises.is_denied(&blob.sha, self.plan.grace, "its status");
        }
        Step::Done
    }

    /// What workers do.
    fn read_one(&mut self) -> Step {
        let count = self.promises.checkouts.len();
        if count == 0 {
            return Step::Done;
        }
        let chosen = self.random.usize(..count);
        let dir = if let Some(dir) = &self.jobs_dir {
            dir.clone()
        } else {
            let url = "/api/v3/configuration/shared-storage/workers/linux";
            let Some((_, body)) = self.send("GET", url, b"") else { return Step::Away };
            let answer: Value = serde_json::from_slice(&body).unwrap_or_default();
            let Some(location) = answer["location"].as_str() else {
                self.promises.complain("no location was said".to_owned());
                return Step::Done;
            };
            self.jobs_dir.insert(location.into()).clone()
        };
        let (checkout, files) = self.promises.checkouts.iter().nth(chosen).expect("it is counted");
        let compared = compare(&dir.join(checkout), files);
        self.promises.compared += 1;
        if let Err(complaint) = compared {
            self.promises.complain(complaint);
        }
        Step::Done
    }

    fn erase_one(&mut self) -> Step {
        let chosen = self.random.usize(..self.promises.checkouts.len());
        let checkout = self.promises.checkouts.keys().nth(chosen).expect("it is counted").clone();
        let files = self.promises.checkouts.remove(&checkout).expect("it is there");
        let Some((status, body)) = self.send("DELETE", &format!("/v1/checkouts/{checkout}"), b"")
        else {
            self.promises.open.insert(checkout, files);
            return Step::Away;
        };
        if status == 204 {
            self.promises.taken_away += 1;
            // Others may get a name that all use.
            if !checkout.starts_with("all/") {
                self.promises.erased.push(checkout);
            }
        } else {
            self.complain_of(&format!("erasing {checkout}"), status, &body);
        }
        Step::Done
    }

    /// Asks what to send, sends it, asks for the checkout; again when blobs went meanwhile.
    fn submit(&mut self) -> Step {
        let files: Vec<Blob> = (0..self.random.usize(1..8))
            .map(|_| {
                if self.random.bool() {
                    Blob::shared(&mut self.random)
                } else {
                    Blob::fresh(&mut self.random)
                }
            })
            .collect();
        // Mostly names that nobody else has, sometimes one that all want.
        let (number, job) = (self.number, self.promises.jobs);
        let name = match self.random.u8(..4) {
            0 => format!("all/shot{}", self.random.u8(..3)),
            _ => format!("client{number}/shot{}/job{job}", job % 3),
        };
        self.promises.jobs += 1;
        let entries: Vec<Value> = files
            .iter()
            .enumerate()
            .map(|(n, blob)| json!({"sha": blob.sha, "size": blob.bytes.len(), "path": place(n)}))
            .collect();
        let list = json!({"files": entries}).to_string();
        let create = json!({"files": entries, "checkoutPath": name}).to_string();
        for _ in 0..ATTEMPTS {
            if let Step::Away = self.send_missing(&files, &list) {
                return Step::Away;
            }
            let url = "/api/v3/shaman/checkout/create";
            let Some((status, body)) = self.send("POST", url, create.as_bytes()) else {
                if !name.starts_with("all/") {
                    self.promises.open.insert(name, files);
                }
                return Step::Away;
            };
            match status {
                200 => {
                    let answer: Value = serde_json::from_slice(&body).unwrap_or_default();
                    let checkout = answer["checkoutPath"].as_str().unwrap_or_default();
                    self.promises.checkouts.insert(checkout.to_owned(), files);
                    self.promises.made += 1;
                    return Step::Done;
                }
                424 => {
                    let said = String::from_utf8_lossy(&body).into_owned();
                    for blob in files.iter().filter(|blob| said.contains(&blob.sha)) {
                        self.promises.is_denied(&blob.sha, self.plan.grace, "a create");
                    }
                }
                _ => {
                    self.complain_of(&format!("a create of {name}"), status, &body);
                    return Step::Done;
                }
            }
        }
        self.promises.complain(format!("{name} could not be made in {ATTEMPTS} attempts"));
        Step::Done
    }

    fn send_missing(&mut self, files: &[Blob], list: &str) -> Step {
        let asked = Instant::now();
        let url = "/api/v3/shaman/checkout/requirements";
        let Some((status, body)) = self.send("POST", url, list.as_bytes()) else {
            return Step::Away;
        };
        if status != 200 {
            self.complain_of("asking what to send", status, &body);
            return Step::Done;
        }
        let said = String::from_utf8_lossy(&body);
        let (missing, there): (Vec<_>, Vec<_>) =
            files.iter().partition(|blob| said.contains(&blob.sha));
        for blob in there {
            self.promises.is_told(blob, asked);
        }
        // A list may name a blob twice; the second time it is there.
        let mut seen = std::collections::HashSet::new();
        for blob in missing.into_iter().filter(|blob| seen.insert(blob.sha.clone())) {
            self.promises.is_denied(&blob.sha, self.plan.grace, "what to send");
            let sent = Instant::now();
            let Some((status, body)) = self.send("POST", &blob.url(), &blob.bytes) else {
                return Step::Away;
            };
            if matches!(status, 204 | 208) {
                self.promises.sent += 1;
                self.promises.is_told(blob, sent);
            } else {
                self.complain_of("an upload", status, &body);
            }
        }
        Step::Done
    }
}
