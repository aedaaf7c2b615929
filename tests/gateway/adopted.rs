//! A storage of stock Flamenco, taken over in place and given back.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use serde_json::json;
use shaman_tests::server::Server;
use shaman_tests::stock_store::{Blob, Links, Status, StockStore};
use shaman_tests::wire::{Answer, ask};

fn post(server: &Server, target: &str, body: &serde_json::Value) -> Answer {
    let fields = [("Content-Type", "application/json")];
    ask(server.address(), "POST", target, &fields, body.to_string().as_bytes()).unwrap()
}

fn entry(blob: &Blob, path: &str) -> serde_json::Value {
    json!({"sha": blob.sha, "size": blob.size, "path": path})
}

/// Every name below a directory with where a link leads, or what a file holds.
fn names(dir: &Path) -> BTreeMap<PathBuf, String> {
    let mut found = BTreeMap::new();
    for entry in std::fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        let what = if path.is_symlink() {
            format!("-> {}", path.read_link().unwrap().display())
        } else if path.is_dir() {
            found.extend(names(&path));
            String::new()
        } else {
            String::from_utf8_lossy(&std::fs::read(&path).unwrap()).into_owned()
        };
        found.insert(path, what);
    }
    found
}

#[test]
fn a_stock_storage_is_adopted_used_and_given_back() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("flamenco");
    let store = StockStore::create(&root).unwrap();
    let (wood, stone) = (store.put(b"wood").unwrap(), store.put(b"stone").unwrap());
    store.check_out("old/relative", &[("scene.blend", &wood)], Links::Relative).unwrap();
    store.check_out("older", &[("tex/a.png", &stone)], Links::Absolute).unwrap();
    store.leave_upload(&Blob::of(b"never finished"), b"nev").unwrap();
    let (before, stored) = (names(&store.jobs()), store.stored());

    let server = Server::start(&root, folder.path(), "");
    // Nothing moved, nothing changed, and the dead upload is gone.
    assert_eq!(names(&store.jobs()), before);
    assert_eq!(store.stored(), stored);
    assert!(store.all_uploads().is_empty());

    // Its blobs are ours: nothing is asked for, and a checkout shares them.
    let new = Blob::of(b"new");
    let files =
        [entry(&wood, "scene.blend"), entry(&stone, "tex/a.png"), entry(&new, "tex/new.png")];
    let body = json!({ "files": files });
    let answer = post(&server, "/api/v3/shaman/checkout/requirements", &body);
    let answer: serde_json::Value = serde_json::from_slice(&answer.body).unwrap();
    assert_eq!(answer["files"].as_array().unwrap().len(), 1, "{answer}");
    let url = format!("/api/v3/shaman/files/{}/{}", new.sha, new.size);
    assert_eq!(ask(server.address(), "POST", &url, &[], b"new").unwrap().status, 204);
    for (name, status) in [("old/relative", 200), ("old/relative/inside", 200), ("fresh", 200)] {
        let body = json!({"files": files, "checkoutPath": name});
        let answer = post(&server, "/api/v3/shaman/checkout/create", &body);
        assert_eq!(answer.status, status);
        let answer: serde_json::Value = serde_json::from_slice(&answer.body).unwrap();
        let path = answer["checkoutPath"].as_str().unwrap();
        assert_eq!(path == name, name == "fresh", "stock checkouts keep their place: {path}");
        assert_eq!(std::fs::read(server.jobs().join(path).join("tex/a.png")).unwrap(), b"stone");
    }
    let after = names(&store.jobs());
    for (path, what) in &before {
        assert_eq!(after.get(path), Some(what), "{}", path.display());
    }

    // Given back: stock finds all blobs, old and new, and both kinds of checkouts by its rules.
    drop(server);
    let mut expected = [stored, vec![new.clone()]].concat();
    expected.sort_by(|a, b| a.sha.cmp(&b.sha));
    let mut found = store.stored();
    found.sort_by(|a, b| a.sha.cmp(&b.sha));
    assert_eq!(found, expected);
    for blob in [&wood, &stone, &new] {
        assert_eq!(store.status(blob), Status::Stored);
    }
    assert_eq!(store.read("old/relative", "scene.blend").unwrap(), b"wood");
    assert_eq!(store.read("older", "tex/a.png").unwrap(), b"stone");
    assert_eq!(store.read("fresh", "tex/new.png").unwrap(), b"new");
    let again = store.check_out("after", &[("a", &wood), ("b", &new)], Links::Relative);
    again.unwrap();
    assert_eq!(store.read("after", "b").unwrap(), b"new");
}

#[test]
fn stocks_collection_takes_names_but_no_bytes_of_our_checkouts() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("flamenco");
    let store = StockStore::create(&root).unwrap();
    let blob = store.put(b"used by hard link").unwrap();
    let server = Server::start(&root, folder.path(), "");
    let body = json!({"files": [entry(&blob, "a")], "checkoutPath": "job"});
    assert_eq!(post(&server, "/api/v3/shaman/checkout/create", &body).status, 200);
    let day = Duration::from_hours(24);
    store.last_used(&blob, 60 * day, SystemTime::now()).unwrap();
    let taken = store.collect(31 * day, SystemTime::now()).unwrap();
    // This is why a Manager with Shaman on is told to set its period to 0.
    assert_eq!(taken.unused, [store.blob_path(&blob)]);
    assert_eq!(std::fs::read(server.jobs().join("job/a")).unwrap(), b"used by hard link");
    // The next client is asked for it, and it heals.
    let url = format!("/api/v3/shaman/files/{}/{}", blob.sha, blob.size);
    let status = ask(server.address(), "GET", &url, &[], b"").unwrap();
    assert!(status.text().contains("unknown"));
    let answer = ask(server.address(), "POST", &url, &[], b"used by hard link").unwrap();
    assert_eq!(answer.status, 204);
}
