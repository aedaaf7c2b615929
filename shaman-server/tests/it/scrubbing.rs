//! Damage is found, reported and healed.

use std::os::unix::fs::{FileExt as _, MetadataExt as _, PermissionsExt as _};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use serde_json::{Value, json};

use crate::support::{Blob, TestServer, files_below, same_file};

/// Flips one bit, as root may, and hides it from whoever looks at times.
fn flip(path: &Path, at: u64) {
    let before = path.metadata().unwrap();
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o644)).unwrap();
    let file = std::fs::OpenOptions::new().read(true).write(true).open(path).unwrap();
    let mut byte = [0];
    file.read_exact_at(&mut byte, at).unwrap();
    file.write_all_at(&[byte[0] ^ 1], at).unwrap();
    file.set_permissions(std::fs::Permissions::from_mode(0o444)).unwrap();
    file.set_times(std::fs::FileTimes::new().set_modified(before.modified().unwrap())).unwrap();
}

/// Scrubs all of it and gives the pass.
fn scrubbed(server: &TestServer) -> Value {
    let answer = server.post_json("/v1/scrub", &json!({"rate": "1TB/s"}));
    assert_eq!(answer.status, 202, "{}", answer.text());
    let deadline = Instant::now() + Duration::from_secs(30);
    loop {
        let scrub = server.get("/v1/scrub").json();
        if scrub["is_running"] == false {
            assert_eq!(scrub["current"], Value::Null);
            return scrub["last"].clone();
        }
        assert!(Instant::now() < deadline, "{scrub}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

fn damage(server: &TestServer) -> Vec<Value> {
    server.get("/v1/damage").json()["damaged"].as_array().unwrap().clone()
}

#[test]
fn a_bit_flipped_in_each_of_100_blobs_is_found_and_healed_by_the_next_submit() {
    let server = TestServer::start();
    let blobs: Vec<Blob> = (0..100).map(|n| Blob::new(format!("texture {n}").repeat(99))).collect();
    let entries: Vec<Value> =
        blobs.iter().enumerate().map(|(n, blob)| blob.entry(&format!("tex/{n}.png"))).collect();
    for blob in &blobs {
        assert_eq!(server.upload(blob).status, 204);
    }
    let kept = Blob::new("nobody touches this");
    server.upload(&kept);
    let first = server.checked_out("film/shot 1", &entries);
    // Another checkout shares half of them, and has one twice.
    let mut half = entries[..50].to_vec();
    half.push(blobs[0].entry("again.png"));
    half.push(kept.entry("kept"));
    let second = server.checked_out("film/shot 2", &half);
    for (n, _) in blobs.iter().enumerate() {
        flip(&first.join(format!("tex/{n}.png")), n as u64);
    }
    assert!(damage(&server).is_empty(), "nobody has looked yet");

    let pass = scrubbed(&server);
    assert_eq!((&pass["blobs"], &pass["damaged"]), (&json!(101), &json!(100)));
    let found = damage(&server);
    assert_eq!(found.len(), 100);
    for damaged in &found {
        assert_eq!(damaged["missing"], true);
        assert!(damaged["found"].is_string());
        let n = blobs.iter().position(|blob| damaged["sha256"] == blob.sha).unwrap();
        let mut touched =
            vec![json!({"checkout": "film/shot 1", "paths": [format!("tex/{n}.png")]})];
        if n < 50 {
            let mut paths = vec![format!("tex/{n}.png")];
            if n == 0 {
                paths.insert(0, "again.png".into());
            }
            touched.push(json!({"checkout": "film/shot 2", "paths": paths}));
        }
        assert_eq!(damaged["checkouts"], json!(touched));
    }
    let missing = server.requirements(&entries).json()["files"].as_array().unwrap().clone();
    assert_eq!(missing.len(), 100);
    assert!(missing.iter().all(|file| file["status"] == "unknown"));
    assert_eq!(server.create("film/shot 3", &entries).status, 424);

    // A second submit: what is missing is sent, then the checkout is asked for.
    for blob in &blobs {
        assert_eq!(server.upload(blob).status, 204);
    }
    let third = server.checked_out("film/shot 3", &entries);
    for (n, blob) in blobs.iter().enumerate() {
        let name = format!("tex/{n}.png");
        for checkout in [&first, &third] {
            assert_eq!(std::fs::read(checkout.join(&name)).unwrap(), blob.bytes);
            assert!(same_file(&checkout.join(&name), &server.blob_path(blob)));
        }
        if n < 50 {
            assert!(same_file(&second.join(&name), &server.blob_path(blob)));
        }
        assert_eq!(server.blob_path(blob).metadata().unwrap().mode() & 0o777, 0o444);
    }
    assert!(same_file(&second.join("again.png"), &server.blob_path(&blobs[0])));
    assert_eq!(damage(&server), Vec::<Value>::new(), "the report is empty");
    assert_eq!(files_below(&server.storage.join("file-store/quarantine")).len(), 100);
    assert_eq!(scrubbed(&server)["damaged"], 0);
    assert!(server.leftovers().is_empty(), "{:?}", server.leftovers());
}

#[test]
fn a_blob_that_somebody_wrote_to_is_never_linked_again() {
    let server = TestServer::start();
    let (written, cut, touched) = (Blob::new("written to"), Blob::new("cut"), Blob::new("touched"));
    for blob in [&written, &cut, &touched] {
        server.upload(blob);
    }
    let entries = [written.entry("a"), cut.entry("b"), touched.entry("c")];
    let checkout = server.checked_out("job", &entries);
    // A tool that opens its file for writing, as root.
    std::fs::write(checkout.join("a"), "overwritten").unwrap();
    let file = std::fs::OpenOptions::new().write(true).open(checkout.join("a")).unwrap();
    file.set_len(written.size() as u64).unwrap();
    std::fs::File::create(checkout.join("b")).unwrap();
    let file = std::fs::File::open(checkout.join("c")).unwrap();
    file.set_times(std::fs::FileTimes::new().set_modified(SystemTime::now())).unwrap();

    let answer = server.create("other", &entries);
    assert_eq!(answer.status, 424, "{}", answer.text());
    let message = answer.message();
    assert!(message.starts_with("2 of the files"), "one is as it was: {message}");
    assert_eq!(damage(&server).len(), 2);
    for blob in [&written, &cut] {
        assert_eq!(server.status_of(blob), "unknown");
        assert_eq!(server.upload(blob).status, 204);
    }
    assert_eq!(std::fs::read(checkout.join("a")).unwrap(), written.bytes);
    assert_eq!(std::fs::read(checkout.join("b")).unwrap(), cut.bytes);
    assert!(damage(&server).is_empty());
    server.checked_out("other", &entries);
}

#[test]
fn damage_outlives_a_restart_and_the_index_and_what_nobody_names_is_not_touched() {
    let folder = Arc::new(tempfile::tempdir().unwrap());
    let server = TestServer::start_in(&folder, "state");
    let blob = Blob::new("damaged before the restart");
    server.upload(&blob);
    let checkout = server.checked_out("a/job", &[blob.entry("dir/a")]);
    let moved = server.checked_out("moved", &[blob.entry("a")]);
    flip(&checkout.join("dir/a"), 3);
    scrubbed(&server);
    // A person replaced it by hand, and a link leads out of the checkout.
    std::fs::remove_file(moved.join("a")).unwrap();
    std::fs::write(moved.join("a"), "by hand").unwrap();
    let state = server.state.clone();
    assert!(server.stop().success());
    std::fs::remove_dir_all(state).unwrap();

    let server = TestServer::start_in(&folder, "state");
    let found = damage(&server);
    assert_eq!(found.len(), 1);
    assert_eq!(found[0]["checkouts"], json!([{"checkout": "a/job", "paths": ["dir/a"]}]));
    // The directory is a link to somewhere else now: nothing there is replaced.
    let elsewhere = server.folder.path().join("elsewhere");
    std::fs::rename(checkout.join("dir"), &elsewhere).unwrap();
    std::os::unix::fs::symlink(&elsewhere, checkout.join("dir")).unwrap();
    assert_eq!(server.upload(&blob).status, 204);
    assert_ne!(std::fs::read(elsewhere.join("a")).unwrap(), blob.bytes);
    assert_eq!(std::fs::read(moved.join("a")).unwrap(), b"by hand");
    std::fs::remove_file(checkout.join("dir")).unwrap();
    std::fs::rename(&elsewhere, checkout.join("dir")).unwrap();
    scrubbed(&server);
    assert_eq!(std::fs::read(checkout.join("dir/a")).unwrap(), blob.bytes);
    assert!(damage(&server).is_empty());
}

#[test]
fn a_pass_goes_on_after_a_restart() {
    let folder = Arc::new(tempfile::tempdir().unwrap());
    let server = TestServer::start_in(&folder, "state");
    let blobs: Vec<Blob> = (0..40).map(|n| Blob::new(format!("blob {n}"))).collect();
    for blob in &blobs {
        server.upload(blob);
    }
    // 64 KiB a blob at least: some 12 a second.
    assert_eq!(server.post_json("/v1/scrub", &json!({"rate": "800kB/s"})).status, 202);
    let deadline = Instant::now() + Duration::from_secs(20);
    while server.get("/v1/scrub").json()["current"]["blobs"].as_u64().unwrap_or(0) < 5 {
        assert!(Instant::now() < deadline);
        std::thread::sleep(Duration::from_millis(20));
    }
    assert!(server.stop().success());
    let server = TestServer::start_in(&folder, "state");
    let scrub = server.get("/v1/scrub").json();
    let blobs = scrub["current"]["blobs"].as_u64().unwrap();
    assert!((5..40).contains(&blobs), "{scrub}");
    assert!(scrub["current"]["percent"].as_u64().unwrap() > 0);
    let answer = server.post_json("/v1/scrub", &json!({"rate": "fast"}));
    assert_eq!(answer.status, 400);
    assert!(answer.message().contains("20MB/s"));
    assert_eq!(scrubbed(&server)["blobs"], 40, "a request begins anew");
}

#[test]
fn scrubs_creates_erases_and_heals_at_once_lose_nothing() {
    let server = &TestServer::start();
    let blobs: Vec<Blob> = (0..20).map(|n| Blob::new(format!("busy {n}").repeat(50))).collect();
    let entries: Vec<Value> =
        blobs.iter().enumerate().map(|(n, blob)| blob.entry(&format!("d/{n}"))).collect();
    let submit = &|name: &str| {
        for _ in 0..20 {
            for blob in &blobs {
                let status = server.upload(blob).status;
                assert!(matches!(status, 204 | 208), "{status}");
            }
            let answer = server.create(name, &entries);
            if answer.status == 200 {
                return answer.json()["checkoutPath"].as_str().unwrap().to_owned();
            }
            assert_eq!(answer.status, 424, "{}", answer.text());
        }
        panic!("never complete");
    };
    let until = Instant::now() + Duration::from_secs(4);
    let made: Vec<String> = std::thread::scope(|scope| {
        let submitters: Vec<_> = (0..3)
            .map(|n| {
                scope.spawn(move || {
                    let mut made = Vec::new();
                    while Instant::now() < until {
                        let checkout = submit(&format!("busy-{n}"));
                        if made.len() < 3 {
                            made.push(checkout);
                        } else {
                            let url = format!("/v1/checkouts/{checkout}");
                            let erased = server.connect().send("DELETE", &url, &[], b"");
                            assert_eq!(erased.status, 204);
                        }
                    }
                    made
                })
            })
            .collect();
        scope.spawn(move || {
            let mut n = 0;
            while Instant::now() < until {
                let path = server.jobs().join(format!("busy-0/d/{}", n % 20));
                if path.exists() {
                    flip(&path, 1);
                }
                scrubbed(server);
                n += 1;
            }
        });
        submitters.into_iter().flat_map(|thread| thread.join().unwrap()).collect()
    });
    scrubbed(server);
    submit("last");
    scrubbed(server);
    assert!(damage(server).is_empty());
    for checkout in made {
        for (n, blob) in blobs.iter().enumerate() {
            let path = server.jobs().join(&checkout).join(format!("d/{n}"));
            assert_eq!(std::fs::read(path).unwrap(), blob.bytes, "{checkout} {n}");
        }
    }
}
