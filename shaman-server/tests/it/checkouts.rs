//! Checkouts: complete or not there, isolated from each other.

use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::Path;
use std::process::Command;

use serde_json::json;

use crate::support::{Blob, TestServer, files_below, same_file, snapshot};

fn stored(server: &TestServer, texts: &[&str]) -> Vec<Blob> {
    let blobs: Vec<Blob> = texts.iter().map(|text| Blob::new(*text)).collect();
    for blob in &blobs {
        assert!(matches!(server.upload(blob).status, 204 | 208));
    }
    blobs
}

#[test]
fn a_checkout_is_hard_links_and_a_manifest() {
    let server = TestServer::start();
    let blobs = stored(&server, &["scene", "wood"]);
    let body = json!({
        "checkoutPath": "proj/shot 010",
        "files": [blobs[1].entry("tex\\wood.png"), blobs[0].entry("shot.blend"), blobs[1].entry("tex/copy.png")],
        "blend": "shot.blend",
    });
    let answer = server.post_json("/api/v3/shaman/checkout/create", &body);
    assert_eq!(answer.json(), json!({"checkoutPath": "proj/shot 010"}));
    let dir = server.jobs().join("proj/shot 010");
    assert!(same_file(&dir.join("tex/wood.png"), &server.blob_path(&blobs[1])));
    assert!(same_file(&dir.join("tex/copy.png"), &server.blob_path(&blobs[1])));
    assert!(same_file(&dir.join("shot.blend"), &server.blob_path(&blobs[0])));
    let manifest: serde_json::Value =
        serde_json::from_slice(&std::fs::read(dir.join(".shaman-manifest.json")).unwrap()).unwrap();
    assert_eq!(manifest["checkout"], "proj/shot 010");
    assert_eq!(manifest["blend"], "shot.blend");
    assert_eq!(
        manifest["files"],
        json!([
            {"path": "shot.blend", "size": 5, "sha256": blobs[0].sha},
            {"path": "tex/copy.png", "size": 4, "sha256": blobs[1].sha},
            {"path": "tex/wood.png", "size": 4, "sha256": blobs[1].sha},
        ])
    );
    assert!(manifest["server"].as_str().unwrap().starts_with("shaman-server "));
    assert!(manifest["created"].as_str().unwrap().ends_with('Z'));
    assert!(server.leftovers().is_empty());
}

#[test]
fn workers_with_other_user_ids_can_read_a_checkout() {
    let server = TestServer::start();
    let blobs = stored(&server, &["scene"]);
    let dir = server.checked_out("job", &[blobs[0].entry("a/b/scene.blend")]);
    for path in [dir.as_path(), &dir.join("a"), &dir.join("a/b")] {
        assert_eq!(
            path.metadata().unwrap().permissions().mode() & 0o555,
            0o555,
            "{}",
            path.display()
        );
    }
    assert_eq!(
        dir.join(".shaman-manifest.json").metadata().unwrap().permissions().mode() & 0o777,
        0o444
    );
}

/// Tries to write through a file as somebody who is not root.
fn try_to_write_as_ordinary_user(path: &Path) -> bool {
    if !rustix::process::getuid().is_root() {
        return std::fs::OpenOptions::new().append(true).open(path).is_ok();
    }
    // The folder itself must be open to that user for this to prove anything.
    let readable = Command::new("setpriv")
        .args(["--reuid=65534", "--clear-groups", "cat"])
        .arg(path)
        .output()
        .unwrap();
    assert!(readable.status.success(), "an ordinary user can read it: {readable:?}");
    let write = format!("echo broken >> '{}'", path.display());
    Command::new("setpriv")
        .args(["--reuid=65534", "--clear-groups", "sh", "-c", &write])
        .output()
        .unwrap()
        .status
        .success()
}

#[test]
fn a_write_through_a_checkout_fails_and_the_blob_is_unchanged() {
    let server = TestServer::start();
    std::fs::set_permissions(server.folder.path(), std::fs::Permissions::from_mode(0o755)).unwrap();
    let blobs = stored(&server, &["pixels of everybody"]);
    let dir = server.checked_out("job", &[blobs[0].entry("tex.png")]);
    assert!(!try_to_write_as_ordinary_user(&dir.join("tex.png")));
    assert_eq!(std::fs::read(server.blob_path(&blobs[0])).unwrap(), b"pixels of everybody");
}

#[test]
fn what_happens_in_one_checkout_changes_no_other() {
    let server = TestServer::start();
    let blobs = stored(&server, &["shared", "other"]);
    let files = [blobs[0].entry("a.png"), blobs[1].entry("b.png")];
    let (one, two) = (server.checked_out("one", &files), server.checked_out("two", &files));
    assert!(same_file(&one.join("a.png"), &two.join("a.png")));
    let before = snapshot(&two);
    std::fs::remove_file(one.join("a.png")).unwrap();
    std::fs::write(one.join("new.png"), "new").unwrap();
    std::fs::rename(one.join("new.png"), one.join("b.png")).unwrap();
    assert_eq!(snapshot(&two), before);
    assert_eq!(std::fs::read(server.blob_path(&blobs[0])).unwrap(), b"shared");
}

#[test]
fn a_taken_path_gets_a_suffix() {
    let server = TestServer::start();
    let blobs = stored(&server, &["scene"]);
    let files = [blobs[0].entry("a")];
    let first = server.checked_out("job", &files);
    let before = snapshot(&first);
    let second = server.create("job", &files).json()["checkoutPath"].as_str().unwrap().to_owned();
    let suffix = second.strip_prefix("job-").unwrap();
    assert!(
        suffix.len() == 4 && suffix.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit()),
        "{second}"
    );
    assert!(server.jobs().join(&second).join("a").exists());
    assert_eq!(snapshot(&first), before);
}

#[test]
fn concurrent_creates_of_one_path_give_a_checkout_each() {
    let server = TestServer::start();
    let blobs = stored(&server, &["scene"]);
    let files = [blobs[0].entry("dir/a"), blobs[0].entry("b")];
    let mut paths: Vec<String> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..16)
            .map(|_| {
                scope.spawn(|| {
                    server.create("proj/job", &files).json()["checkoutPath"]
                        .as_str()
                        .unwrap()
                        .to_owned()
                })
            })
            .collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    paths.sort();
    assert_eq!(paths[0], "proj/job");
    paths.dedup();
    assert_eq!(paths.len(), 16, "{paths:?}");
    for path in &paths {
        let manifest =
            std::fs::read(server.jobs().join(path).join(".shaman-manifest.json")).unwrap();
        let manifest: serde_json::Value = serde_json::from_slice(&manifest).unwrap();
        assert_eq!(manifest["checkout"], path.as_str(), "the manifest says where it really is");
        assert!(server.jobs().join(path).join("dir/a").exists());
    }
    assert!(server.leftovers().is_empty());
}

#[test]
fn workers_never_see_a_half_made_checkout() {
    let server = TestServer::start();
    let blobs = stored(&server, &["scene"]);
    let files: Vec<_> = (0..5_000).map(|n| blobs[0].entry(&format!("d{}/{n}", n % 50))).collect();
    let path = server.jobs().join("big");
    let done = std::sync::atomic::AtomicBool::new(false);
    std::thread::scope(|scope| {
        let worker = scope.spawn(|| {
            while !path.exists() && !done.load(std::sync::atomic::Ordering::Relaxed) {}
            files_below(&path).len()
        });
        server.checked_out("big", &files);
        done.store(true, std::sync::atomic::Ordering::Relaxed);
        assert_eq!(worker.join().unwrap(), 5_001, "complete when it is first seen");
    });
}

#[test]
fn a_checkout_never_ends_up_inside_another_one() {
    let server = TestServer::start();
    let blobs = stored(&server, &["scene"]);
    let files = [blobs[0].entry("a")];
    let outer = server.checked_out("job", &files);
    let before = snapshot(&outer);
    let inner =
        server.create("job/shot", &files).json()["checkoutPath"].as_str().unwrap().to_owned();
    assert!(inner.starts_with("job-") && inner.ends_with("/shot"), "{inner}");
    assert_eq!(snapshot(&outer), before);
    // Nor does one swallow a directory of checkouts.
    let around = server.checked_out(inner.split('/').next().unwrap(), &files);
    assert!(around.join("a").exists() && !around.join("shot").exists());
}

#[test]
fn checkouts_of_flamencos_own_shaman_are_respected() {
    let server = TestServer::start();
    let blobs = stored(&server, &["scene"]);
    let theirs = server.jobs().join("theirs");
    std::fs::create_dir_all(&theirs).unwrap();
    std::os::unix::fs::symlink(server.blob_path(&blobs[0]), theirs.join("scene.blend")).unwrap();
    let before = snapshot(&theirs);
    let files = [blobs[0].entry("a")];
    for wanted in ["theirs", "theirs/shot", "theirs/scene.blend", "theirs/scene.blend/x"] {
        let got = server.create(wanted, &files).json()["checkoutPath"].as_str().unwrap().to_owned();
        assert!(got.starts_with("theirs-"), "{wanted} became {got}");
    }
    assert_eq!(snapshot(&theirs), before);
}

#[test]
fn a_failed_create_leaves_everything_untouched() {
    let server = TestServer::start();
    let blobs = stored(&server, &["scene"]);
    server.checked_out("job", &[blobs[0].entry("a")]);
    server.checked_out("proj/job", &[blobs[0].entry("a")]);
    let before = snapshot(&server.storage);
    let missing = Blob::new("never sent");
    for checkout in ["job", "new", "proj/new", "a/b/c", "job/inside"] {
        assert_eq!(server.create(checkout, &[blobs[0].entry("a"), missing.entry("b")]).status, 424);
    }
    for checkout in [".", "..", "../x", "/abs"] {
        assert_eq!(server.create(checkout, &[missing.entry("b")]).status, 400);
    }
    assert_eq!(snapshot(&server.storage), before);
}

#[test]
fn an_empty_list_makes_an_empty_checkout() {
    let server = TestServer::start();
    let dir = server.checked_out("empty", &[]);
    assert_eq!(std::fs::read_dir(dir).unwrap().count(), 1, "the manifest alone");
}

#[test]
fn a_blob_deleted_by_hand_is_missed_at_the_checkout_and_asked_for_again() {
    let server = TestServer::start();
    let blobs = stored(&server, &["scene"]);
    std::fs::remove_file(server.blob_path(&blobs[0])).unwrap();
    assert_eq!(server.create("job", &[blobs[0].entry("a")]).status, 424);
    let answer = server.requirements(&[blobs[0].entry("a")]).json();
    assert_eq!(answer["files"].as_array().unwrap().len(), 1, "the index forgot it");
    assert_eq!(server.upload(&blobs[0]).status, 204);
    assert_eq!(server.create("job", &[blobs[0].entry("a")]).status, 200);
}

#[test]
fn a_blob_with_as_many_names_as_ext4_allows_gets_a_fresh_inode() {
    let server = TestServer::start();
    let blobs = stored(&server, &["1 px"]);
    let many: Vec<_> = (0..33_000).map(|n| blobs[0].entry(&format!("d{}/{n}", n / 1000))).collect();
    let dirs = [server.checked_out("one", &many), server.checked_out("two", &many)];
    for dir in dirs {
        assert_eq!(std::fs::read(dir.join("d32/32999")).unwrap(), b"1 px");
    }
    let blob = server.blob_path(&blobs[0]).metadata().unwrap();
    assert_eq!(blob.permissions().mode() & 0o777, 0o444);
    assert!(blob.nlink() > 1);
}

#[test]
fn a_sweep_makes_a_server_know_what_another_one_made_and_erased() {
    let mine = TestServer::start();
    let other = TestServer::start_in(&mine.folder, "state of the other");
    let (blob, both) = (Blob::new("of one"), Blob::new("of both"));
    for blob in [&blob, &both] {
        mine.upload(blob);
    }
    mine.checked_out("mine", &[blob.entry("a"), both.entry("b")]);
    other.checked_out("other", &[both.entry("b")]);
    let seen_by_mine = || {
        let order = json!({"dry_run": false, "force": true});
        assert_eq!(mine.post_json("/v1/sweep", &order).status, 200);
        let list = mine.get("/v1/checkouts").json();
        let names = list["checkouts"].as_array().unwrap().iter();
        let names: Vec<String> =
            names.map(|row| row["checkout"].as_str().unwrap().to_owned()).collect();
        let shown = mine.get("/v1/checkouts/mine").json();
        (names, shown["space"]["shared_bytes"].as_u64().unwrap())
    };
    assert_eq!(seen_by_mine(), (vec!["mine".to_owned(), "other".to_owned()], 7));
    assert_eq!(other.connect().send("DELETE", "/v1/checkouts/other", &[], b"").status, 204);
    assert_eq!(seen_by_mine(), (vec!["mine".to_owned()], 0));
}
