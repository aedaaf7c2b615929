//! The work behind `DELETE`: first the checkout, then the job, then the news of it.

use std::sync::Arc;
use std::thread;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::shaman;
use super::shared::{Shared, locked};

const MARK: &str = "delete_requested_at";

/// Marks jobs and gives how many; they go later.
pub(super) fn queue(shared: &Arc<Shared>, which: &dyn Fn(&Value) -> bool) -> usize {
    let now = Timestamp::now().to_string();
    let mut jobs = locked(&shared.jobs);
    let marked = jobs
        .iter_mut()
        .filter(|job| which(job))
        .map(|job| job[MARK] = Value::from(now.as_str()))
        .count();
    drop(jobs);
    work(shared);
    marked
}

/// Deletes what is marked after the set delay, also what a stopped Manager left marked.
pub(super) fn work(shared: &Arc<Shared>) {
    let shared = Arc::clone(shared);
    thread::spawn(move || {
        thread::sleep(shared.setup.deletion_delay);
        if !shared.stopping() {
            delete_marked(&shared);
        }
    });
}

fn delete_marked(shared: &Shared) {
    let mut gone = Vec::new();
    locked(&shared.jobs).retain(|job| {
        let marked = job.get(MARK).is_some();
        // With Shaman disabled, or without an id, this step is skipped and counts as done.
        let checkout = checkout_of(job).filter(|_| shared.setup.shaman_enabled);
        let done = marked
            && checkout.is_none_or(|id| shaman::erase(&shared.setup.shared_storage, id).is_ok());
        if done {
            gone.push(job["id"].clone());
        }
        !done
    });
    for id in gone {
        let update = json!(["/jobs", { "id": id, "was_deleted": true }]);
        shared.emit(Some(format!("42{update}")));
    }
}

/// The id of the checkout that the job names.
pub(super) fn checkout_of(job: &Value) -> Option<&str> {
    job["storage"]["shaman_checkout_id"].as_str().filter(|id| !id.is_empty())
}
