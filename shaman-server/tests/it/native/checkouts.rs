//! `POST /v1/checkouts`, lists of them, and what changed between two.

use serde_json::{Value, json};

use crate::support::{Answer, Blob, TestServer};

const URL: &str = "/v1/checkouts";

fn file(blob: &Blob, path: &str) -> Value {
    json!({"path": path, "size": blob.size(), "sha256": blob.sha})
}

fn name(blob: &Blob) -> Value {
    json!({"sha256": blob.sha, "size": blob.size()})
}

fn check_out(server: &TestServer, checkout: &str, files: &[Value]) -> Answer {
    server.post_json(URL, &json!({"checkout": checkout, "files": files}))
}

#[test]
fn a_list_becomes_a_checkout_and_a_path_that_is_taken_another_one() {
    let server = TestServer::start();
    let (one, two) = (Blob::new("one"), Blob::new("twoo"));
    server.upload(&one);
    server.upload(&two);
    let files = [file(&one, "a/x.png"), file(&two, "shot.blend"), file(&one, "a/y.png")];
    let body = json!({"checkout": "shots/shot 010", "files": files, "blend": "shot.blend"});
    let answer = server.post_json(URL, &body);
    assert_eq!(answer.status, 201, "{}", answer.text());
    let checkout = answer.json()["checkout"].as_str().unwrap().to_owned();
    assert_eq!((&answer.json()["files"], &answer.json()["bytes"]), (&json!(3), &json!(10)));
    assert_eq!(std::fs::read(server.jobs().join(&checkout).join("a/y.png")).unwrap(), b"one");
    let shown = server.get(&format!("{URL}/{}", checkout.replace(' ', "%20"))).json();
    assert_eq!(shown["blend"], "shot.blend");
    let again = server.post_json(URL, &body).json();
    assert_ne!(again["checkout"], checkout.as_str());
}

#[test]
fn a_manifest_that_was_sent_is_enough() {
    let server = TestServer::start();
    let (one, two) = (Blob::new("one"), Blob::new("two"));
    server.upload(&one);
    let list = json!({"files": [file(&one, "a"), file(&two, "b")], "blend": "b", "more": 1});
    let list = Blob::new(list.to_string());
    let body = json!({"checkout": "job", "manifest": name(&list)});
    let no_manifest = server.post_json(URL, &body);
    assert_eq!(no_manifest.status, 424);
    assert_eq!(no_manifest.json()["missing"], json!([name(&list)]));
    no_manifest.message();
    server.upload(&list);
    let no_blob = server.post_json(URL, &body);
    assert_eq!((no_blob.status, &no_blob.json()["missing"]), (424, &json!([name(&two)])));
    server.upload(&two);
    let made = server.post_json(URL, &body);
    assert_eq!(made.status, 201, "{}", made.text());
    assert_eq!(std::fs::read(server.jobs().join("job/b")).unwrap(), b"two");
    // The manifest of a checkout is a list, too.
    let manifest = std::fs::read(server.jobs().join("job/.shaman-manifest.json")).unwrap();
    let manifest = Blob::new(manifest);
    server.upload(&manifest);
    let copy = server.post_json(URL, &json!({"checkout": "copy", "manifest": name(&manifest)}));
    assert_eq!(copy.status, 201, "{}", copy.text());
    assert_eq!(server.get(&format!("{URL}/copy")).json()["blend"], "b");
    let no_list = server.post_json(URL, &json!({"checkout": "x", "manifest": name(&one)}));
    assert_eq!(no_list.status, 400);
    no_list.message();
}

#[test]
fn all_missing_blobs_are_named() {
    let server = TestServer::start();
    let mut blobs: Vec<Blob> = (0..500).map(|n| Blob::new(format!("missing {n}"))).collect();
    let files: Vec<Value> =
        blobs.iter().enumerate().map(|(n, blob)| file(blob, &format!("{n}"))).collect();
    let answer = check_out(&server, "job", &files);
    assert_eq!(answer.status, 424);
    assert!(answer.message().starts_with("500 of the blobs"), "{}", answer.message());
    blobs.sort_by_key(Blob::named);
    let expected: Vec<Value> = blobs.iter().map(name).collect();
    assert_eq!(answer.json()["missing"], json!(expected));
    assert!(!server.jobs().join("job").exists());
}

#[test]
fn a_create_that_is_malformed_changes_nothing() {
    let server = TestServer::start();
    let one = Blob::new("one");
    server.upload(&one);
    let good = file(&one, "a");
    for body in [
        json!({}),
        json!({"checkout": "job"}),
        json!({"checkout": "job", "files": [good], "manifest": name(&one)}),
        json!({"checkout": "job", "files": [good], "unknown": 1}),
        json!({"checkout": "..", "files": [good]}),
        json!({"checkout": "job", "files": [file(&one, "../a")]}),
        json!({"checkout": "job", "files": [file(&one, "a"), file(&one, "a/b")]}),
        json!({"checkout": "job", "files": [{"path": "a", "size": -1, "sha256": one.sha}]}),
        json!({"checkout": "job", "manifest": {"sha256": one.sha, "size": 1_u64 << 40}}),
    ] {
        let answer = server.post_json(URL, &body);
        assert_eq!(answer.status, 400, "{body}");
        answer.message();
    }
    assert_eq!(std::fs::read_dir(server.jobs()).unwrap().count(), 0);
}

#[test]
fn lists_take_filters_and_go_page_by_page() {
    let server = TestServer::start();
    let (one, two) = (Blob::new("one"), Blob::new("two!"));
    server.upload(&one);
    server.upload(&two);
    for checkout in ["film", "film/a", "film/b", "films", "other/film", "zoo"] {
        // The first one would have the next two inside it.
        let checkout = if checkout == "film" { "fil" } else { checkout };
        assert_eq!(check_out(&server, checkout, &[file(&one, "a")]).status, 201);
    }
    assert_eq!(check_out(&server, "both", &[file(&one, "a"), file(&two, "b")]).status, 201);
    let listed = |query: &str| {
        let answer = server.get(&format!("{URL}{query}"));
        assert_eq!(answer.status, 200, "{}", answer.text());
        let answer = answer.json();
        let names = answer["checkouts"].as_array().unwrap().iter();
        let names: Vec<String> =
            names.map(|one| one["checkout"].as_str().unwrap().to_owned()).collect();
        (names.join(" "), answer["next"].clone())
    };
    let all = |names: &str| (names.to_owned(), Value::Null);
    assert_eq!(listed("?prefix=film"), all("film/a film/b films"));
    assert_eq!(listed("?prefix=film/a"), all("film/a"), "one that is the prefix itself, too");
    assert_eq!(listed("?contains=film"), all("film/a film/b films other/film"));
    assert_eq!(listed("?contains=film&after=film/b"), all("films other/film"));
    assert_eq!(listed("?prefix=film&limit=2"), ("film/a film/b".to_owned(), json!("film/b")));
    assert_eq!(listed("?prefix=film&limit=2&after=film/b"), all("films"));
    assert_eq!(listed("?older_than=1h"), all(""));
    assert_eq!(listed("?newer_than=1h&prefix=z"), all("zoo"));
    let space = loop {
        let both = server.get(&format!("{URL}?space=true&prefix=both")).json();
        if both["checkouts"][0]["space"]["exclusive_bytes"].is_u64() {
            break both["checkouts"][0]["space"].clone();
        }
    };
    assert_eq!(space, json!({"logical_bytes": 7, "shared_bytes": 3, "exclusive_bytes": 4}));
    for query in ["?limit=0", "?older_than=old", "?unknown=1", "?limit=x", "?space=maybe"] {
        let answer = server.get(&format!("{URL}{query}"));
        assert_eq!(answer.status, 400, "{query}");
        answer.message();
    }
}

#[test]
fn what_changed_between_two_checkouts_is_told() {
    let server = TestServer::start();
    let (one, two, three) = (Blob::new("one"), Blob::new("two"), Blob::new("three"));
    for blob in [&one, &two, &three] {
        server.upload(blob);
    }
    check_out(&server, "a/1", &[file(&one, "same"), file(&one, "x/new"), file(&two, "x-gone")]);
    check_out(&server, "b/diff/2", &[file(&one, "same"), file(&two, "x/new"), file(&three, "z")]);
    let answer = server.get(&format!("{URL}/a/1/diff/b/diff/2"));
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert_eq!(
        answer.json(),
        json!({
            "a": "a/1", "b": "b/diff/2", "same": 1,
            "added": [file(&three, "z")],
            "removed": [file(&two, "x-gone")],
            "changed": [{"path": "x/new", "a": name(&one), "b": name(&two)}],
        })
    );
    let same = server.get(&format!("{URL}/a/1/diff/a/1")).json();
    assert_eq!((&same["same"], &same["changed"]), (&json!(3), &json!([])));
    for path in ["a/1/diff/nothing", "nothing/diff/a/1", "a/diff/b"] {
        let answer = server.get(&format!("{URL}/{path}"));
        assert_eq!(answer.status, 404, "{path}");
        answer.message();
    }
}
