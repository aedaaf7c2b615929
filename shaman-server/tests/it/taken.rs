//! Blobs that a sweep takes while somebody looks at them: index and store agree afterwards.

use std::cell::Cell;
use std::fs::File;
use std::time::{Duration, SystemTime};

use shaman_server::ops::{By, Dry, Limits, Ops, SweepOrder, Swept};

use crate::support::{Blob, opened, upload};

const DAY: Duration = Duration::from_hours(24);

fn sweep(ops: &Ops) -> Swept {
    let order = SweepOrder {
        max_age: DAY,
        trash_grace: Duration::ZERO,
        max_share: None,
        wanted_bytes: None,
        by: By::Storage,
        dry: Dry::No,
    };
    ops.sweep(&order, || true).unwrap()
}

/// What breaks S1.
fn disagreements(ops: &Ops) -> Vec<String> {
    let checks = ops.check(0).unwrap();
    checks
        .into_iter()
        .filter(|check| check.invariant == "S1")
        .flat_map(|check| check.broken)
        .collect()
}

#[test]
fn a_blob_that_is_swept_while_it_is_scrubbed_leaves_no_row() {
    let folder = tempfile::tempdir().unwrap();
    let before = opened(folder.path(), Limits::default(), SystemTime::now);
    let blob = Blob::new("old");
    upload(&before, &blob);
    drop(before);
    let stored = File::open(folder.path().join("storage").join(blob.below_storage())).unwrap();
    stored.set_modified(SystemTime::now() - 40 * DAY).unwrap();
    std::fs::remove_dir_all(folder.path().join("state")).unwrap();
    let ops = opened(folder.path(), Limits::default(), SystemTime::now);
    // The scrub has it open and has read a piece of it when it asks whether to go on.
    let taken = Cell::new(0);
    let meanwhile = || {
        taken.set(taken.get() + sweep(&ops).swept.blobs);
        true
    };
    ops.scrub(u64::MAX, meanwhile).unwrap();
    assert_eq!(taken.get(), 1, "it was swept in the middle");
    assert_eq!(disagreements(&ops), [""; 0]);
}
