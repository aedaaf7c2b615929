//! Stock Shaman: statuses of uploads and requirements, its validator, and when it is off.

use std::time::{Duration, Instant};

use shaman_tests::addon::{Spec, Uploaded};
use shaman_tests::manager::Manager;
use shaman_tests::stock_store::{Blob, Status};
use shaman_tests::wire::{Answer, ask};

use crate::studio::Studio;

fn post(manager: &Manager, path: &str, fields: &[(&str, &str)], body: &[u8]) -> Answer {
    ask(manager.address(), "POST", &format!("/api/v3/shaman/{path}"), fields, body).unwrap()
}

fn upload(manager: &Manager, blob: &Blob, body: &[u8]) -> Answer {
    post(manager, &format!("files/{}/{}", blob.sha, blob.size), &[], body)
}

const JSON: &[(&str, &str)] = &[("Content-Type", "application/json")];

#[test]
fn an_upload_is_200_without_content_type_and_then_208_whatever_comes() {
    let studio = Studio::with_shaman();
    let blob = Blob::of(b"wood");
    let first = upload(&studio.manager, &blob, b"wood");
    assert_eq!((first.status, first.head.get("Content-Type"), first.body.len()), (200, None, 0));
    assert_eq!(studio.store.status(&blob), Status::Stored);
    let second = upload(&studio.manager, &blob, b"something else");
    assert_eq!(second.status, 208);
    assert_eq!(second.head.text("Content-Type").unwrap(), "text/plain; charset=UTF-8");
    assert_eq!(studio.store.all_uploads().len(), 0);
}

#[test]
fn size_is_looked_at_before_the_digest_and_nothing_stays() {
    let studio = Studio::with_shaman();
    let blob = Blob::of(b"wood");
    let long = upload(&studio.manager, &blob, b"wooden");
    assert_eq!(long.status, 417);
    assert!(
        long.text().contains("file size mismatched, declared 4 but received 6 bytes"),
        "{}",
        long.text()
    );
    let wrong = upload(&studio.manager, &blob, b"w00d");
    assert!(
        wrong.status == 417 && wrong.text().contains("file SHA256 mismatched"),
        "{}",
        wrong.text()
    );
    assert_eq!(studio.store.status(&blob), Status::Unknown);
}

#[test]
fn an_upload_is_deferred_only_when_it_may_be() {
    let studio = Studio::with_shaman();
    let file = Spec::new("a", b"wood");
    studio.store.leave_upload(&Blob::of(b"wood"), b"w").unwrap();
    assert_eq!(studio.addon().upload(&file, true).unwrap(), Uploaded::Deferred);
    assert_eq!(studio.addon().upload(&file, false).unwrap(), Uploaded::Done);
    assert!(studio.addon().is_stored(&file).unwrap());
}

/// Waits until the store looks like this.
fn wait_until(what: impl Fn() -> bool) {
    let end = Instant::now() + Duration::from_secs(30);
    while !what() {
        assert!(Instant::now() < end, "it does not happen");
        std::thread::sleep(Duration::from_millis(5));
    }
}

#[test]
fn an_upload_under_way_defers_others_until_it_is_done() {
    let studio = Studio::with_shaman();
    let (file, blob) = (Spec::new("a", b"wood"), Blob::of(b"wood"));
    let half = studio.addon().begin_upload(&file, false, 2).unwrap();
    wait_until(|| studio.store.status(&blob) == Status::Uploading);
    assert_eq!(studio.addon().upload(&file, true).unwrap(), Uploaded::Deferred);
    assert_eq!(half.finish().unwrap().status, 200);
    assert_eq!(studio.addon().upload(&file, true).unwrap(), Uploaded::Done);
}

#[test]
fn an_upload_that_is_cut_leaves_nothing() {
    let studio = Studio::with_shaman();
    let (file, blob) = (Spec::new("a", b"wood"), Blob::of(b"wood"));
    let half = studio.addon().begin_upload(&file, false, 2).unwrap();
    wait_until(|| studio.store.status(&blob) == Status::Uploading);
    drop(half);
    wait_until(|| studio.store.status(&blob) == Status::Unknown);
    wait_until(|| !studio.store.uploading_folder(&blob).exists());
}

#[test]
fn words_other_than_gos_booleans_are_refused() {
    let studio = Studio::with_shaman();
    for (word, status) in [("True", 200), ("f", 208), ("yes", 400), ("", 400)] {
        let blob = Blob::of(b"x");
        let path = format!("files/{}/1", blob.sha);
        assert_eq!(
            post(&studio.manager, &path, &[("X-Shaman-Can-Defer-Upload", word)], b"x").status,
            status,
            "{word}"
        );
    }
}

#[test]
fn requirements_leave_out_what_is_stored_and_name_each_blob_once() {
    let studio = Studio::with_shaman();
    studio.store.put(b"stored").unwrap();
    studio.store.leave_upload(&Blob::of(b"half"), b"ha").unwrap();
    let files = [("s", "stored"), ("first", "new"), ("second", "new"), ("h", "half")];
    let files = files.map(|(path, text)| Spec::new(path, text.as_bytes()));
    let wanted = studio.addon().requirements(&files).unwrap();
    let wanted: Vec<_> = wanted.iter().map(|one| (one.path.as_str(), one.uploading)).collect();
    assert_eq!(wanted, [("first", false), ("h", true)]);
}

#[test]
fn the_validator_and_a_panic_answer_without_a_code() {
    let studio = Studio::with_shaman();
    let bad =
        post(&studio.manager, "checkout/requirements", &[("Content-Type", "text/plain")], b"{}");
    assert!(bad.status == 400 && bad.text().contains("unexpected value"), "{}", bad.text());
    for body in ["{}", r#"{"files":null}"#, r#"{"files":[{"sha":"ab","size":"1","path":"a"}]}"#] {
        assert_eq!(
            post(&studio.manager, "checkout/requirements", JSON, body.as_bytes()).status,
            400,
            "{body}"
        );
    }
    let short = br#"{"files":[{"sha":"a","size":1,"path":"a"}]}"#;
    let panicked = post(&studio.manager, "checkout/requirements", JSON, short);
    assert_eq!(
        (panicked.status, panicked.text()),
        (500, "{\"message\":\"Internal Server Error\"}\n".to_owned())
    );
}

#[test]
fn without_shaman_all_four_are_503() {
    let studio = Studio::without_shaman();
    let mut addon = studio.addon();
    let file = Spec::new("a", b"wood");
    let statuses = [
        addon.requirements(std::slice::from_ref(&file)).unwrap_err().refused(),
        addon.is_stored(&file).unwrap_err().refused(),
        addon.upload(&file, false).unwrap_err().refused(),
        addon.create_checkout(&[file], "shot").unwrap_err().refused(),
    ];
    assert_eq!(statuses, [Some(503); 4]);
    assert!(!studio.root().exists(), "nothing was made on the storage");
}
