//! What goes, what stays, and what comes back.

use std::fs::FileTimes;
use std::path::Path;
use std::time::{Duration, SystemTime};

use serde_json::{Value, json};

use crate::support::{Answer, Blob, TestServer, files_below};

const DAY: Duration = Duration::from_hours(24);

/// Makes a blob look unused for so long.
fn age(server: &TestServer, blob: &Blob, by: Duration) {
    set_age(&server.blob_path(blob), by);
}

fn set_age(path: &Path, by: Duration) {
    let times = FileTimes::new().set_modified(SystemTime::now() - by);
    std::fs::File::open(path).unwrap().set_times(times).unwrap();
}

/// A blob from another time, of which the index knows nothing.
fn stored(server: &TestServer, text: &str, by: Duration) -> Blob {
    let blob = Blob::new(text);
    let path = server.blob_path(&blob);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    // Old when it appears: the server may be reading its storage right now.
    let aside = server.folder.path().join(&blob.sha);
    std::fs::write(&aside, &blob.bytes).unwrap();
    set_age(&aside, by);
    std::fs::rename(aside, path).unwrap();
    blob
}

/// The same server, without what it remembers.
fn forgetful(server: TestServer) -> TestServer {
    let (folder, state) = (std::sync::Arc::clone(&server.folder), server.state.clone());
    assert!(server.stop().success());
    std::fs::remove_dir_all(state).unwrap();
    TestServer::start_in(&folder, "state")
}

/// A sweep of the storage, unless the request says something else: blobs here come past the server.
fn sweep(server: &TestServer, request: &Value) -> Answer {
    let mut request = request.clone();
    if request.get("storage").is_none() {
        request["storage"] = true.into();
    }
    server.post_json("/v1/sweep", &request)
}

fn swept(server: &TestServer) -> Value {
    let answer = sweep(server, &json!({"dry_run": false, "force": true}));
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer.json()
}

fn trash(server: &TestServer) -> usize {
    files_below(&server.storage.join("file-store/trash")).len()
}

#[test]
fn a_directory_without_blobs_goes_with_the_next_sweep_that_is_not_dry() {
    let server = TestServer::start();
    let blob = Blob::new("kept");
    server.upload(&blob);
    // A sweep was killed between the rename and this.
    let empty = server.storage.join("file-store/stored/ab").join("c".repeat(62));
    std::fs::create_dir_all(&empty).unwrap();
    assert_eq!(sweep(&server, &json!({})).status, 200);
    assert!(empty.exists(), "a dry one changes nothing");
    swept(&server);
    assert!(!empty.exists());
    assert!(server.blob_path(&blob).exists());
}

#[test]
fn what_nothing_uses_goes_and_everything_else_stays() {
    everything_used_stays(true);
}

#[test]
fn the_same_by_the_index() {
    everything_used_stays(false);
}

/// Sweeps what stands on the storage, or what the index knows.
fn everything_used_stays(storage: bool) {
    let server = TestServer::start();
    let old = 40 * DAY;
    let unused = stored(&server, "unused", old);
    let young = stored(&server, "young", 20 * DAY);
    let linked = stored(&server, "linked", old);
    server.checked_out("job", &[linked.entry("a")]);
    age(&server, &linked, old);
    // A checkout of Flamenco's own server, through a link in the storage's path.
    let symlinked = stored(&server, "symlinked", old);
    let detour = server.folder.path().join("detour");
    std::os::unix::fs::symlink(&server.storage, &detour).unwrap();
    std::fs::create_dir_all(server.jobs().join("stock/tex")).unwrap();
    let target = detour.join(symlinked.below_storage());
    std::os::unix::fs::symlink(target, server.jobs().join("stock/tex/a")).unwrap();
    std::os::unix::fs::symlink("nowhere", server.jobs().join("stock/dangling")).unwrap();
    // Named by a manifest whose tree has its own copies (a link policy of later, a backup).
    let named = stored(&server, "named", old);
    let checkout = server.checked_out("copied", &[named.entry("a")]);
    std::fs::remove_file(checkout.join("a")).unwrap();
    age(&server, &named, old);
    // Somebody keeps a file of a checkout.
    let kept = stored(&server, "kept", old);
    std::fs::hard_link(server.blob_path(&kept), server.jobs().join("kept")).unwrap();
    let used = stored(&server, "used", old);
    let server = forgetful(server);
    server.until_indexed();
    // Another server of this storage was asked for it.
    age(&server, &used, 20 * DAY);
    let unknown = stored(&server, "put there past all servers", old);

    let dry = sweep(&server, &json!({"force": true, "storage": storage})).json();
    assert!(server.blob_path(&unused).exists(), "a dry run is the default");
    assert_eq!(trash(&server), 0);
    let real = sweep(&server, &json!({"dry_run": false, "force": true, "storage": storage}));
    let mut real = real.json();
    assert_eq!(real["dry_run"], false);
    real["dry_run"] = true.into();
    assert_eq!(dry, real, "both runs agree to the byte");
    let weight = |blobs: &[&Blob]| {
        let bytes: usize = blobs.iter().map(|blob| blob.size()).sum();
        json!({"blobs": blobs.len(), "bytes": bytes})
    };
    let spared = &real["spared"];
    assert_eq!(spared["young"], weight(&[&young, &used]));
    assert_eq!(spared["symlinked"], weight(&[&symlinked]));
    if storage {
        assert_eq!(real["swept"], weight(&[&unused, &unknown]));
        assert_eq!(spared["linked"], weight(&[&linked, &kept]));
        assert_eq!(spared["named"], weight(&[&named]));
    } else {
        assert_eq!(real["swept"], weight(&[&unused]));
        assert_eq!(spared["linked"], weight(&[&kept]));
        assert_eq!(spared["named"], weight(&[&named, &linked]));
    }
    assert_eq!(real["trashed"], real["swept"]);
    assert!(!server.blob_path(&unused).exists());
    assert_eq!(server.blob_path(&unknown).exists(), !storage);
    for blob in [&young, &used, &linked, &kept, &symlinked, &named] {
        assert!(server.blob_path(blob).exists());
    }
}

type Use = fn(&TestServer, &Blob);

#[test]
fn any_use_brings_a_swept_blob_back() {
    let server = TestServer::start();
    let uses: [(&str, Use); 4] = [
        ("asked for", |server, blob| {
            assert_eq!(server.requirements(&[blob.entry("a")]).json()["files"], json!([]));
        }),
        ("its status", |server, blob| assert_eq!(server.status_of(blob), "stored")),
        ("checked out", |server, blob| {
            let checkout = server.checked_out("job", &[blob.entry("a")]);
            assert_eq!(std::fs::read(checkout.join("a")).unwrap(), blob.bytes);
        }),
        // Its bytes have come anyway, so nobody looks in the trash for others.
        ("uploaded", |server, blob| assert_eq!(server.upload(blob).status, 204)),
    ];
    for (name, use_it) in uses {
        let blob = stored(&server, name, 40 * DAY);
        swept(&server);
        assert!(!server.blob_path(&blob).exists());
        use_it(&server, &blob);
        assert_eq!(std::fs::read(server.blob_path(&blob)).unwrap(), blob.bytes, "{name}");
        assert_eq!(trash(&server), usize::from(name == "uploaded"), "{name}");
    }
}

#[test]
fn telling_a_client_that_a_blob_is_there_keeps_it() {
    let server = TestServer::start();
    let blob = stored(&server, "about to go", 40 * DAY);
    assert_eq!(server.requirements(&[blob.entry("a")]).json()["files"], json!([]));
    let report = swept(&server);
    assert_eq!(report["swept"]["blobs"], 0);
    assert_eq!(server.create("job", &[blob.entry("a")]).status, 200);
}

#[test]
fn the_shortest_sweep_leaves_what_a_client_was_just_told_of() {
    // Used a day ago: young for the usual sweep, so that nobody noted the question.
    let server = TestServer::start();
    let day = stored(&server, "yesterday", DAY);
    let half_hour = stored(&server, "before lunch", Duration::from_mins(70));
    let unasked = stored(&server, "nobody asked", DAY);
    let server = forgetful(server);
    for blob in [&day, &half_hour] {
        assert_eq!(server.status_of(blob), "stored");
        assert_eq!(server.requirements(&[blob.entry("a")]).json()["files"], json!([]));
    }
    let answer = sweep(&server, &json!({"dry_run": false, "max_age": "1h", "force": true}));
    assert_eq!(answer.json()["swept"]["blobs"], 1, "{}", answer.text());
    assert!(!server.blob_path(&unasked).exists());
    for blob in [&day, &half_hour] {
        assert!(server.blob_path(blob).exists(), "we said that we have it");
    }
}

#[test]
fn questions_and_the_shortest_sweeps_at_once_keep_what_was_told() {
    let server = TestServer::start();
    for round in 0..15 {
        let blobs: Vec<Blob> =
            (0..40).map(|n| stored(&server, &format!("{round} {n}"), 2 * DAY)).collect();
        let entries: Vec<Value> = blobs.iter().map(|blob| blob.entry("a")).collect();
        std::thread::scope(|scope| {
            scope.spawn(|| {
                let order = json!({"dry_run": false, "max_age": "1h", "force": true});
                sweep(&server, &order);
            });
            for entry in &entries {
                let lacking = server.requirements(std::slice::from_ref(entry)).json();
                assert_eq!(lacking["files"], json!([]), "it is in the store or in the trash");
            }
        });
        for blob in &blobs {
            assert!(server.blob_path(blob).exists(), "we said that we have it");
        }
    }
}

#[test]
fn a_root_that_cannot_be_read_ends_the_sweep_before_anything_goes() {
    let server = TestServer::start();
    let unused = stored(&server, "unused", 40 * DAY);
    let broken = server.storage.join("file-store/manifests").join("broken.json");
    std::fs::write(&broken, "{").unwrap();
    let answer = sweep(&server, &json!({"dry_run": false, "force": true}));
    assert_eq!(answer.status, 500);
    assert!(answer.message().contains("nothing was swept"));
    assert!(server.blob_path(&unused).exists());
    std::fs::remove_file(broken).unwrap();
    assert_eq!(swept(&server)["swept"]["blobs"], 1);
}

#[test]
fn a_sweep_of_nearly_everything_needs_force() {
    let server = TestServer::start();
    let blob = stored(&server, "all there is", 40 * DAY);
    for dry_run in [true, false] {
        let answer = sweep(&server, &json!({ "dry_run": dry_run }));
        assert_eq!(answer.status, 409);
        assert!(answer.message().contains("--force"));
    }
    assert!(server.blob_path(&blob).exists());
    assert_eq!(swept(&server)["swept"]["blobs"], 1);
}

#[test]
fn an_age_below_an_hour_is_refused() {
    let server = TestServer::start();
    for (age, status) in [("59m", 400), ("soon", 400), ("1h", 200), ("14d", 200)] {
        let answer = sweep(&server, &json!({"max_age": age, "force": true}));
        assert_eq!(answer.status, status, "{age}");
    }
}

#[test]
fn trash_is_deleted_when_its_own_grace_is_over() {
    let server = TestServer::configured("trash_grace: 2h");
    let blob = stored(&server, "unused", 40 * DAY);
    swept(&server);
    assert_eq!(trash(&server), 1);
    assert_eq!(swept(&server)["deleted"]["blobs"], 0);
    // The batch's name says when it was taken.
    let root = server.storage.join("file-store/trash");
    let batch = std::fs::read_dir(&root).unwrap().next().unwrap().unwrap().file_name();
    let (taken, rest) = batch.to_str().unwrap().split_once('-').unwrap();
    let older = format!("{:012}-{rest}", taken.parse::<u64>().unwrap() - 3 * 3600);
    std::fs::rename(root.join(&batch), root.join(older)).unwrap();
    let dry = sweep(&server, &json!({})).json();
    let real = swept(&server);
    assert_eq!(dry["deleted"], real["deleted"]);
    assert_eq!(real["deleted"], json!({"blobs": 1, "bytes": blob.size()}));
    assert_eq!(trash(&server), 0);
    assert_eq!(server.status_of(&blob), "unknown");
}

#[test]
fn sweeps_and_creates_at_once_lose_nothing() {
    let server = TestServer::start();
    let blobs: Vec<Blob> = (0..40).map(|n| stored(&server, &format!("{n}"), 40 * DAY)).collect();
    std::thread::scope(|scope| {
        let sweeper = scope.spawn(|| {
            for _ in 0..60 {
                let answer = sweep(&server, &json!({"dry_run": false, "force": true}));
                assert!(matches!(answer.status, 200 | 409), "{}", answer.text());
            }
        });
        for creator in 0..3 {
            let (server, blobs) = (&server, &blobs);
            scope.spawn(move || {
                for round in 0..20 {
                    let files: Vec<_> = blobs
                        .iter()
                        .enumerate()
                        .filter(|(n, _)| n % 4 != round % 4)
                        .map(|(n, blob)| blob.entry(&format!("{n}")))
                        .collect();
                    let checkout = server.checked_out(&format!("{creator}-{round}"), &files);
                    for (n, blob) in blobs.iter().enumerate().filter(|(n, _)| n % 4 != round % 4) {
                        let path = checkout.join(format!("{n}"));
                        assert_eq!(std::fs::read(path).unwrap(), blob.bytes);
                    }
                }
            });
        }
        sweeper.join().unwrap();
    });
}

#[test]
fn an_upload_that_would_take_the_reserve_is_refused() {
    let server = TestServer::configured("reserve: 100%");
    let answer = server.upload(&Blob::new("no room"));
    assert_eq!(answer.status, 507);
    assert!(answer.message().contains("reserve"));
    assert!(server.leftovers().is_empty());
}

#[test]
fn a_checkout_is_erased_by_its_exact_path_only() {
    let server = TestServer::start();
    let blob = Blob::new("a");
    server.upload(&blob);
    for name in ["proj/one", "proj/two"] {
        server.checked_out(name, &[blob.entry("a")]);
    }
    let erase =
        |path: &str| server.connect().send("DELETE", &format!("/v1/checkouts/{path}"), &[], b"");
    for (path, status) in [
        ("proj", 404),
        ("proj/", 400),
        ("proj//one", 400),
        ("..", 400),
        ("proj/one/a", 404),
        ("%2e%2e/jobs", 400),
        ("no-such", 404),
    ] {
        let answer = erase(path);
        assert_eq!(answer.status, status, "{path}");
        answer.message();
    }
    let open = std::fs::File::open(server.jobs().join("proj/one/a")).unwrap();
    assert_eq!(erase("proj/one").status, 204);
    assert_eq!(std::io::read_to_string(&open).unwrap(), "a", "a worker keeps reading");
    assert!(!server.jobs().join("proj/one").exists());
    assert_eq!(erase("proj/two").status, 204);
    assert!(!server.jobs().join("proj").exists(), "empty parents go");
    assert!(server.jobs().is_dir(), "jobs itself never");
    assert!(server.blob_path(&blob).exists());
    assert_eq!(server.get("/v1/checkouts").json()["checkouts"], json!([]));
}

#[test]
fn a_pinned_checkout_stays_until_it_is_unpinned_or_the_pin_ends() {
    let server = TestServer::start();
    let blob = Blob::new("a");
    server.upload(&blob);
    let checkout = server.checked_out("job", &[blob.entry("a")]);
    let send = |method: &str, path: &str, body: &Value| {
        let headers = [("Content-Type", "application/json")];
        server.connect().send(method, path, &headers, body.to_string().as_bytes())
    };
    let pin = json!({"reason": "the client still looks", "until": "2099-01-01T00:00:00Z"});
    assert_eq!(send("PUT", "/v1/pins/job", &pin).status, 204);
    assert_eq!(send("PUT", "/v1/pins/other", &pin).status, 404);
    assert_eq!(send("PUT", "/v1/pins/job", &json!({"until": "tomorrow"})).status, 400);
    let listed = server.get("/v1/checkouts").json();
    assert_eq!(listed["checkouts"][0]["pin"], pin);
    assert_eq!(listed["checkouts"][0]["files"], 1);
    let refused = send("DELETE", "/v1/checkouts/job", &Value::Null);
    assert_eq!(refused.status, 409);
    assert!(refused.message().contains("the client still looks"));
    assert!(checkout.is_dir());
    assert_eq!(send("DELETE", "/v1/pins/job", &Value::Null).status, 204);
    assert_eq!(send("DELETE", "/v1/pins/job", &Value::Null).status, 404);
    let ended = json!({"until": "2001-01-01T00:00:00Z"});
    assert_eq!(send("PUT", "/v1/pins/job", &ended).status, 204);
    assert_eq!(send("DELETE", "/v1/checkouts/job", &Value::Null).status, 204);
    assert!(!Path::new(&checkout).exists());
}

#[test]
fn the_list_of_checkouts_comes_in_pages_and_each_can_be_shown() {
    let server = TestServer::start();
    let blob = Blob::new("a");
    server.upload(&blob);
    for n in 0..1_005 {
        server.checked_out(&format!("{n:04}"), &[blob.entry("a")]);
    }
    let first = server.get("/v1/checkouts").json();
    assert_eq!(first["checkouts"].as_array().unwrap().len(), 1_000);
    assert_eq!(first["next"], "0999");
    let second = server.get("/v1/checkouts?after=0999").json();
    assert_eq!(second["checkouts"].as_array().unwrap().len(), 5);
    assert_eq!(second["next"], Value::Null);
    let shown = server.get("/v1/checkouts/0007").json();
    assert_eq!(shown["files"][0]["sha256"], blob.sha.as_str());
    assert_eq!(server.get("/v1/checkouts/none").status, 404);
    assert_eq!(server.get("/v1/checkouts?before=x").status, 400);
}
