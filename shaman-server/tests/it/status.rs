//! What ops see.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::support::{Blob, SmallDisk, TestServer};

#[test]
fn the_status_says_what_is_there_and_what_the_storage_can_do() {
    let server = TestServer::start();
    let blob = Blob::new("some bytes");
    server.upload(&blob);
    server.checked_out("job", &[blob.entry("a"), blob.entry("b")]);
    let status = loop {
        let status = server.get("/v1/status").json();
        if status["is_indexed"] == true {
            break status;
        }
    };
    assert_eq!(status["blobs"], json!({"blobs": 1, "bytes": 10}));
    assert_eq!((&status["checkouts"], &status["logical_bytes"]), (&json!(1), &json!(20)));
    assert_eq!(status["damaged"], 0);
    assert!(status["all_bytes"].as_u64() > status["free_bytes"].as_u64());
    assert!(status["reserve_bytes"].as_u64() > Some(0));
    let can: Vec<&str> =
        status["storage"]["can"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
    for ability in ["hard_links", "symlinks", "renames_over_empty_directories"] {
        assert!(can.contains(&ability), "{can:?}");
    }
    assert!(!can.contains(&"folds_names"));
    let from = status["storage"]["flush_all_from"].as_u64().unwrap();
    assert!((4..=256).contains(&from), "it was measured: {from}");
    assert_eq!(status["last_sweep"], Value::Null);
    server.post_json("/v1/sweep", &json!({"dry_run": false}));
    let status = server.get("/v1/status").json();
    assert_eq!(status["last_sweep"]["report"]["spared"]["young"]["blobs"], 1);
}

#[test]
fn a_checkout_says_what_erasing_it_would_free() {
    let server = TestServer::start();
    let (own, common, kept) = (Blob::new("own"), Blob::new("common bytes"), Blob::new("kept"));
    for blob in [&own, &common, &kept] {
        server.upload(blob);
    }
    server.checked_out("one", &[own.entry("a"), own.entry("b"), common.entry("c")]);
    let space = |checkout: &str| loop {
        let shown = server.get(&format!("/v1/checkouts/{checkout}")).json();
        assert_eq!(shown["checkout"], checkout, "the manifest is as before");
        if shown["space"]["shared_bytes"].is_u64() {
            break shown["space"].clone();
        }
    };
    let bytes = |logical: u64, shared: u64, exclusive: u64| json!({"logical_bytes": logical, "shared_bytes": shared, "exclusive_bytes": exclusive});
    assert_eq!(space("one"), bytes(18, 0, 15));
    server.checked_out("other", &[common.entry("x"), kept.entry("y")]);
    assert_eq!(space("one"), bytes(18, 12, 3));
    assert_eq!(space("other"), bytes(16, 12, 4));
    assert_eq!(server.connect().send("DELETE", "/v1/checkouts/other", &[], b"").status, 204);
    // What it named leaves the index behind the answer.
    let deadline = Instant::now() + Duration::from_secs(10);
    while space("one") != bytes(18, 0, 15) {
        assert!(Instant::now() < deadline);
    }
}

#[test]
fn a_server_starts_on_a_full_disk_and_goes_on_when_there_is_room() {
    for file_system in ["ext4", "xfs"] {
        let Some(disk) = SmallDisk::mount(file_system) else { return };
        let storage = disk.path().join("storage");
        let server = TestServer::start_on(storage.clone());
        let (old, new) = (Blob::new("there before"), Blob::new("comes later"));
        server.upload(&old);
        let checkout = server.checked_out("job", &[old.entry("a")]);
        assert!(server.stop().success());
        disk.fill();
        let server = TestServer::start_on(storage.clone());
        assert_eq!(server.status_of(&old), "stored");
        let manifest = server.get("/v1/checkouts/job");
        assert_eq!(manifest.json()["files"][0]["path"], "a");
        assert_eq!(std::fs::read(checkout.join("a")).unwrap(), old.bytes);
        // XFS keeps some blocks to itself.
        assert!(server.get("/v1/status").json()["free_bytes"].as_u64().unwrap() < 1 << 20);
        assert_eq!(server.upload(&new).status, 507);
        let answer = server.create("more", &[old.entry("a")]);
        assert_eq!(answer.status, 507, "{file_system}: {}", answer.text());
        let staging = storage.join("file-store/staging");
        assert!(std::fs::read_dir(&staging).unwrap().count() <= 1, "a lock at most");

        disk.make_room();
        assert_eq!(server.upload(&new).status, 204, "{file_system}");
        server.checked_out("more", &[old.entry("a"), new.entry("b")]);
        let locks: Vec<_> = std::fs::read_dir(&staging).unwrap().collect();
        assert_eq!(locks.len(), 1, "others know that it is there");
        let line = std::fs::read_to_string(locks[0].as_ref().unwrap().path()).unwrap();
        assert!(line.ends_with('\n'), "and since when");
        assert!(server.stop().success());
    }
}
