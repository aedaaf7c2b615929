//! Who is let in, and what for: every route, every scope.

use std::process::{Command, Output};

use serde_json::json;
use shaman_proto::wire::blobs::{LIST_TYPE, encode_list, encode_name};
use shaman_server::access::{Access, Scope, Scopes};
use shaman_server::http::{Route, Standing, routes};

use crate::support::{Answer, Blob, TestServer, eventually};

/// Where everybody may come in: nothing about a store is told there.
const OPEN: &[&str] = &[
    "/v1/openapi.json",
    "/v1/docs",
    "/healthz",
    "/readyz",
    "/shaman",
    "/shaman/",
    "/shaman/{file}",
];

/// Runs `shaman-server token …` on the state of a server.
fn token(server: &TestServer, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_shaman-server"))
        .arg("token")
        .args(arguments)
        .arg("--state")
        .arg(&server.state)
        .output()
        .unwrap()
}

/// Makes a token and gives its secret.
fn made(server: &TestServer, name: &str, scope: &str) -> String {
    let made = token(server, &["create", "--name", name, "--scope", scope]);
    assert!(made.status.success(), "{made:?}");
    String::from_utf8(made.stdout).unwrap().trim().to_owned()
}

/// Waits until a server that runs asks for tokens.
fn on(server: &TestServer) {
    eventually("the server asks for tokens", || server.get("/v1/status").status == 401);
}

fn asked(server: &TestServer, method: &str, path: &str, token: Option<&str>) -> Answer {
    let mut connection = server.connect();
    let bearer = token.map(|token| format!("Bearer {token}"));
    let headers: Vec<(&str, &str)> =
        bearer.iter().map(|value| ("Authorization", value.as_str())).collect();
    connection.head(method, path, &headers, Some(0));
    connection.head_answer()
}

fn with(server: &TestServer, method: &str, path: &str, token: &str, body: &[u8]) -> Answer {
    let bearer = format!("Bearer {token}");
    let headers = [("Authorization", bearer.as_str()), ("Content-Type", "application/json")];
    server.connect().send(method, path, &headers, body)
}

/// The path of a route with something that could stand there.
fn url(route: &Route) -> String {
    let blob = Blob::new("nobody sent this");
    route
        .path
        .replace("{checksum}", &blob.sha)
        .replace("{filesize}", &blob.size().to_string())
        .replace("{blob}", &blob.named().to_string())
        .replace("{*checkout}", "no/such/checkout")
        .replace("{file}", "app.js")
        .replace("{audience}", "users")
        .replace("{platform}", "linux")
}

#[test]
fn every_route_lets_in_whom_its_line_says_and_nobody_else() {
    let server = TestServer::start();
    let scopes = Scope::ALL.map(|scope| (scope, made(&server, scope.word(), scope.word())));
    let old = made(&server, "old", "ops");
    assert!(token(&server, &["revoke", "old"]).status.success());
    on(&server);
    let mut walked = 0;
    for route in routes(Standing::Alone) {
        let methods =
            if route.method == "GET" { vec!["GET", "HEAD"] } else { vec![route.method.as_str()] };
        for method in methods {
            let (path, what) = (url(&route), format!("{method} {}", route.path));
            assert!(!path.contains('{'), "{path} is filled in");
            for (scope, secret) in &scopes {
                let answer = asked(&server, method, &path, Some(secret));
                let may = Scopes::from_iter([*scope]).allow(route.access);
                let was_let_in = !matches!(answer.status, 401 | 403 | 405 | 429);
                assert_eq!(was_let_in, may, "{what} with {scope:?}: {}", answer.status);
                assert!(may || answer.status == 403, "{what} with {scope:?}: {}", answer.status);
                walked += 1;
            }
            for nobody in [None, Some(old.as_str()), Some("shaman_0000")] {
                let answer = asked(&server, method, &path, nobody);
                if route.access == Access::Open {
                    assert!(answer.status < 400, "{what}: {}", answer.status);
                } else if nobody.is_none() {
                    assert_eq!(answer.status, 401, "{what}");
                    assert!(answer.header("www-authenticate").unwrap().starts_with("Bearer"));
                } else {
                    assert!(matches!(answer.status, 401 | 429), "{what}: {}", answer.status);
                }
            }
        }
    }
    assert!(walked > 80, "{walked} walks");
    // The last of the table: nothing that was refused has done anything.
    assert_eq!(
        with(&server, "GET", "/v1/checkouts", &scopes[2].1, b"").json()["checkouts"],
        json!([])
    );
}

#[test]
fn what_changes_something_is_for_submitters_and_ops_and_little_is_for_everybody() {
    for standing in [Standing::Alone, Standing::BeforeManager] {
        for route in routes(standing) {
            // A list of names is too long for a URL.
            let is_question = route.path == "/v1/blobs/read";
            let changes = !matches!(route.method.as_str(), "GET" | "HEAD") && !is_question;
            let is_guarded = matches!(route.access, Access::Submit | Access::Ops);
            assert!(!changes || is_guarded, "{} {} is {}", route.method, route.path, route.access);
            let is_open = route.access == Access::Open;
            assert_eq!(is_open, OPEN.contains(&route.path), "{} is {}", route.path, route.access);
        }
    }
}

#[test]
fn the_log_names_who_was_refused() {
    let server = TestServer::logging("", "info");
    let alice = made(&server, "alice", "submit");
    on(&server);
    assert_eq!(with(&server, "POST", "/v1/sweep", &alice, b"{}").status, 403);
    eventually("it is told", || {
        let log = server.log();
        let line = log.lines().find(|line| line.contains("/v1/sweep")).unwrap_or_default();
        line.contains("403") && line.contains("alice") && !line.contains(&alice)
    });
}

#[test]
fn a_token_works_as_soon_as_it_is_made_and_no_longer_than_until_it_is_revoked() {
    let server = TestServer::start();
    assert_eq!(server.get("/v1/status").status, 200, "nobody has made a token");
    let secret = made(&server, "ops", "ops");
    on(&server);
    assert_eq!(with(&server, "GET", "/v1/status", &secret, b"").status, 200);
    assert!(
        token(&server, &["create", "--name", "two", "--scope", "submit,read"]).status.success()
    );
    let listed = token(&server, &["list", "--json"]);
    assert!(String::from_utf8_lossy(&listed.stdout).contains("[\"submit\",\"read\"]"));
    let listed = String::from_utf8(listed.stdout).unwrap();
    assert!(listed.contains("\"ops\"") && !listed.contains(&secret), "{listed}");
    assert!(token(&server, &["revoke", "ops"]).status.success());
    eventually("it is worth nothing", || {
        with(&server, "GET", "/v1/status", &secret, b"").status == 401
    });
    let told = with(&server, "GET", "/v1/status", &secret, b"").message();
    assert!(told.contains("revoked"), "{told}");
    let state = server.state.clone();
    for file in ["tokens.json", "tokens.lock"] {
        let bytes = std::fs::read(state.join(file)).unwrap();
        let secret = secret.trim_start_matches("shaman_").as_bytes();
        assert!(!bytes.windows(secret.len()).any(|part| part == secret), "{file}");
    }
}

#[test]
fn an_expired_token_says_that_it_is() {
    let server = TestServer::start();
    let made = token(&server, &["create", "--name", "a", "--scope", "read", "--expires", "1s"]);
    let secret = String::from_utf8(made.stdout).unwrap();
    eventually("it expires", || {
        let answer = with(&server, "GET", "/v1/status", secret.trim(), b"");
        answer.status == 401 && answer.message().contains("expired")
    });
}

#[test]
fn wrong_tokens_are_refused_ever_more_calmly_and_a_right_one_is_not_held_up() {
    let server = TestServer::start();
    let secret = made(&server, "ops", "ops");
    on(&server);
    let wrong = |n: usize| with(&server, "GET", "/v1/status", &format!("shaman_{n}"), b"");
    let statuses: Vec<u16> = (0..15).map(|n| wrong(n).status).collect();
    assert_eq!(statuses[0], 401);
    assert_eq!(statuses[14], 429);
    let wait: u64 = wrong(15).header("retry-after").unwrap().parse().unwrap();
    assert!((1..=60).contains(&wait), "{wait}");
    assert_eq!(with(&server, "GET", "/v1/status", &secret, b"").status, 200);
}

#[test]
fn a_submitter_sees_and_erases_its_own_checkouts_only_also_without_the_index() {
    let server = TestServer::start();
    let [alice, bob, reader, ops] =
        [("alice", "submit"), ("bob", "submit"), ("watch", "read"), ("boss", "ops")]
            .map(|(name, scope)| made(&server, name, scope));
    on(&server);
    let blob = Blob::new("pixels");
    let sent = with(&server, "PUT", &blob.native_url(), &alice, &blob.bytes);
    assert_eq!(sent.status, 201, "{}", sent.text());
    let list = |name: &str| {
        let file = json!({"path": "a.blend", "size": blob.size(), "sha256": blob.sha});
        json!({"checkout": name, "files": [file]}).to_string()
    };
    for (name, secret) in [("hers", &alice), ("his", &bob)] {
        let made = with(&server, "POST", "/v1/checkouts", secret, list(name).as_bytes());
        assert_eq!(made.status, 201, "{}", made.text());
    }
    let check = |server: &TestServer| {
        let seen = |secret: &str| {
            let answer = with(server, "GET", "/v1/checkouts", secret, b"").json();
            let all = answer["checkouts"].as_array().unwrap().clone();
            all.iter().map(|one| one["checkout"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
        };
        assert_eq!(seen(&alice), ["hers"]);
        assert_eq!(seen(&bob), ["his"]);
        assert_eq!(seen(&reader), ["hers", "his"]);
        assert_eq!(seen(&ops), ["hers", "his"]);
        let status = |method, path, secret: &str| with(server, method, path, secret, b"{}").status;
        assert_eq!(status("GET", "/v1/checkouts/his", &alice), 404, "as if it were not there");
        assert_eq!(status("GET", "/v1/checkouts/hers/diff/his", &alice), 404);
        assert_eq!(status("GET", "/v1/checkouts/hers/diff/his", &reader), 200);
        assert_eq!(status("DELETE", "/v1/checkouts/his", &alice), 404);
        assert_eq!(status("PUT", "/v1/pins/his", &alice), 404);
        assert_eq!(status("DELETE", "/v1/checkouts/his", &reader), 403);
        let shown = with(server, "GET", "/v1/checkouts/hers", &alice, b"").json();
        assert_eq!(shown["owner"], "alice", "{shown}");
    };
    check(&server);
    let folder = std::sync::Arc::clone(&server.folder);
    let state = server.state.clone();
    assert!(server.stop().success());
    std::fs::remove_dir_all(state.join("index")).unwrap();
    let server = TestServer::start_in(&folder, "state");
    eventually("the index is filled", || {
        with(&server, "GET", "/v1/status", &ops, b"").json()["is_indexed"] == true
    });
    check(&server);
    assert_eq!(with(&server, "DELETE", "/v1/checkouts/hers", &alice, b"").status, 204);
    assert_eq!(with(&server, "DELETE", "/v1/checkouts/his", &ops, b"").status, 204);
}

#[test]
fn whether_a_blob_is_there_is_told_to_submitters_and_readers_get_what_checkouts_name() {
    let server = TestServer::start();
    let [submit, read] = ["submit", "read"].map(|scope| made(&server, scope, scope));
    on(&server);
    let (named, unnamed) = (Blob::new("named"), Blob::new("unnamed"));
    for blob in [&named, &unnamed] {
        assert_eq!(with(&server, "PUT", &blob.native_url(), &submit, &blob.bytes).status, 201);
    }
    let file = json!({"path": "a", "size": named.size(), "sha256": named.sha});
    let list = json!({"checkout": "job", "files": [file]}).to_string();
    assert_eq!(with(&server, "POST", "/v1/checkouts", &submit, list.as_bytes()).status, 201);
    let gets =
        |blob: &Blob, secret: &str| with(&server, "GET", &blob.native_url(), secret, b"").status;
    assert_eq!((gets(&named, &submit), gets(&unnamed, &submit)), (200, 200));
    eventually("the index is filled", || gets(&named, &read) == 200);
    assert_eq!(gets(&unnamed, &read), 404);
    let names = encode_list(&[unnamed.named(), named.named()]);
    let many = |secret: &str| {
        let credential = format!("Bearer {secret}");
        let headers = [("Content-Type", LIST_TYPE), ("Authorization", &credential)];
        server.connect().send("POST", "/v1/blobs/read", &headers, &names).body
    };
    let framed = |blob: &Blob| [&encode_name(&blob.named())[..], &blob.bytes].concat();
    assert_eq!(many(&submit), [framed(&unnamed), framed(&named)].concat());
    assert_eq!(many(&read), framed(&named));
    for url in [named.url(), unnamed.url()] {
        assert_eq!(with(&server, "GET", &url, &read, b"").status, 403);
    }
    assert_eq!(with(&server, "POST", "/v1/missing", &read, b"{}").status, 403);
}

#[test]
fn everybody_goes_on_with_and_throws_away_its_own_uploads_only_also_after_a_restart() {
    let server = TestServer::start();
    let [alice, bob, ops] = [("alice", "submit"), ("bob", "submit"), ("boss", "ops")]
        .map(|(name, scope)| made(&server, name, scope));
    on(&server);
    let blob = Blob::new(vec![7; 3_000_000]);
    let upload = format!("/v1/uploads/{}", blob.named());
    let offset = |server: &TestServer, secret: &str| {
        let answer = asked(server, "HEAD", &upload, Some(secret));
        answer.header("upload-offset").map(str::to_owned)
    };
    let put = |server: &TestServer, secret: &str, headers: &[(&str, &str)], body: &[u8]| {
        let bearer = format!("Bearer {secret}");
        let headers = [&[("Authorization", bearer.as_str())], headers].concat();
        server.connect().send("PUT", &blob.native_url(), &headers, body)
    };
    let begun = put(&server, &alice, &[("Upload-Complete", "?0")], &blob.bytes[..2_000_000]);
    assert_eq!(begun.status, 202, "{}", begun.text());
    let rest = &blob.bytes[2_000_000..];
    let hers_alone = |server: &TestServer| {
        for other in [&bob, &ops] {
            assert_eq!(offset(server, other), None, "as if it were not there");
            let refused = put(server, other, &[("Upload-Offset", "2000000")], rest);
            assert_eq!((refused.status, refused.header("upload-offset")), (409, Some("0")));
            assert_eq!(asked(server, "DELETE", &upload, Some(other)).status, 404);
        }
        assert_eq!(offset(server, &alice).as_deref(), Some("2000000"));
    };
    hers_alone(&server);
    // Who begins the same has a part of his own.
    let his = put(&server, &bob, &[("Upload-Complete", "?0")], &blob.bytes[..5]);
    assert_eq!((his.status, his.header("upload-offset")), (202, Some("5")), "{}", his.text());
    assert_eq!(server.leftovers().len(), 2, "{:?}", server.leftovers());
    assert_eq!(asked(&server, "DELETE", &upload, Some(&bob)).status, 204);
    hers_alone(&server);
    let folder = std::sync::Arc::clone(&server.folder);
    server.kill();
    let server = TestServer::start_in(&folder, "state");
    hers_alone(&server);
    // A token that is revoked goes on with nothing; another one of the same name is hers.
    assert!(token(&server, &["revoke", "alice"]).status.success());
    eventually("it is worth nothing", || {
        asked(&server, "HEAD", &upload, Some(&alice)).status == 401
    });
    let alice = made(&server, "alice", "submit");
    eventually("it is known", || offset(&server, &alice).is_some());
    let end = put(&server, &alice, &[("Upload-Offset", "2000000")], rest);
    assert_eq!(end.status, 201, "{}", end.text());
    assert!(server.leftovers().is_empty(), "{:?}", server.leftovers());
}

#[test]
fn a_submitter_is_told_of_the_uploads_of_its_own_that_run() {
    let server = TestServer::start();
    let [alice, bob, reader] = [("alice", "submit"), ("bob", "submit"), ("watch", "read")]
        .map(|(name, scope)| made(&server, name, scope));
    on(&server);
    let blobs = [Blob::new(vec![1; 1_000_000]), Blob::new(vec![2; 1_000_001])];
    // Over our own API, and over Flamenco's.
    let running = [(&alice, "PUT"), (&bob, "POST")].into_iter().zip(&blobs);
    let _running: Vec<_> = running
        .map(|((secret, method), blob)| {
            let url = if method == "PUT" { blob.native_url() } else { blob.url() };
            let bearer = format!("Bearer {secret}");
            let mut connection = server.connect();
            connection.head(method, &url, &[("Authorization", &bearer)], Some(blob.size()));
            connection.raw(&blob.bytes[..500_000]).unwrap();
            connection
        })
        .collect();
    let sizes = |secret: &str| {
        let told = with(&server, "GET", "/v1/uploads", secret, b"").json();
        let uploads = told["uploads"].as_array().unwrap().iter();
        uploads.map(|one| one["size"].as_u64().unwrap()).collect::<Vec<_>>()
    };
    eventually("both run", || sizes(&reader) == [1_000_001, 1_000_000]);
    eventually("hers is hers", || sizes(&alice) == [1_000_000]);
    eventually("his is his", || sizes(&bob) == [1_000_001]);
}

#[test]
fn guests_come_from_trusted_networks_only() {
    let elsewhere = TestServer::configured("trusted_networks: [10.0.0.0/8, 192.168.1.7]\n");
    let refused = elsewhere.get("/v1/status");
    assert_eq!(refused.status, 403);
    assert!(refused.message().contains("trusted_networks"), "{}", refused.text());
    assert_eq!(elsewhere.get("/v1/openapi.json").status, 200, "that is open");
    let here = TestServer::configured("trusted_networks: [127.0.0.0/8]\n");
    assert_eq!(here.get("/v1/status").status, 200);
    assert_eq!(
        here.connect().send("POST", "/v1/scrub", &[], b"").status,
        400,
        "no tokens: let in, and told that it says nothing"
    );
    made(&here, "ops", "ops");
    eventually("guests may do less", || {
        here.connect().send("POST", "/v1/scrub", &[], b"").status == 401
    });
    assert_eq!(here.upload(&Blob::new("pixels")).status, 204, "the stock add-on has no token");
}

#[test]
fn a_secret_path_is_a_credential() {
    let secret = "/farm/0123456789abcdefghij";
    let server = TestServer::configured(&format!("path_prefix: {secret}\n"));
    made(&server, "ops", "ops");
    let blob = Blob::new("pixels");
    let scrub = || server.connect().send("POST", &format!("{secret}/v1/scrub"), &[], b"").status;
    eventually("guests may do less", || scrub() == 401);
    let url = format!("{secret}{}", blob.url());
    assert_eq!(server.connect().send("POST", &url, &[], &blob.bytes).status, 204);
    assert_eq!(server.upload(&blob).status, 404, "not without it");
}

#[test]
fn listening_beyond_this_machine_takes_a_rule() {
    let start = |yaml: &str| {
        let folder = tempfile::tempdir().unwrap();
        let config = folder.path().join("shaman.yaml");
        std::fs::write(&config, yaml).unwrap();
        let mut child = Command::new(env!("CARGO_BIN_EXE_shaman-server"))
            .args(["--listen", "0.0.0.0:0", "--log", "warn", "--config"])
            .arg(&config)
            .arg("--storage")
            .arg(folder.path().join("storage"))
            .arg("--state")
            .arg(folder.path().join("state"))
            .stdout(std::process::Stdio::piped())
            .stderr(std::process::Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        let out = child.stdout.take().unwrap();
        std::io::BufRead::read_line(&mut std::io::BufReader::new(out), &mut line).unwrap();
        drop(child.kill());
        let said = child.wait_with_output().unwrap().stderr;
        (line.contains("listening"), String::from_utf8(said).unwrap())
    };
    for yaml in ["", "path_prefix: /farm\n"] {
        let (started, said) = start(yaml);
        assert!(!started, "{yaml}");
        for way in ["trusted_networks", "token create", "path_prefix", "open: true"] {
            assert!(said.contains(way), "{way}: {said}");
        }
    }
    for yaml in
        ["open: true\n", "trusted_networks: [10.0.0.0/8]\n", "path_prefix: /0123456789abcdef\n"]
    {
        let (started, said) = start(yaml);
        assert!(started, "{yaml}: {said}");
    }
}
