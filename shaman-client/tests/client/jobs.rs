//! A job is created at the Manager, or refused before anything is uploaded.

use std::path::Path;

use serde_json::{Value, json};

use crate::farm::{BLEND, Farm, put_project};
use crate::peer::Peer;

fn types() -> Value {
    json!([{
        "name": "render", "label": "Render", "etag": "e-1", "settings": [
            {"key": "frames", "type": "string", "required": true},
            {"key": "chunk_size", "type": "int32", "default": 1},
            {"key": "previews", "type": "bool", "default": null},
            {"key": "blendfile", "type": "string", "required": true},
        ]
    }])
}

const RENDER: [&str; 5] = ["--flamenco", "--job-type", "render", "--setting", "frames=1-3"];

fn with_server<'a>(peer: &'a Peer, more: &[&'a str]) -> Vec<&'a str> {
    [&RENDER[..], &["--server", &peer.url], more].concat()
}

#[test]
fn a_job_of_a_checkout_is_created_with_all_that_the_manager_needs() {
    let farm = Farm::new();
    let peer = Peer::start(|_, _| None).with_manager(types()).with_storage(farm.storage(), true);
    let more = ["--setting", "chunk_size=5", "--priority", "-3", "--job-name", "My: shot"];
    let end = farm.submit(&farm.blend(), &with_server(&peer, &more));
    let url = end["job_url"].as_str().unwrap();
    assert_eq!(url, format!("{}/app/jobs/7c12e8a4", peer.url));
    assert_eq!(end["job_id"], "7c12e8a4");
    let mut job = json!({
        "name": "My: shot", "type": "render", "type_etag": "e-1", "priority": -3,
        "submitter_platform": if cfg!(target_os = "macos") { "darwin" } else { std::env::consts::OS },
        "metadata": {"project": "plain", "user.name": "ada"},
        "settings": {"frames": "1-3", "chunk_size": 5, "blendfile": "{jobs}/plain/plain.blend"},
        "storage": {"shaman_checkout_id": "plain"},
    });
    assert_eq!(*peer.jobs.lock().unwrap(), [job.clone()]);
    job["settings"]["blendfile"] = "dummy-for-job-check.blend".into();
    job.as_object_mut().unwrap().remove("storage");
    assert_eq!(*peer.checked.lock().unwrap(), [job]);
    let heard = peer.heard.lock().unwrap();
    let at = |what: &str| heard.iter().position(|request| request.ends_with(what)).unwrap();
    assert!(
        at("/jobs/check") < at("/requirements"),
        "asked before anything is uploaded: {heard:?}"
    );
    assert!(at("/create") < at("POST /api/v3/jobs"), "{heard:?}");
}

#[test]
fn jobs_of_files_in_place_and_of_copies_name_them_absolutely() {
    let farm = Farm::new();
    let peer = Peer::start(|_, _| None).with_manager(types()).with_storage(farm.storage(), false);
    let inside = put_project(&farm.storage().join("film"));
    farm.submit(&inside, &with_server(&peer, &[]));
    let end = farm.submit(&farm.blend(), &with_server(&peer, &[]));
    let jobs = peer.jobs.lock().unwrap();
    assert_eq!(jobs[0]["settings"]["blendfile"], inside.to_str().unwrap());
    let copy = Path::new(end["location"].as_str().unwrap()).join(BLEND);
    assert_eq!(jobs[1]["settings"]["blendfile"], copy.to_str().unwrap());
    assert!(jobs.iter().all(|job| job.get("storage").is_none()), "{jobs:?}");
    assert_eq!((&jobs[0]["priority"], &jobs[0]["name"]), (&50.into(), &"plain".into()));
}

#[test]
fn what_the_manager_would_not_take_is_said_before_anything_is_uploaded() {
    let farm = Farm::new();
    let peer = Peer::start(|_, _| None).with_manager(types()).with_storage(farm.storage(), true);
    for (args, word) in [
        (vec!["--flamenco", "--job-type", "rendr"], "choose one of render"),
        (vec!["--flamenco", "--job-type", "render"], "--setting frames=…"),
        ([&RENDER[..], &["--setting", "chunk_size=many"]].concat(), "a whole number"),
        ([&RENDER[..], &["--setting", "chunksize=2"]].concat(), "it has chunk_size"),
    ] {
        let refused = farm.refusal(&farm.blend(), &[&args[..], &["--server", &peer.url]].concat());
        assert!(refused.contains(word) && refused.contains("nothing was uploaded"), "{refused}");
    }
    for (status, word) in [(412, "has just changed"), (400, "as the test says")] {
        let peer = Peer::start(move |request, _| request.ends_with("/check").then_some(status))
            .with_manager(types())
            .with_storage(farm.storage(), true);
        let refused = farm.refusal(&farm.blend(), &with_server(&peer, &[]));
        assert!(refused.contains(word), "{refused}");
        assert_eq!((peer.count("POST "), peer.count("/jobs/check")), (1, 1));
    }
    assert_eq!(peer.count("POST "), 0);
}

#[test]
fn a_server_without_a_manager_says_so() {
    let farm = Farm::new();
    let peer = Peer::start(|_, _| None).with_storage(farm.storage(), true);
    let refused = farm.refusal(&farm.blend(), &with_server(&peer, &[]));
    assert!(refused.contains("no Flamenco Manager behind it"), "{refused}");
    assert_eq!(peer.count("POST "), 0);
}

#[test]
fn a_manager_that_only_lists_its_types_will_do() {
    let farm = Farm::new();
    let peer = Peer::start(|request, _| request.contains("/jobs/type/").then_some(404))
        .with_manager(types())
        .with_storage(farm.storage(), true);
    assert_eq!(farm.submit(&farm.blend(), &with_server(&peer, &[]))["job_id"], "7c12e8a4");
}

#[test]
fn a_job_is_sent_once_whatever_comes_back() {
    let farm = Farm::new();
    for (status, word) in
        [(0, "nobody can tell"), (503, "as the test says"), (400, "does not take")]
    {
        let peer =
            Peer::start(move |request, _| (request == "POST /api/v3/jobs").then_some(status))
                .with_manager(types())
                .with_storage(farm.storage(), true);
        let refused = farm.refusal(&farm.blend(), &with_server(&peer, &[]));
        assert!(refused.contains(word) && refused.contains("files are ready"), "{refused}");
        let heard = peer.heard.lock().unwrap();
        let sent = heard.iter().filter(|request| *request == "POST /api/v3/jobs").count();
        assert_eq!(sent, 1, "status {status}");
    }
}

#[test]
fn words_about_a_job_need_a_job() {
    let farm = Farm::new();
    for args in [&["--flamenco"][..], &["--job-type", "x"], &["--setting", "a=b"]] {
        assert_eq!(farm.try_submit(&farm.blend(), args).status.code(), Some(2), "{args:?}");
    }
    let typo = ["--flamenco", "--job-type", "x", "--setting", "frames"];
    assert_eq!(farm.try_submit(&farm.blend(), &typo).status.code(), Some(2));
}
