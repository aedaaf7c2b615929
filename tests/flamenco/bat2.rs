//! BAT 2 against stock Shaman: what was seen of the two originals.

use std::collections::BTreeSet;

use shaman_tests::addon::Project;
use shaman_tests::manager::Fault;
use shaman_tests::stock_store::Blob;

use crate::studio::{Studio, project};

#[test]
fn all_questions_come_before_the_first_upload_and_the_job_names_no_checkout() {
    let studio = Studio::with_shaman();
    let outcome = studio.addon().submit_with_bat2(&project(), "./shot/1");
    assert!(outcome.submitted_ok, "{:?}", outcome.failures);
    let expected = [
        &["POST requirements 200"][..],
        &["GET status 200"; 3],
        &["POST upload 200"; 3],
        &["POST create 200", "POST jobs 200"],
    ];
    assert_eq!(outcome.steps(), expected.concat());
    let job = &studio.manager.jobs()[0];
    assert_eq!(job["settings"]["blendfile"], "{jobs}/shot/1/scene.blend");
    assert!(job.get("storage").is_none());
    assert_eq!(studio.store.read("shot/1", "tex/stone.png").unwrap(), b"stone");
}

#[test]
fn every_upload_says_that_it_can_be_deferred() {
    let studio = Studio::with_shaman();
    studio.addon().submit_with_bat2(&project(), "shot");
    let defers: Vec<_> = studio
        .manager
        .seen()
        .iter()
        .filter_map(|seen| seen.head.text("X-Shaman-Can-Defer-Upload"))
        .collect();
    assert_eq!(defers, ["True"; 3]);
}

#[test]
fn after_eight_were_deferred_it_says_that_it_cannot() {
    let studio = Studio::with_shaman();
    let texts: Vec<_> =
        (0..12).map(|nth| (format!("tex/{nth}.png"), format!("texture {nth}"))).collect();
    let files: Vec<_> = texts.iter().map(|(path, text)| (path.as_str(), text.as_bytes())).collect();
    for (_, text) in &files {
        studio.store.leave_upload(&Blob::of(text), b"").unwrap();
    }
    studio.addon().submit_with_bat2(&Project::new(&files), "shot");
    let defers: Vec<_> = studio
        .manager
        .seen()
        .iter()
        .filter_map(|seen| seen.head.text("X-Shaman-Can-Defer-Upload"))
        .collect();
    assert_eq!(defers, [&["True"; 8][..], &["False"; 4]].concat());
}

#[test]
fn files_that_others_send_come_last_and_the_order_changes() {
    let files = [("a", b"a"), ("b", b"b"), ("c", b"c"), ("d", b"d"), ("e", b"e"), ("f", b"f")];
    let files = files.map(|(path, bytes)| (path, bytes.as_slice()));
    let order = |seed| {
        let studio = Studio::with_shaman();
        studio.store.leave_upload(&Blob::of(b"a"), b"").unwrap();
        studio.addon().seeded(seed).submit_with_bat2(&Project::new(&files), "shot");
        let uploads = studio.manager.seen();
        let names = uploads.iter().filter_map(|seen| seen.head.text("X-Shaman-Original-Filename"));
        names.collect::<Vec<_>>()
    };
    let orders: BTreeSet<_> = (0..4).map(order).collect();
    assert!(orders.len() > 1);
    assert!(orders.iter().all(|names| names.last().unwrap() == "=?utf-8?q?a?="), "{orders:?}");
}

#[test]
fn a_file_that_somebody_else_sends_ends_in_an_attribute_error() {
    let studio = Studio::with_shaman();
    studio.store.leave_upload(&Blob::of(b"wood"), b"wo").unwrap();
    let outcome = studio.addon().submit_with_bat2(&project(), "shot");
    assert!(!outcome.submitted_ok);
    let steps = outcome.steps();
    assert_eq!(steps.iter().filter(|step| *step == "POST upload 425").count(), 1);
    assert_eq!(steps.last().unwrap(), "POST create 500");
    assert!(outcome.failures[0].starts_with("AttributeError"), "{:?}", outcome.failures);
}

#[test]
fn a_mismatch_is_logged_and_the_checkout_asked_for_anyway() {
    let studio = Studio::with_shaman();
    let outcome =
        studio.addon().submit_with_bat2(&project().remembering("tex/wood.png", b"w00d"), "shot");
    let steps = outcome.steps();
    assert_eq!(steps.iter().filter(|step| *step == "POST upload 417").count(), 1);
    assert_eq!(steps.iter().filter(|step| *step == "POST upload 200").count(), 2);
    assert_eq!(steps.last().unwrap(), "POST create 500");
    assert_eq!((outcome.rounds, outcome.submitted_ok, outcome.failures.len()), (1, false, 2));
}

#[test]
fn refused_requirements_are_an_attribute_error() {
    let studio = Studio::without_shaman();
    let outcome = studio.addon().submit_with_bat2(&project(), "shot");
    assert_eq!(outcome.steps(), ["POST requirements 503"]);
    assert!(outcome.failures[0].contains("shaman server not active"), "{:?}", outcome.failures);
}

#[test]
fn windows_sends_backslashes_and_takes_them_back() {
    let studio = Studio::with_shaman();
    let outcome = studio.addon().on_windows().submit_with_bat2(&project(), "shot");
    assert!(outcome.submitted_ok, "{:?}", outcome.failures);
    // Stock on Linux makes flat files of them.
    assert_eq!(studio.store.read("shot", "tex\\wood.png").unwrap(), b"wood");
}

#[test]
fn an_answer_with_slashes_in_place_of_backslashes_is_not_understood() {
    let studio = Studio::with_shaman();
    let blob = Blob::of(b"wood");
    let body = format!(
        r#"{{"files":[{{"path":"tex/wood.png","sha":"{}","size":4,"status":"unknown"}}]}}"#,
        blob.sha
    );
    let fault = Fault::Instead { status: 200, fields: vec![], body: body.into_bytes() };
    studio.manager.plan("POST", "/api/v3/shaman/checkout/requirements", fault, 1);
    let outcome = studio.addon().on_windows().submit_with_bat2(&project(), "shot");
    assert_eq!(outcome.failures, ["`tex/wood.png` was not asked for"]);
}

#[test]
fn an_absolute_checkout_path_takes_the_place_of_the_jobs_folder() {
    let studio = Studio::with_shaman();
    let fault = Fault::Instead {
        status: 200,
        fields: vec![],
        body: br#"{"checkoutPath":"/srv/jobs/shot"}"#.to_vec(),
    };
    studio.manager.plan("POST", "/api/v3/shaman/checkout/create", fault, 1);
    let outcome = studio.addon().submit_with_bat2(&project(), "shot");
    assert_eq!(outcome.job.unwrap()["settings"]["blendfile"], "/srv/jobs/shot/scene.blend");
}
