//! Jobs on their way to the Manager, and checkouts that go with deleted ones.

use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use shaman_tests::addon::{Addon, Release, Spec};
use shaman_tests::manager::Fault;
use shaman_tests::server::Server;
use shaman_tests::stock_store::{Links, StockStore};
use shaman_tests::wire::{Connection, ask};

use crate::house::{House, PATIENCE, Way, eventually, json, project};

/// Waits until the server has looked at the list of jobs so many times more.
fn looked_again(house: &House, times: usize) {
    let looks = || house.manager.seen().iter().filter(|s| s.brief() == "GET /api/v3/jobs").count();
    let before = looks();
    eventually("the server looks at the jobs", || looks() >= before + times);
    // The last of these looks has been answered when another one begins.
    eventually("the server looks at the jobs", || looks() > before + times);
}

/// Waits until the server asks for the list of jobs once more.
fn looked_at(house: &House) {
    let looks = || house.manager.seen().iter().filter(|s| s.brief() == "GET /api/v3/jobs").count();
    let before = looks();
    eventually("the server looks at the jobs", || looks() > before);
}

fn gone(checkout: &Path) {
    eventually("the checkout is erased", || !checkout.exists());
}

fn submit(house: &House, job: &Value) -> shaman_tests::wire::Answer {
    house.ask("POST", "/api/v3/jobs", Some(job))
}

/// A job as scripts write it.
fn job(blend: &str, storage: &Value) -> Value {
    let mut job = json!({
        "name": "job", "type": "simple-blender-render", "priority": 50,
        "submitter_platform": "linux", "settings": {"blendfile": blend, "fps": 24.0},
    });
    if !storage.is_null() {
        job["storage"] = storage.clone();
    }
    job
}

#[test]
fn a_deleted_jobs_checkout_goes_and_nothing_else() {
    for way in [Way::A, Way::B] {
        let house = House::new(way);
        let (id, checkout) = house.submitted("proj/shot");
        let (_, other) = house.submitted("proj/shot 2");
        let target = format!("/api/v3/jobs/{id}");
        let would = json(&house.get(&format!("{target}/what-would-delete-do")));
        assert_eq!(would, json!({"shaman_checkout": true}), "{way:?}");
        assert_eq!(house.ask("DELETE", &target, None).status, 204);
        gone(&checkout);
        looked_again(&house, 2);
        assert!(other.join("scene.blend").is_file());
        let stored = house.folder.path().join("storage/file-store/stored");
        assert!(std::fs::read_dir(stored).unwrap().count() > 0, "blobs stay for the sweep");
        // The name is free again, and gets no suffix.
        let (_, again) = house.submitted("proj/shot");
        assert_eq!(again, checkout);
    }
}

#[test]
fn a_manager_that_removes_the_checkout_root_with_its_last_checkout_stops_nobody() {
    let house = House::new(Way::A);
    for _ in 0..2 {
        let (id, checkout) = house.submitted("shot");
        assert_eq!(checkout, house.server.jobs().join("shot"));
        assert_eq!(house.ask("DELETE", &format!("/api/v3/jobs/{id}"), None).status, 204);
        eventually("the job goes", || house.manager.jobs().is_empty());
        gone(&checkout);
        looked_again(&house, 1);
    }
}

#[test]
fn mass_deletion_erases_the_checkouts_of_the_jobs_that_went() {
    let house = House::new(Way::B);
    let (_, first) = house.submitted("first");
    let (_, second) = house.submitted("second");
    let body = json!({"last_updated_max": "2099-01-01T00:00:00Z"});
    assert_eq!(house.ask("DELETE", "/api/v3/jobs/mass-delete", Some(&body)).status, 204);
    gone(&first);
    gone(&second);
}

#[test]
fn a_deletion_past_us_is_caught_up_within_a_period() {
    let house = House::new(Way::B);
    let (id, checkout) = house.submitted("shot");
    looked_again(&house, 1);
    assert_eq!(house.ask_manager("DELETE", &format!("/api/v3/jobs/{id}"), None).status, 204);
    gone(&checkout);
}

#[test]
fn a_deletion_while_we_were_away_is_caught_up_after_the_start() {
    let house = House::new(Way::B);
    let (id, checkout) = house.submitted("shot");
    looked_again(&house, 1);
    let house = {
        let House { server, manager, folder } = house;
        drop(server);
        let target = format!("/api/v3/jobs/{id}");
        let address = manager.address();
        shaman_tests::wire::ask(address, "DELETE", &target, &[], b"").unwrap();
        eventually("the Manager deletes", || manager.jobs().is_empty());
        assert!(checkout.exists());
        let yaml = format!("upstream: {}\nfollow_period: 1s\n", manager.url());
        let storage = folder.path().join("storage");
        let server = shaman_tests::server::Server::start(&storage, folder.path(), &yaml);
        House { server, manager, folder }
    };
    gone(&checkout);
    drop(house);
}

#[test]
fn a_checkout_that_another_job_names_stays_until_that_goes_too() {
    let house = House::new(Way::B);
    let (id, checkout) = house.submitted("shot");
    // A second job renders another frame range of the same checkout, named by its path alone.
    let second = json(&submit(&house, &job("{jobs}/shot/scene.blend", &Value::Null)));
    let would = json(&house.get(&format!("/api/v3/jobs/{id}/what-would-delete-do")));
    assert_eq!(would["shaman_checkout"], false);
    assert_eq!(house.ask("DELETE", &format!("/api/v3/jobs/{id}"), None).status, 204);
    eventually("the job goes", || house.manager.jobs().len() == 1);
    looked_again(&house, 3);
    assert!(checkout.join("scene.blend").is_file());
    let second = second["id"].as_str().unwrap();
    assert_eq!(house.ask("DELETE", &format!("/api/v3/jobs/{second}"), None).status, 204);
    gone(&checkout);
}

#[test]
fn a_checkout_that_another_job_seems_to_name_goes_with_that_at_the_latest() {
    let house = House::new(Way::B);
    let (id, checkout) = house.submitted("shot");
    let (other, nested) = house.submitted("proj/shot");
    assert_eq!(house.ask("DELETE", &format!("/api/v3/jobs/{id}"), None).status, 204);
    eventually("the job goes", || house.manager.jobs().len() == 1);
    looked_again(&house, 3);
    assert_eq!(house.ask("DELETE", &format!("/api/v3/jobs/{other}"), None).status, 204);
    gone(&nested);
    gone(&checkout);
}

#[test]
fn a_checkout_that_was_made_since_at_the_path_of_a_deleted_job_stays() {
    let house = House::new(Way::B);
    let (id, checkout) = house.submitted("shot");
    looked_again(&house, 1);
    let House { server, manager, folder } = house;
    drop(server);
    shaman_tests::wire::ask(manager.address(), "DELETE", &format!("/api/v3/jobs/{id}"), &[], b"")
        .unwrap();
    eventually("the job goes", || manager.jobs().is_empty());
    // Somebody removes the checkout, and a second server on the storage makes another one there.
    std::fs::remove_dir_all(&checkout).unwrap();
    let second = tempfile::tempdir().unwrap();
    let server = Server::start(&folder.path().join("storage"), second.path(), "");
    let mut addon = Addon::new(&server.url, Release::Current);
    let file = Spec::new("scene.blend", b"BLENDER");
    let path = addon.create_checkout(&[file], "shot").unwrap();
    assert_eq!(server.jobs().join(path), checkout);
    drop(server);
    let yaml = format!("upstream: {}\nfollow_period: 1s\n", manager.url());
    let server = Server::start(&folder.path().join("storage"), folder.path(), &yaml);
    let house = House { server, manager, folder };
    looked_again(&house, 3);
    assert!(checkout.join("scene.blend").is_file());
}

#[test]
fn checkouts_that_we_did_not_make_stay() {
    let house = House::new(Way::B);
    let store = StockStore::open(&house.folder.path().join("storage"));
    let blob = store.put(b"stock").unwrap();
    store.check_out("stock", &[("scene.blend", &blob)], Links::Relative).unwrap();
    let stock = json!({"shaman_checkout_id": "stock"});
    let answer = json(&submit(&house, &job("{jobs}/stock/scene.blend", &stock)));
    looked_again(&house, 1);
    let id = answer["id"].as_str().unwrap();
    assert_eq!(house.ask("DELETE", &format!("/api/v3/jobs/{id}"), None).status, 204);
    eventually("the job goes", || house.manager.jobs().is_empty());
    looked_again(&house, 3);
    assert!(house.server.jobs().join("stock/scene.blend").is_symlink());
}

#[test]
fn nothing_is_erased_when_the_list_cannot_be_read() {
    let house = House::new(Way::B);
    let (id, checkout) = house.submitted("shot");
    looked_again(&house, 1);
    let broken = |status, body: &str| Fault::Instead {
        status,
        fields: vec![("Content-Type".into(), "application/json".into())],
        body: body.as_bytes().to_vec(),
    };
    for fault in [
        broken(500, "{}"),
        broken(200, "{}"),
        broken(200, "{\"jobs\": null}"),
        broken(200, "{\"jobs\": [{}]}"),
        broken(200, "no JSON"),
        Fault::CutAnswer,
        Fault::NoAnswer,
    ] {
        house.manager.plan("GET", "/api/v3/jobs", fault, 2);
    }
    looked_again(&house, 14);
    assert!(checkout.exists());
    assert_eq!(house.ask("DELETE", &format!("/api/v3/jobs/{id}"), None).status, 204);
    gone(&checkout);
}

#[test]
fn a_manager_that_knows_none_of_many_jobs_is_not_believed() {
    let house = House::new(Way::B);
    let checkouts: Vec<_> = (0..9).map(|n| house.submitted(&format!("shot {n}")).1).collect();
    looked_again(&house, 1);
    let empty = Fault::Instead {
        status: 200,
        fields: vec![("Content-Type".into(), "application/json".into())],
        body: b"{\"jobs\":[]}".to_vec(),
    };
    house.manager.plan("GET", "/api/v3/jobs", empty, 4);
    looked_again(&house, 5);
    assert!(checkouts.iter().all(|checkout| checkout.exists()));
    assert!(house.server.log().contains("is it the right one?"));
}

#[test]
fn a_manager_that_lost_many_jobs_is_not_believed_when_it_gets_one_more_either() {
    let house = House::new(Way::B);
    let checkouts: Vec<_> = (0..9).map(|n| house.submitted(&format!("shot {n}")).1).collect();
    looked_again(&house, 1);
    let house = house.with_another_manager();
    house.logged("is it the right one?");
    let (id, new) = house.submitted("another");
    looked_again(&house, 3);
    assert!(checkouts.iter().all(|checkout| checkout.exists()));
    assert_eq!(house.ask("DELETE", &format!("/api/v3/jobs/{id}"), None).status, 204);
    gone(&new);
    assert!(checkouts.iter().all(|checkout| checkout.exists()));
}

#[test]
fn a_job_without_its_checkout_id_gets_it_and_nothing_else_changes() {
    let house = House::new(Way::B);
    house.submitted("proj/shot");
    for (blend, named) in [
        ("{jobs}/proj/shot/scene.blend", Some("proj/shot")),
        (r"{jobs}\proj\shot\scene.blend", Some("proj/shot")),
        ("{jobs}/proj/other/scene.blend", None),
        ("{jobs}/proj/shot2/scene.blend", None),
        ("/home/artist/scene.blend", None),
        (&format!("{}/proj/shot/a.blend", house.server.jobs().display()), Some("proj/shot")),
    ] {
        let answer = json(&submit(&house, &job(blend, &Value::Null)));
        assert_eq!(answer["storage"]["shaman_checkout_id"].as_str(), named, "{blend}");
        assert_eq!(answer["settings"]["blendfile"], blend);
    }
    // What does not need it passes byte for byte, odd spelling and all.
    let odd = b"{ \"name\": \"x\",\n \"type\":\"simple-blender-render\", \"priority\": 5e1, \
                \"submitter_platform\":\"linux\", \"settings\": {\"blendfile\": \"/a\"} }";
    let fields = [("Content-Type", "application/json; charset=utf-8")];
    shaman_tests::wire::ask(house.server.address(), "POST", "/api/v3/jobs", &fields, odd).unwrap();
    assert_eq!(house.manager.wait_for(PATIENCE, |seen| seen.body == odd).unwrap().body, odd);
    let check = job("dummy-for-job-check.blend", &Value::Null);
    assert_eq!(house.ask("POST", "/api/v3/jobs/check", Some(&check)).status, 204);
}

#[test]
fn a_job_whose_id_would_erase_too_much_is_refused() {
    for way in [Way::A, Way::B] {
        let house = House::new(way);
        let outcome = house.addon(Release::Current).submit_with_bat2(&project(), "proj/shot");
        assert!(outcome.submitted_ok);
        for id in [
            ".",
            "..",
            "/",
            "proj",
            "proj/",
            "../jobs",
            "proj/../proj/shot",
            "a//b",
            "proj/shot/tex",
            "proj/shot/scene.blend",
        ] {
            let storage = json!({ "shaman_checkout_id": id });
            let answer = submit(&house, &job("{jobs}/proj/shot/scene.blend", &storage));
            assert_eq!(answer.status, 400, "{way:?} {id}");
            assert!(json(&answer)["message"].as_str().unwrap().contains("names no checkout"));
        }
        let body = job("/a", &json!({"shaman_checkout_id": ".."})).to_string();
        for media_type in ["Application/JSON", "application/json ; charset=utf-8"] {
            let fields = [("Content-Type", media_type)];
            let answer =
                ask(house.server.address(), "POST", "/api/v3/jobs", &fields, body.as_bytes());
            assert_eq!(answer.unwrap().status, 400, "{media_type}");
        }
        assert_eq!(house.manager.jobs().len(), 1);
        let storage = json!({"shaman_checkout_id": "proj/shot"});
        let answer = submit(&house, &job("{jobs}/proj/shot/scene.blend", &storage));
        assert_eq!(answer.status, 200);
    }
}

#[test]
fn a_job_that_we_cannot_read_does_not_get_past_us() {
    let house = House::new(Way::B);
    let (_, checkout) = house.submitted("proj/shot");
    let deep = format!("{}{}", "[".repeat(500), "]".repeat(500));
    let body = format!(
        r#"{{"name": "job", "storage": {{"shaman_checkout_id": ".."}}, "metadata": {{"deep": {deep}}}}}"#
    );
    let json_type = [("Content-Type", "application/json")];
    let answer = ask(house.server.address(), "POST", "/api/v3/jobs", &json_type, body.as_bytes());
    assert_eq!(answer.unwrap().status, 400);
    assert_eq!(house.manager.jobs().len(), 1);
    // One that came another way is in the list. It names a checkout; nothing else is held up.
    let (id, other) = house.submitted("proj/other");
    // A job that the server never saw in a list is nothing to it.
    looked_again(&house, 1);
    let list = house.ask_manager("GET", "/api/v3/jobs", None);
    let mut jobs = json(&list)["jobs"].as_array().unwrap().clone();
    jobs.retain(|job| job["id"] != id.as_str());
    let odd = format!(r#"{{"id": "odd", "metadata": {{"deep": {deep}, "a": "/x/proj/shot/y"}}}}"#);
    let listed: Vec<String> = jobs.iter().map(Value::to_string).chain([odd]).collect();
    let body = format!(r#"{{"jobs": [{}]}}"#, listed.join(",")).into_bytes();
    let fields = vec![("Content-Type".to_owned(), "application/json".to_owned())];
    house.manager.plan("GET", "/api/v3/jobs", Fault::Instead { status: 200, fields, body }, 100);
    gone(&other);
    assert!(checkout.is_dir());
}

#[test]
fn a_job_counts_although_its_client_hung_up() {
    let house = House::new(Way::B);
    let (_, checkout) = house.submitted("proj/shot");
    house.manager.plan("POST", "/api/v3/jobs", Fault::Slow(Duration::from_secs(1)), 1);
    let job = job("{jobs}/proj/shot/scene.blend", &Value::Null).to_string();
    let address = house.server.address();
    {
        let mut connection =
            Connection::open(&address.ip().to_string(), address.port(), PATIENCE).unwrap();
        let head = format!(
            "POST /api/v3/jobs HTTP/1.1\r\nHost: {address}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n",
            job.len()
        );
        connection.send(head.as_bytes(), job.as_bytes()).unwrap();
        let asked =
            || house.manager.seen().iter().filter(|s| s.brief() == "POST /api/v3/jobs").count();
        eventually("the Manager is asked", || asked() == 2);
    }
    eventually("the Manager has the job", || house.manager.jobs().len() == 2);
    looked_again(&house, 1);
    assert!(checkout.is_dir());
}

#[test]
#[expect(clippy::print_stderr, reason = "a test that was skipped says so")]
fn a_checkout_that_cannot_be_erased_holds_up_no_other() {
    let house = House::new(Way::B);
    let jobs = ["one", "other", "third"].map(|name| house.submitted(name));
    let fixed = |flag: &str| {
        let change = Command::new("chattr").arg(flag).arg(&jobs[1].1).status();
        change.is_ok_and(|status| status.success())
    };
    if !fixed("+i") {
        eprintln!("\n*** SKIPPED: no directory can be made immutable here. ***\n");
        return;
    }
    for (id, _) in &jobs {
        assert_eq!(house.ask("DELETE", &format!("/api/v3/jobs/{id}"), None).status, 204);
    }
    gone(&jobs[0].1);
    gone(&jobs[2].1);
    house.logged("cannot erase the checkout of a deleted job");
    assert!(jobs[1].1.is_dir());
    assert!(fixed("-i"));
    gone(&jobs[1].1);
}

#[test]
fn a_job_of_unlikely_size_is_refused() {
    let house = House::new(Way::B);
    let answer = submit(&house, &job(&"a".repeat(5 << 20), &Value::Null));
    assert_eq!(answer.status, 413);
    assert!(json(&answer)["message"].as_str().unwrap().contains("longer than"));
    assert!(house.manager.jobs().is_empty());
}

#[test]
fn a_path_with_very_many_parts_holds_nobody_up() {
    let house = House::new(Way::B);
    house.submitted("proj/shot");
    let start = Instant::now();
    for (blend, named) in [
        (format!("{{jobs}}/{}a.blend", "a/".repeat(500_000)), None),
        (format!("{{jobs}}/proj/shot/{}a.blend", "a/".repeat(500_000)), Some("proj/shot")),
        ("{jobs}/proj/shot/../other/a.blend".to_owned(), None),
    ] {
        let answer = json(&submit(&house, &job(&blend, &Value::Null)));
        assert_eq!(answer["storage"]["shaman_checkout_id"].as_str(), named);
    }
    looked_again(&house, 1);
    assert!(start.elapsed() < PATIENCE);
}

#[test]
fn a_submission_that_the_manager_leaves_hanging_holds_up_no_other() {
    let house = House::new(Way::B);
    house.submitted("shot");
    let hanging = Fault::Slow(PATIENCE / 2);
    house.manager.plan("POST", "/api/v3/jobs", hanging, 1);
    let first = job("/a", &Value::Null);
    std::thread::scope(|scope| {
        let first = scope.spawn(|| submit(&house, &first).status);
        house.manager.wait_for(PATIENCE, |seen| seen.brief() == "POST /api/v3/jobs").unwrap();
        // Long enough for the server to want to look at the jobs.
        std::thread::sleep(Duration::from_secs(2));
        let start = Instant::now();
        assert_eq!(submit(&house, &job("/b", &Value::Null)).status, 200);
        assert!(start.elapsed() < PATIENCE / 4);
        assert_eq!(first.join().unwrap(), 200);
    });
}

#[test]
fn many_questions_do_not_read_the_list_as_many_times_at_once() {
    let house = House::new(Way::B);
    let (id, _) = house.submitted("shot");
    looked_again(&house, 1);
    house.manager.plan("GET", "/api/v3/jobs", Fault::Slow(Duration::from_millis(1500)), 30);
    let lists = || house.manager.seen().iter().filter(|s| s.brief() == "GET /api/v3/jobs").count();
    let before = lists();
    let target = format!("/api/v3/jobs/{id}/what-would-delete-do");
    std::thread::scope(|scope| {
        for _ in 0..12 {
            scope.spawn(|| assert_eq!(house.get(&target).status, 200));
        }
        // The question itself and the job take a moment each, then come the lists; our own looks
        // at the jobs come on top.
        std::thread::sleep(Duration::from_millis(4200));
        assert!(lists() - before < 8, "{}", lists() - before);
    });
}

#[test]
fn a_slow_list_holds_up_neither_submissions_nor_the_stop() {
    let house = House::new(Way::B);
    looked_again(&house, 1);
    house.manager.plan("GET", "/api/v3/jobs", Fault::Slow(PATIENCE), 1);
    looked_at(&house);
    let start = Instant::now();
    assert_eq!(submit(&house, &job("/a", &Value::Null)).status, 200);
    let House { server, manager: _manager, folder: _folder } = house;
    assert!(server.stop(PATIENCE / 3));
    assert!(start.elapsed() < PATIENCE / 3);
}
