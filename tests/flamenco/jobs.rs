//! Jobs of the Manager: taken as they are, deleted a moment after it was asked for.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use shaman_tests::manager::Setup;
use shaman_tests::stock_store::Links;
use shaman_tests::wire::{Answer, ask};

use crate::studio::Studio;

fn call(studio: &Studio, method: &str, path: &str, body: &Value) -> Answer {
    let fields = [("Content-Type", "application/json")];
    let body = if body.is_null() { Vec::new() } else { body.to_string().into_bytes() };
    ask(studio.manager.address(), method, &format!("/api/v3/{path}"), &fields, &body).unwrap()
}

fn submit(studio: &Studio, checkout: Option<&str>) -> String {
    let job = studio.addon().submit_job("shot", "{jobs}/shot/scene.blend", checkout).unwrap();
    job["id"].as_str().unwrap().to_owned()
}

fn wait_until_gone(studio: &Studio) {
    let end = Instant::now() + Duration::from_secs(30);
    while !studio.manager.jobs().is_empty() {
        assert!(Instant::now() < end, "the job stays");
        std::thread::sleep(Duration::from_millis(10));
    }
}

#[test]
fn a_job_is_kept_as_it_came_and_gets_an_id() {
    let studio = Studio::without_shaman();
    let id = submit(&studio, Some("farm/shot"));
    assert_eq!(id.len(), 36);
    assert_ne!(id, submit(&studio, None));
    let one: Value =
        serde_json::from_slice(&call(&studio, "GET", &format!("jobs/{id}"), &Value::Null).body)
            .unwrap();
    assert_eq!(one["storage"]["shaman_checkout_id"], "farm/shot");
    assert_eq!(one["settings"]["blendfile"], "{jobs}/shot/scene.blend");
    let all: Value =
        serde_json::from_slice(&call(&studio, "GET", "jobs", &Value::Null).body).unwrap();
    assert_eq!(all["jobs"].as_array().unwrap().len(), 2);
    assert!(all["jobs"][1].get("storage").is_none());
}

#[test]
fn what_is_no_job_is_refused() {
    let studio = Studio::without_shaman();
    let good = json!({ "name": "a", "type": "simple-blender-render", "priority": 50, "submitter_platform": "linux" });
    let with = |name: &str, value: Value| {
        let mut job = good.clone();
        job[name] = value;
        job
    };
    let cases = [
        (good.clone(), 204),
        (json!({}), 400),
        (with("type", json!("unknown")), 400),
        (with("priority", json!("high")), 400),
        (with("type_etag", json!("old")), 412),
    ];
    for (job, status) in cases {
        assert_eq!(call(&studio, "POST", "jobs/check", &job).status, status, "{job}");
    }
    assert_eq!(call(&studio, "POST", "jobs", &json!({})).status, 400);
    assert_eq!(studio.manager.jobs().len(), 0);
}

#[test]
fn a_deletion_is_queued_and_takes_the_checkout_before_the_job() {
    let studio = Studio::new(|setup| Setup {
        deletion_delay: Duration::from_millis(300),
        ..setup.with_shaman()
    });
    let blob = studio.store.put(b"wood").unwrap();
    studio.store.check_out("farm/shot", &[("a", &blob)], Links::Relative).unwrap();
    let id = submit(&studio, Some("farm/shot"));
    let preview = call(&studio, "GET", &format!("jobs/{id}/what-would-delete-do"), &Value::Null);
    assert_eq!(preview.text(), "{\"shaman_checkout\":true}\n");
    assert_eq!(call(&studio, "DELETE", &format!("jobs/{id}"), &Value::Null).status, 204);
    assert!(
        studio.manager.jobs()[0].get("delete_requested_at").is_some(),
        "204 does not mean that it is gone"
    );
    wait_until_gone(&studio);
    assert!(!studio.store.jobs().join("farm").exists(), "the empty parent goes too");
    assert_eq!(studio.store.stored(), [blob]);
    assert_eq!(call(&studio, "DELETE", &format!("jobs/{id}"), &Value::Null).status, 404);
}

#[test]
fn without_shaman_a_deletion_leaves_the_checkout() {
    let studio = Studio::without_shaman();
    let places = [studio.root().join("shot"), studio.root().join("jobs/shot")];
    for place in &places {
        std::fs::create_dir_all(place).unwrap();
    }
    let id = submit(&studio, Some("shot"));
    let preview = call(&studio, "GET", &format!("jobs/{id}/what-would-delete-do"), &Value::Null);
    assert_eq!(preview.text(), "{\"shaman_checkout\":false}\n");
    call(&studio, "DELETE", &format!("jobs/{id}"), &Value::Null);
    wait_until_gone(&studio);
    assert!(places.iter().all(|place| place.exists()));
}

#[test]
fn many_go_at_once_by_their_last_change_or_none_do() {
    let studio = Studio::without_shaman();
    submit(&studio, None);
    submit(&studio, None);
    let before = json!({ "last_updated_max": "2001-01-01T00:00:00Z" });
    assert_eq!(call(&studio, "DELETE", "jobs/mass-delete", &before).status, 416);
    let after = json!({ "last_updated_max": "2999-01-01T00:00:00+01:00" });
    assert_eq!(call(&studio, "DELETE", "jobs/mass-delete", &after).status, 204);
    wait_until_gone(&studio);
}

#[test]
fn a_deletion_outlives_a_restart_and_so_do_other_jobs() {
    let mut studio =
        Studio::new(|setup| Setup { deletion_delay: Duration::from_millis(200), ..setup });
    let (first, second) = (submit(&studio, None), submit(&studio, None));
    call(&studio, "DELETE", &format!("jobs/{first}"), &Value::Null);
    studio.manager.stop();
    std::thread::sleep(Duration::from_millis(400));
    assert_eq!(studio.manager.jobs().len(), 2, "a Manager that is stopped deletes nothing");
    studio.manager.start_again().unwrap();
    let end = Instant::now() + Duration::from_secs(30);
    while studio.manager.jobs().len() > 1 {
        assert!(Instant::now() < end, "the deletion was forgotten");
        std::thread::sleep(Duration::from_millis(10));
    }
    assert_eq!(studio.manager.jobs()[0]["id"], second.as_str());
}
