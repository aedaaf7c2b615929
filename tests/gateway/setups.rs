//! What the server finds out about its Manager, and says.

use serde_json::json;
use shaman_tests::manager::Setup;
use shaman_tests::server::Server;
use shaman_tests::wire::ask;

use crate::house::{House, Way, json};

#[test]
fn the_log_says_which_set_up_was_found() {
    assert!(House::new(Way::A).logged("set up as A").contains("Shaman is on"));
    assert!(House::new(Way::B).logged("set up as B").contains("Shaman is off"));
}

#[test]
fn a_manager_that_would_collect_our_blobs_draws_a_warning() {
    let collects = |setup: Setup| Setup { gc_period: "24h".into(), ..setup };
    House::with(Way::A, collects).logged("set shaman.garbageCollect.period to 0");
    for house in [House::new(Way::A), House::with(Way::B, collects)] {
        house.logged("set up as");
        assert!(!house.server.log().contains("garbageCollect"));
    }
}

#[test]
fn a_manager_with_another_storage_draws_a_warning() {
    let elsewhere = |setup: Setup| Setup { shared_storage: "/mnt/elsewhere".into(), ..setup };
    let log = House::with(Way::B, elsewhere).logged("looks for jobs in /mnt/elsewhere");
    assert!(log.contains("set its shared_storage_path"));
    let house = House::new(Way::B);
    house.logged("set up as");
    assert!(!house.server.log().contains("looks for jobs in"));
}

#[test]
fn an_upstream_that_leads_back_is_noticed() {
    // The default address of both is the same, so this happens.
    let folder = tempfile::tempdir().unwrap();
    let place = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let yaml = format!("upstream: http://{place}\n");
    let server = Server::start_at(place, &folder.path().join("storage"), folder.path(), &yaml);
    let answer = ask(place, "GET", "/api/v3/version", &[], b"").unwrap();
    assert_eq!(answer.status, 502);
    assert!(answer.text().contains("leads back to this server"), "{}", answer.text());
    drop(server);
}

#[test]
fn answers_about_the_storage_say_that_shaman_is_on() {
    for way in [Way::A, Way::B] {
        let house = House::with(way, |setup| Setup {
            first_run: true,
            other_roots: vec![("windows".into(), r"S:\farm".into())],
            ..setup
        });
        for who in ["users/linux", "users/windows", "workers/darwin"] {
            let target = format!("/api/v3/configuration/shared-storage/{who}");
            let (ours, theirs) = (house.get(&target), house.ask_manager("GET", &target, None));
            assert_eq!(ours.status, 200);
            let (ours, mut theirs) = (json(&ours), json(&theirs));
            assert_eq!(theirs["shamanEnabled"], way == Way::A);
            theirs["shamanEnabled"] = true.into();
            assert_eq!(ours, theirs, "nothing else changes");
        }
        let configuration = json(&house.get("/api/v3/configuration"));
        assert_eq!(
            configuration,
            json!({
                "isFirstRun": true,
                "shamanEnabled": true,
                "storageLocation": house.server.jobs(),
            })
        );
        let file = json(&house.get("/api/v3/configuration/file"));
        assert_eq!(file["shaman"]["enabled"], way == Way::A, "what is written is shown as it is");
    }
}
