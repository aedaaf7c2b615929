//! BAT 1 against stock Shaman: what was seen of the two originals.

use shaman_tests::addon::{Addon, Project, Release};
use shaman_tests::manager::Fault;
use shaman_tests::stock_store::Blob;

use crate::studio::{Studio, project};

#[test]
fn a_submission_asks_and_sends_file_by_file_and_names_its_checkout() {
    let studio = Studio::with_shaman();
    let outcome = studio.addon().submit_with_bat1(&project(), "farm//shot 1/");
    assert!(outcome.submitted_ok, "{:?}", outcome.failures);
    assert_eq!(outcome.checkout.as_deref(), Some("farm/shot 1"));
    let pairs = ["GET status 200", "POST upload 200"].repeat(4);
    let end = ["POST create 200", "POST jobs 200"];
    assert_eq!(outcome.steps(), [&["POST requirements 200"], &pairs[..], &end].concat());

    let job = &studio.manager.jobs()[0];
    assert_eq!(job["settings"]["blendfile"], "{jobs}/farm/shot 1/scene.blend");
    assert_eq!(job["storage"]["shaman_checkout_id"], "farm/shot 1");
    assert_eq!(studio.store.read("farm/shot 1", "tex/wood.png").unwrap(), b"wood");
    assert!(studio.store.read("farm/shot 1", "pack-info.txt").is_ok());
}

#[test]
fn files_are_sent_in_reverse_and_only_the_last_may_not_be_deferred() {
    let studio = Studio::with_shaman();
    studio.addon().submit_with_bat1(&project(), "shot");
    let uploads: Vec<_> = studio
        .manager
        .seen()
        .into_iter()
        .filter(|seen| seen.brief().contains("POST /api/v3/shaman/files"))
        .collect();
    let names: Vec<_> =
        uploads.iter().map(|seen| seen.head.text("X-Shaman-Original-Filename").unwrap()).collect();
    assert_eq!(
        names,
        ["pack-info=2Etxt", "tex/stone=2Epng", "tex/wood=2Epng", "scene=2Eblend"]
            .map(|name| format!("=?utf-8?q?{name}?="))
    );
    let defers: Vec<_> =
        uploads.iter().map(|seen| seen.head.text("X-Shaman-Can-Defer-Upload").unwrap()).collect();
    assert_eq!(defers, ["True", "True", "True", "False"]);
}

#[test]
fn exact_repetitions_are_asked_for_once() {
    let studio = Studio::with_shaman();
    let files = [("scene.blend", b"BLENDER".as_slice()), ("a", b"a"), ("a", b"a"), ("b", b"a")];
    studio.addon().submit_with_bat1(&Project::new(&files), "shot");
    let asked: serde_json::Value = serde_json::from_slice(&studio.manager.seen()[0].body).unwrap();
    let paths: Vec<_> =
        asked["files"].as_array().unwrap().iter().map(|file| &file["path"]).collect();
    assert_eq!(paths, ["scene.blend", "a", "b", "pack-info.txt"]);
}

#[test]
fn up_to_3_8_a_copy_of_the_blend_is_submitted() {
    let studio = Studio::with_shaman();
    let outcome =
        Addon::new(&studio.manager.url(), Release::Folding).submit_with_bat1(&project(), "shot");
    assert_eq!(outcome.job.unwrap()["settings"]["blendfile"], "{jobs}/shot/scene.flamenco.blend");
    assert!(studio.store.read("shot", "scene.flamenco.blend").is_ok());
}

#[test]
fn a_file_that_somebody_else_sends_is_lost_and_the_checkout_fails() {
    let studio = Studio::with_shaman();
    studio.store.leave_upload(&Blob::of(b"wood"), b"wo").unwrap();
    // Alone it could not be deferred: something has to come after it.
    studio.store.leave_upload(&Blob::of(b"stone"), b"st").unwrap();
    let outcome = studio.addon().submit_with_bat1(&project(), "shot");
    assert!(!outcome.submitted_ok && outcome.checkout.is_none());
    assert_eq!(outcome.rounds, 1);
    let steps = outcome.steps();
    assert_eq!(steps.iter().filter(|step| *step == "POST upload 425").count(), 1, "{steps:?}");
    assert_eq!(steps.last().unwrap(), "POST create 500");
    assert!(
        outcome.failures[0].contains("unknown files requested in checkout"),
        "{:?}",
        outcome.failures
    );
    assert_eq!(studio.manager.jobs().len(), 0);
}

#[test]
fn a_mismatch_that_stays_is_tried_in_fifty_rounds() {
    let studio = Studio::with_shaman();
    studio.manager.plan(
        "POST",
        "/api/v3/shaman/files",
        Fault::Instead { status: 417, fields: vec![], body: b"no".to_vec() },
        usize::MAX,
    );
    let outcome = studio.addon().submit_with_bat1(&project(), "shot");
    assert_eq!((outcome.rounds, outcome.requests.len(), outcome.submitted_ok), (50, 150, false));
    assert_eq!(outcome.checkout, None);
}

#[test]
fn a_hash_cache_that_is_wrong_is_such_a_mismatch() {
    let studio = Studio::with_shaman();
    let outcome =
        studio.addon().submit_with_bat1(&project().remembering("tex/wood.png", b"w00d"), "shot");
    assert_eq!((outcome.rounds, outcome.submitted_ok), (50, false));
    assert!(outcome.failures[0].contains("file SHA256 mismatched"), "{}", outcome.failures[0]);
}

#[test]
fn a_success_after_an_error_makes_a_checkout_and_no_job() {
    let studio = Studio::with_shaman();
    studio.manager.plan(
        "POST",
        "/api/v3/shaman/files",
        Fault::Instead { status: 500, fields: vec![], body: vec![] },
        1,
    );
    let outcome = studio.addon().submit_with_bat1(&project(), "shot");
    assert_eq!((outcome.rounds, outcome.submitted_ok), (2, false));
    assert_eq!(outcome.checkout.as_deref(), Some("shot"));
    assert!(studio.store.read("shot", "scene.blend").is_ok());
    assert_eq!(studio.manager.jobs().len(), 0);
}

#[test]
fn a_broken_connection_is_the_end() {
    let studio = Studio::with_shaman();
    studio.manager.plan("POST", "/api/v3/shaman/files", Fault::CutRequest, 1);
    let outcome = studio.addon().submit_with_bat1(&project(), "shot");
    assert_eq!((outcome.rounds, outcome.submitted_ok), (1, false));
    assert_eq!(outcome.steps().last().unwrap(), "POST upload broken");
}

#[test]
fn the_documented_statuses_of_create_have_their_messages() {
    for (status, message) in
        [(424, "did not upload some files"), (409, "already an existing checkout")]
    {
        let studio = Studio::with_shaman();
        studio.manager.plan(
            "POST",
            "/api/v3/shaman/checkout/create",
            Fault::Instead { status, fields: vec![], body: vec![] },
            1,
        );
        let outcome = studio.addon().submit_with_bat1(&project(), "shot");
        assert_eq!((outcome.failures, outcome.submitted_ok), (vec![message.to_owned()], false));
    }
}

#[test]
fn at_most_eight_files_are_deferred() {
    let studio = Studio::with_shaman();
    let texts: Vec<_> =
        (0..12).map(|nth| (format!("tex/{nth}.png"), format!("texture {nth}"))).collect();
    let files: Vec<_> = texts.iter().map(|(path, text)| (path.as_str(), text.as_bytes())).collect();
    for (_, text) in &files {
        studio.store.leave_upload(&Blob::of(text), b"").unwrap();
    }
    let outcome = studio.addon().submit_with_bat1(&Project::new(&files), "shot");
    let deferred = outcome.steps().iter().filter(|step| *step == "POST upload 425").count();
    assert_eq!(deferred, 8);
}
