//! What gets past us to a Manager who asks nobody for anything.

use std::process::Command;

use shaman_tests::server::program;
use shaman_tests::wire::{Answer, ask};

use crate::house::{House, Way, eventually, json};

/// A token of this server.
fn token(house: &House, scope: &str) -> String {
    shaman_tests::server::token(&house.folder.path().join("state"), scope)
}

fn asked(house: &House, method: &str, target: &str, credential: Option<&str>) -> Answer {
    let fields: Vec<(&str, &str)> =
        credential.map(|value| ("Authorization", value)).into_iter().collect();
    ask(house.server.address(), method, target, &fields, b"").unwrap()
}

#[test]
fn with_tokens_the_manager_is_reached_by_those_who_may_do_something() {
    let house = House::new(Way::B);
    let [read, submit, ops] =
        ["read", "submit", "ops"].map(|scope| format!("Bearer {}", token(&house, scope)));
    let status =
        |method, target, credential: Option<&str>| asked(&house, method, target, credential).status;
    let job = "/api/v3/jobs/no-such-job";
    eventually("tokens are asked for", || status("GET", "/api/v3/version", None) == 401);
    for (method, target) in [("POST", "/api/v3/jobs"), ("DELETE", job), ("GET", "/app/")] {
        assert_eq!(status(method, target, None), 401, "{method} {target}");
        assert_eq!(status(method, target, Some("Basic d29ya2VyOnNlY3JldA==")), 401);
    }
    for (credential, may_send, may_delete) in
        [(&read, false, false), (&submit, true, false), (&ops, true, true)]
    {
        assert_eq!(status("GET", "/api/v3/version", Some(credential)), 200);
        assert_eq!(status("POST", "/api/v3/worker/sign-on", Some(credential)) != 403, may_send);
        assert_eq!(status("DELETE", job, Some(credential)) != 403, may_delete);
    }
    let seen = house.manager.seen();
    assert!(!seen.is_empty());
    for request in seen {
        assert_eq!(request.head.text("Authorization"), None, "tokens are ours: {}", request.target);
    }
}

#[test]
fn workers_and_the_stock_add_on_come_in_as_guests_and_say_who_they_are() {
    for yaml in ["trusted_networks: [127.0.0.0/8]", "path_prefix: /0123456789abcdef"] {
        let house = House::new(Way::B).configured(yaml);
        token(&house, "ops");
        let prefix = yaml.strip_prefix("path_prefix: ").unwrap_or_default();
        let job = format!("{prefix}/api/v3/jobs/no-such-job");
        eventually("guests delete nothing", || asked(&house, "DELETE", &job, None).status == 401);
        let url = format!("{}{prefix}", house.server.url);
        let release = shaman_tests::addon::Release::Current;
        let outcome = shaman_tests::addon::Addon::new(&url, release)
            .submit_with_bat1(&crate::house::project(), "shot");
        assert!(outcome.submitted_ok, "{:?}", outcome.failures);
        let worker = "Basic d29ya2VyOnNlY3JldA==";
        let target = format!("{prefix}/api/v3/worker/sign-on");
        asked(&house, "POST", &target, Some(worker));
        let seen = house.manager.seen();
        let arrived = seen.iter().filter_map(|request| request.head.text("Authorization"));
        assert!(arrived.into_iter().any(|said| said == worker), "the worker's own words arrive");
        let version = asked(&house, "GET", &format!("{prefix}/api/v3/version"), None);
        assert!(json(&version)["version"].is_string());
    }
}

#[test]
fn shaman_shows_its_token_and_tells_it_to_nobody_else() {
    let house = House::new(Way::B);
    let secret = token(&house, "submit");
    eventually("tokens are asked for", || house.get("/api/v3/version").status == 401);
    let file = house.folder.path().join("token");
    std::fs::write(&file, format!("{secret}\n")).unwrap();
    let project = house.folder.path().join("project");
    std::fs::create_dir(&project).unwrap();
    std::fs::write(project.join("a.txt"), "text").unwrap();
    let upload = |variable: Option<(&str, &str)>| {
        let ran = Command::new(program("shaman"))
            .args(["upload", "--json", "--server", &house.server.url, "--cache"])
            .arg(house.folder.path().join("cache"))
            .arg(&project)
            .env_remove("SHAMAN_TOKEN")
            .envs(variable)
            .output()
            .unwrap();
        let said = format!("{}{}", text(&ran.stdout), text(&ran.stderr));
        assert!(!said.contains(secret.trim_start_matches("shaman_")), "{said}");
        (ran.status.success(), said)
    };
    let (went_well, said) = upload(None);
    assert!(!went_well && said.contains("SHAMAN_TOKEN"), "{said}");
    let (went_well, said) = upload(Some(("SHAMAN_TOKEN", "shaman_wrong")));
    assert!(!went_well && said.contains("not known"), "{said}");
    for variable in
        [("SHAMAN_TOKEN", secret.as_str()), ("SHAMAN_TOKEN_FILE", file.to_str().unwrap())]
    {
        let (went_well, said) = upload(Some(variable));
        assert!(went_well, "{said}");
    }
    let manifest =
        std::fs::read_to_string(house.server.jobs().join("project/.shaman-manifest.json"));
    assert!(manifest.unwrap().contains("\"owner\":\"submit\""), "it belongs to the token's name");
    let log = house.server.log();
    assert!(!log.contains(secret.trim_start_matches("shaman_")), "{log}");
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}
