//! Sweeps, one after the other, on every server in turn; scrubs, reindexes and what ops look at.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use serde_json::{Value, json};

use super::caller::Caller;
use super::{Outages, Plan};

/// What the sweeps did.
#[derive(Debug, Default)]
pub struct Sweeps {
    /// Sweeps that ran.
    pub ran: u64,
    /// Sweeps that were refused because another one ran.
    pub busy: u64,
    /// Blobs that were taken into the trash.
    pub swept: u64,
    /// Blobs that were deleted from it.
    pub deleted: u64,
    /// Scrubs that were begun, where the server can.
    pub scrubs: u64,
    /// Reindexes that were begun, where the server can.
    pub reindexes: u64,
    /// What went wrong: empty, or the test fails.
    pub complaints: Vec<String>,
}

impl Sweeps {
    /// Adds those of another load.
    pub fn add(&mut self, more: Self) {
        self.ran += more.ran;
        self.busy += more.busy;
        self.swept += more.swept;
        self.deleted += more.deleted;
        self.scrubs += more.scrubs;
        self.reindexes += more.reindexes;
        self.complaints.extend(more.complaints);
    }

    /// Asks for something besides, and says whether the server does it. One that cannot says 404.
    fn ask(&mut self, caller: &mut Caller, method: &str, url: &str) -> bool {
        let body: &[u8] = if method == "POST" { b"{}" } else { b"" };
        match caller.send(method, url, body) {
            Some((200..=299, _)) => true,
            Some((status, body)) if status >= 500 => {
                let said = String::from_utf8_lossy(&body);
                self.complaints.push(format!("{method} {url} ended with {status}: {said}"));
                false
            }
            _ => false,
        }
    }
}

/// Sweeps until told to stop. Every server has a sweeper of its own, so that they meet.
pub(super) fn sweep(plan: &Plan, stop: &AtomicBool) -> Sweeps {
    std::thread::scope(|scope| {
        let sweepers: Vec<_> = plan
            .servers
            .iter()
            .map(|server| scope.spawn(|| sweep_one(Caller::new(*server), plan, stop)))
            .collect();
        let mut all = Sweeps::default();
        for sweeper in sweepers {
            all.add(sweeper.join().expect("a sweeper ends"));
        }
        all
    })
}

fn sweep_one(mut caller: Caller, plan: &Plan, stop: &AtomicBool) -> Sweeps {
    let mut sweeps = Sweeps::default();
    let order = json!({"dry_run": false, "force": true}).to_string();
    while !stop.load(Ordering::SeqCst) {
        match caller.send("POST", "/v1/sweep", order.as_bytes()) {
            Some((200, body)) => {
                let report: Value = serde_json::from_slice(&body).expect("a report is JSON");
                sweeps.ran += 1;
                sweeps.swept += report["swept"]["blobs"].as_u64().unwrap_or(0);
                sweeps.deleted += report["deleted"]["blobs"].as_u64().unwrap_or(0);
            }
            Some((409, _)) => sweeps.busy += 1,
            Some((status, body)) => {
                let said = String::from_utf8_lossy(&body);
                sweeps.complaints.push(format!("a sweep ended with {status}: {said}"));
            }
            None if plan.outages == Outages::Complained => {
                sweeps.complaints.push("the server went away in a sweep".to_owned());
            }
            None => {}
        }
        sweeps.scrubs += u64::from(sweeps.ask(&mut caller, "POST", "/v1/scrub"));
        sweeps.reindexes += u64::from(sweeps.ask(&mut caller, "POST", "/v1/reindex"));
        for looked_at in ["/v1/status", "/v1/checkouts", "/v1/damage"] {
            sweeps.ask(&mut caller, "GET", looked_at);
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    sweeps
}
