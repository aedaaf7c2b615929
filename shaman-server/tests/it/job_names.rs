//! What a person calls a job, and where its checkout is.

use crate::support::{Blob, FoldingDisk, TestServer};

#[test]
fn job_names_that_stock_servers_refuse_get_a_readable_path() {
    let server = TestServer::start();
    let blob = Blob::new("a");
    server.upload(&blob);
    for (name, path) in [
        ("shot: 010?", "shot_ 010_"),
        ("aux/v1. ", "aux_/v1__"),
        (r"C:\jobs\x", "C__jobs_x"),
        ("Größe 日本", "Größe 日本"),
    ] {
        let answer = server.create(name, &[blob.entry("a")]);
        assert_eq!(answer.status, 200, "{name}: {}", answer.text());
        assert_eq!(answer.json()["checkoutPath"], path);
        assert!(server.jobs().join(path).join("a").is_file());
    }
    let again = server.create("shot: 010?", &[blob.entry("a")]);
    assert!(again.json()["checkoutPath"].as_str().unwrap().starts_with("shot_ 010_-"));
    let long = server.create(&"x".repeat(400), &[blob.entry("a")]);
    let path = long.json()["checkoutPath"].as_str().unwrap().to_owned();
    assert!(path.len() <= 255 && server.jobs().join(&path).is_dir());
}

#[test]
fn backslash_paths_are_echoed_and_become_directories() {
    let server = TestServer::start();
    let blob = Blob::new("windows");
    let entry = blob.entry(r"tex\wood\a.png");
    let answer = server.requirements(std::slice::from_ref(&entry));
    assert_eq!(answer.json()["files"][0]["path"], r"tex\wood\a.png");
    server.upload(&blob);
    let checkout = server.checked_out("job", &[entry]);
    assert_eq!(std::fs::read(checkout.join("tex/wood/a.png")).unwrap(), blob.bytes);
}

#[test]
fn lookalikes_are_accepted_with_a_warning_in_the_manifest() {
    let server = TestServer::start();
    let (one, other) = (Blob::new("one"), Blob::new("other"));
    server.upload(&one);
    server.upload(&other);
    let files = [one.entry("Tex/A.png"), other.entry("tex/a.png"), one.entry("b")];
    let checkout = server.checked_out("job", &files);
    let manifest = std::fs::read(checkout.join(".shaman-manifest.json")).unwrap();
    let manifest: serde_json::Value = serde_json::from_slice(&manifest).unwrap();
    let warning = manifest["warnings"][0].as_str().unwrap();
    assert!(warning.contains("`Tex/A.png`") && warning.contains("`tex/a.png`"), "{warning}");
    let checkout = server.checked_out("plain", &[one.entry("b")]);
    let text = std::fs::read_to_string(checkout.join(".shaman-manifest.json")).unwrap();
    assert!(!text.contains("warnings"));
}

#[test]
fn a_storage_that_folds_case_refuses_lookalikes_and_names_both() {
    let Some(disk) = FoldingDisk::mount() else { return };
    let server = TestServer::start_on(disk.path().join("storage"));
    let (one, other) = (Blob::new("one"), Blob::new("other"));
    server.upload(&one);
    server.upload(&other);
    let answer = server.create("job", &[one.entry("Tex/A.png"), other.entry("tex/a.png")]);
    assert_eq!(answer.status, 400);
    let sentence = answer.message();
    assert!(sentence.contains("`Tex/A.png`") && sentence.contains("`tex/a.png`"), "{sentence}");
    let checkout = server.checked_out("job", &[one.entry("Tex/A.png"), other.entry("tex/b.png")]);
    assert_eq!(std::fs::read_dir(checkout.join("tex")).unwrap().count(), 2);
    assert!(server.leftovers().is_empty());
    assert!(server.stop().success());
}
