//! No Flamenco Manager: enough of its answers that files can be submitted.

use serde_json::json;

use crate::support::TestServer;

#[test]
fn an_add_on_of_any_version_is_told_its_own() {
    let server = TestServer::start();
    for (agent, version) in [
        ("Flamenco/3.9-beta1 (Blender add-on)", "3.9-beta1"),
        ("Flamenco/3.6 (Blender add-on)", "3.6"),
        ("curl/8.0", env!("CARGO_PKG_VERSION")),
        ("Flamenco/3.6", env!("CARGO_PKG_VERSION")),
    ] {
        let answer = server.connect().send("GET", "/api/v3/version", &[("User-Agent", agent)], b"");
        assert_eq!(answer.json()["shortversion"], version, "{agent}");
    }
}

#[test]
fn the_storage_is_called_as_each_machine_knows_it() {
    let server = TestServer::start();
    let root = server.jobs().to_str().unwrap().to_owned();
    let storage = server.storage.to_str().unwrap().to_owned();
    let about = |server: &TestServer, who: &str| {
        server.get(&format!("/api/v3/configuration/shared-storage/{who}")).json()
    };
    assert_eq!(
        about(&server, "users/windows"),
        json!({"location": root, "audience": "users", "platform": "windows", "shamanEnabled": true})
    );
    let configuration = server.get("/api/v3/configuration").json();
    assert_eq!(
        configuration,
        json!({"storageLocation": root, "shamanEnabled": true, "isFirstRun": false})
    );
    for who in ["artists/linux", "users/amiga"] {
        let answer = server.get(&format!("/api/v3/configuration/shared-storage/{who}"));
        assert_eq!(answer.status, 400);
        answer.message();
    }

    let yaml = format!(
        "variables:\n  farm:\n    is_twoway: true\n    values:\n\
         \x20   - {{platform: linux, value: '{storage}'}}\n\
         \x20   - {{platform: windows, value: 'F:\\farm'}}\n\
         \x20   - {{platform: darwin, audience: workers, value: /Volumes/farm}}\n"
    );
    let folder = std::sync::Arc::clone(&server.folder);
    drop(server);
    let server = TestServer::start_configured_in(&folder, &yaml);
    assert_eq!(about(&server, "users/windows")["location"], r"F:\farm\jobs");
    assert_eq!(about(&server, "workers/darwin")["location"], "/Volumes/farm/jobs");
    assert_eq!(about(&server, "users/darwin")["location"], root.as_str());
}

#[test]
fn only_the_servers_own_storage_is_usable_as_shared_storage() {
    let server = TestServer::start();
    let check = |path: &str| {
        let answer = server
            .post_json("/api/v3/configuration/check/shared-storage", &json!({ "path": path }));
        assert_eq!(answer.status, 200);
        let answer = answer.json();
        assert_eq!(answer["path"], path);
        let cause = answer["cause"].as_str().unwrap().to_owned();
        assert_eq!(answer["is_usable"], cause.is_empty());
        cause
    };
    assert_eq!(check(server.storage.to_str().unwrap()), "");
    assert_eq!(check(server.jobs().to_str().unwrap()), "");
    assert!(check("").contains("empty"));
    assert_eq!(
        check(r"\\nas\farm"),
        "UNC notation is not supported. Mount as a drive letter instead."
    );
    let elsewhere = tempfile::tempdir().unwrap();
    assert!(check(elsewhere.path().to_str().unwrap()).contains("another"));
    assert_eq!(std::fs::read_dir(elsewhere.path()).unwrap().count(), 0);
}

#[test]
fn everything_else_of_a_manager_answers_404_with_a_sentence() {
    let server = TestServer::start();
    for path in ["/api/v3/jobs/types", "/api/v3/worker-mgt/tags", "/app/", "/socket.io/"] {
        let answer = server.get(path);
        assert_eq!(answer.status, 404);
        assert!(answer.message().contains("Manager"), "{}", answer.text());
    }
}
