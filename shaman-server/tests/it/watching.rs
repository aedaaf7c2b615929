//! What those see who watch a server: figures, health, and the log.

use std::collections::BTreeSet;
use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use rustix::process::Signal;
use serde_json::{Value, json};

use crate::support::{Blob, Certificates, TestServer, eventually};

/// The value of a sample, by its name and labels as they stand in the text.
fn sample(text: &str, name: &str) -> Option<f64> {
    let value = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '))?;
    Some(value.parse().unwrap_or_else(|_| panic!("{name}: {value}")))
}

/// Figures of a server, once it has looked at its storage.
fn figures(server: &TestServer) -> String {
    let mut text = String::new();
    eventually("the storage was looked at", || {
        text = server.get("/metrics").text();
        sample(&text, "shaman_storage_free_bytes").is_some()
            && sample(&text, "shaman_index_complete") == Some(1.0)
    });
    text
}

fn ops_file(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/ops").join(name)
}

/// Runs `promtool` and gives what it said; `None`, loudly, where there is none.
fn promtool(words: &[&str], input: &str) -> Option<String> {
    let child = Command::new("promtool")
        .args(words)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn();
    let Ok(mut child) = child else {
        eprintln!("\n*** SKIPPED: there is no promtool (Debian's package prometheus) here. ***\n");
        return None;
    };
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    let said = [output.stdout, output.stderr].concat();
    let said = String::from_utf8(said).unwrap();
    assert!(output.status.success(), "promtool {words:?}: {said}");
    Some(said)
}

/// A server that has done a bit of everything.
fn busy() -> TestServer {
    let server = TestServer::start();
    let (wood, rust) = (Blob::new("wood"), Blob::new("rusty"));
    server.requirements(&[wood.entry("a"), rust.entry("b")]);
    for blob in [&wood, &rust] {
        server.upload(blob);
    }
    server.checked_out("one", &[wood.entry("a"), rust.entry("b")]);
    server.checked_out("two", &[wood.entry("a"), rust.entry("b"), rust.entry("c")]);
    server.connect().send("DELETE", "/v1/checkouts/one", &[], b"");
    server.post_json("/v1/sweep", &json!({"dry_run": false}));
    server.post_json("/v1/scrub", &json!({"rate": "1GB/s"}));
    eventually("it was scrubbed", || server.get("/v1/scrub").json()["last"].is_object());
    server
}

#[test]
fn figures_tell_what_happened() {
    let server = busy();
    let text = figures(&server);
    for (name, value) in [
        ("shaman_blobs", 2.0),
        ("shaman_blob_bytes", 9.0),
        ("shaman_checkouts", 1.0),
        ("shaman_checkout_bytes", 14.0),
        ("shaman_blobs_asked_total", 2.0),
        ("shaman_blobs_missing_total", 2.0),
        ("shaman_blobs_stored_total", 2.0),
        ("shaman_blob_stored_bytes_total", 9.0),
        ("shaman_checkouts_made_total", 2.0),
        ("shaman_checkouts_erased_total", 1.0),
        ("shaman_sweeps_total", 1.0),
        ("shaman_scrubbed_bytes_total", 9.0),
        ("shaman_damaged_blobs", 0.0),
        ("shaman_uploads_running", 0.0),
        // This very one.
        ("shaman_http_requests_running", 1.0),
    ] {
        assert_eq!(sample(&text, name), Some(value), "{name} in\n{text}");
    }
    let ratio = sample(&text, "shaman_dedup_ratio").unwrap();
    assert!((ratio - 14.0 / 9.0).abs() < 1e-9, "{ratio}");
    let upload =
        "route=\"/api/v3/shaman/files/{checksum}/{filesize}\",method=\"POST\",status=\"2xx\"";
    let count = format!("shaman_http_request_duration_seconds_count{{{upload}}}");
    assert_eq!(sample(&text, &count), Some(2.0));
    let bytes = format!("shaman_http_request_body_bytes_total{{{upload}}}");
    assert_eq!(sample(&text, &bytes), Some(9.0));
    let all = format!("shaman_http_request_duration_seconds_bucket{{{upload},le=\"+Inf\"}}");
    assert_eq!(sample(&text, &all), Some(2.0));
    promtool(&["check", "metrics"], &text);
}

#[test]
fn the_number_of_figures_is_bounded_and_a_secret_prefix_is_not_among_them() {
    let server = TestServer::configured("path_prefix: /secret\n");
    for nth in 0..50 {
        server.get(&format!("/secret/v1/checkouts/job-{nth}"));
        server.get(&format!("/secret/made/up/{nth}"));
        server.connect().send(&format!("BREW{nth}"), "/secret/v1/status", &[], b"");
    }
    let text = server.get("/secret/metrics").text();
    assert!(!text.contains("secret"), "{text}");
    let count = |labels: &str| {
        sample(&text, &format!("shaman_http_request_duration_seconds_count{{{labels}}}"))
    };
    let shown = "route=\"/v1/checkouts/{*checkout}\",method=\"GET\",status=\"4xx\"";
    assert_eq!(count(shown), Some(50.0));
    assert_eq!(count("route=\"none\",method=\"GET\",status=\"4xx\""), Some(50.0));
    assert_eq!(count("route=\"/v1/status\",method=\"other\",status=\"4xx\""), Some(50.0));
    assert_eq!(server.get("/metrics").status, 404);
}

#[test]
fn alerts_hold_and_speak_of_figures_that_there_are() {
    let server = busy();
    let there = figures(&server);
    // A pass that goes on.
    let there = there + "shaman_scrub_progress_ratio 0\n";
    let there: BTreeSet<&str> = there
        .lines()
        .filter(|line| !line.starts_with('#'))
        .filter_map(|line| line.split(['{', ' ']).next())
        .collect();
    let rules = std::fs::read_to_string(ops_file("shaman.rules.yml")).unwrap();
    let grafana = std::fs::read_to_string(ops_file("grafana.json")).unwrap();
    let mut looked = 0;
    for word in (rules.clone() + &grafana).split(|c: char| !c.is_ascii_alphanumeric() && c != '_') {
        if word.starts_with("shaman_") || word.starts_with("process_") {
            assert!(there.contains(word), "{word} is no figure of the server: {there:?}");
            looked += 1;
        }
    }
    assert!(looked > 40, "{looked} names were found");

    let grafana: Value = serde_json::from_str(&grafana).unwrap();
    let mut questions = Vec::new();
    for panel in grafana["panels"].as_array().unwrap() {
        for target in panel["targets"].as_array().into_iter().flatten() {
            let question = target["expr"].as_str().unwrap();
            questions.push(question.replace("$__rate_interval", "5m").replace("$instance", ".*"));
        }
    }
    assert!(questions.len() > 25, "{}", questions.len());
    let recorded: Vec<Value> = questions
        .iter()
        .enumerate()
        .map(|(nth, question)| json!({"record": format!("panel{nth}"), "expr": question}))
        .collect();
    let folder = tempfile::tempdir().unwrap();
    let panels = folder.path().join("panels.yml");
    let groups = json!({"groups": [{"name": "panels", "rules": recorded}]});
    std::fs::write(&panels, groups.to_string()).unwrap();
    let [rules, test] = ["shaman.rules.yml", "shaman.rules.test.yml"].map(ops_file);
    let [panels, rules, test] = [&panels, &rules, &test].map(|path| path.to_str().unwrap());
    if let Some(said) = promtool(&["check", "rules", panels, rules], "") {
        assert!(said.contains("10 rules found"), "{said}");
        promtool(&["test", "rules", test], "");
    }
}

#[test]
fn a_server_says_whether_it_can_work() {
    let server = TestServer::start();
    assert_eq!(server.get("/healthz").text(), "alive\n");
    assert_eq!(server.get("/readyz").text(), "ready\n");
    let away = server.folder.path().join("away");
    std::fs::rename(&server.storage, &away).unwrap();
    let gone = server.get("/readyz");
    assert_eq!(gone.status, 503);
    assert!(gone.message().contains("is it mounted?"), "{}", gone.message());
    std::fs::create_dir_all(server.storage.join("file-store/stored")).unwrap();
    let other = server.get("/readyz");
    assert_eq!(other.status, 503);
    assert!(other.message().contains("mount it again"), "{}", other.message());
    assert_eq!(server.get("/healthz").status, 200);
    assert_eq!(server.get("/metrics").status, 200, "figures do not need the storage");
    std::fs::remove_dir_all(&server.storage).unwrap();
    std::fs::rename(&away, &server.storage).unwrap();
    assert_eq!(server.get("/readyz").status, 200);
}

/// Lines about requests, as JSON.
fn request_lines(server: &TestServer) -> Vec<Value> {
    let lines = server.log();
    let lines = lines.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    lines.filter(|line| line["target"] == "request").collect()
}

#[test]
fn each_request_is_a_line_of_json_with_its_id() {
    let server = TestServer::logging("path_prefix: /secret\n", "debug");
    let blob = Blob::new("some bytes");
    let url = |path: &str| format!("/secret{path}");
    let mut connection = server.connect();
    let ours = connection.send("GET", &url("/healthz"), &[], b"");
    let id = ours.header("x-request-id").unwrap().to_owned();
    assert_eq!(id.len(), 16, "{id}");
    let named = [("X-Request-Id", "farm-7")];
    let answer = connection.send("POST", &url(&blob.url()), &named, &blob.bytes);
    assert_eq!((answer.status, answer.header("x-request-id")), (204, Some("farm-7")));
    let files = json!({"files": [blob.entry("a")], "checkoutPath": "job"}).to_string();
    let json_type = [("Content-Type", "application/json"), ("X-Request-Id", "not \"sane\"")];
    let create = url("/api/v3/shaman/checkout/create");
    let answer = connection.send("POST", &create, &json_type, files.as_bytes());
    assert_ne!(answer.header("x-request-id"), Some("not \"sane\""));

    eventually("three lines", || request_lines(&server).len() >= 3);
    let lines = request_lines(&server);
    assert_eq!((&lines[0]["id"], &lines[0]["path"]), (&json!(id), &json!("/healthz")));
    let upload = &lines[1];
    assert_eq!((&upload["id"], &upload["level"]), (&json!("farm-7"), &json!("DEBUG")));
    assert_eq!((&upload["method"], &upload["status"]), (&json!("POST"), &json!(204)));
    assert_eq!((&upload["digest"], &upload["in_bytes"]), (&json!(blob.sha), &json!(10)));
    assert_eq!(upload["peer"], "127.0.0.1");
    assert!(upload["ms"].as_f64().unwrap() > 0.0 && upload["timestamp"].is_string());
    let made = &lines[2];
    assert_eq!((&made["message"], &made["checkout"]), (&json!("made a checkout"), &json!("job")));
    assert_eq!((&made["level"], &made["files"]), (&json!("INFO"), &json!(1)));
    assert!(!server.log().contains("secret"), "{}", server.log());
}

#[test]
fn what_is_routine_is_told_to_who_wants_to_know_all() {
    let server = TestServer::logging("", "info");
    let blob = Blob::new("some bytes");
    server.upload(&blob);
    server.get("/v1/status");
    server.get("/metrics");
    server.checked_out("job", &[blob.entry("a")]);
    let wrong = server.connect().send("POST", &blob.url(), &[], b"wrong");
    assert_eq!(wrong.status, 208, "it was there");
    let other = Blob::new("other bytes");
    let wrong = server.connect().send("POST", &other.url(), &[], b"wrong");
    assert_eq!(wrong.status, 417);
    server.connect().send("DELETE", "/v1/checkouts/job", &[], b"");
    eventually("three lines", || request_lines(&server).len() >= 3);
    let lines = request_lines(&server);
    let told: Vec<(u64, &str)> = lines
        .iter()
        .map(|line| (line["status"].as_u64().unwrap(), line["method"].as_str().unwrap()))
        .collect();
    assert_eq!(told, [(200, "POST"), (417, "POST"), (204, "DELETE")], "{lines:?}");
    assert_eq!(lines[2]["checkout"], "job");
}

#[test]
fn a_connection_that_is_cut_is_told_of_and_counted() {
    let server = TestServer::logging("", "debug");
    let blob = Blob::new("never sent");
    let mut connection = server.connect();
    connection.head("POST", &blob.url(), &[], Some(blob.size()));
    connection.raw(b"never").unwrap();
    eventually("it is running", || {
        sample(&server.get("/metrics").text(), "shaman_uploads_running") == Some(1.0)
    });
    drop(connection);
    eventually("it ended", || {
        let text = server.get("/metrics").text();
        sample(&text, "shaman_http_requests_running") == Some(1.0)
            && sample(&text, "shaman_uploads_running") == Some(0.0)
    });
    eventually("a line", || {
        request_lines(&server).iter().any(|line| line["digest"] == blob.sha.as_str())
    });
}

#[test]
fn what_runs_is_told_and_how_the_store_grew() {
    let server = TestServer::start();
    let none = json!({"uploads": [], "all": 0});
    assert_eq!(server.get("/v1/uploads").json(), none);
    let blob = Blob::new(vec![7; 3 << 20]);
    let (first, rest) = blob.bytes.split_at(2 << 20);
    let url = blob.native_url();
    let kept = server.connect().send("PUT", &url, &[("Upload-Complete", "?0")], first);
    assert_eq!(kept.status, 202);
    assert_eq!(server.get("/v1/uploads").json(), none, "nobody sends it right now");
    let mut connection = server.connect();
    let offset = first.len().to_string();
    connection.head("PUT", &url, &[("Upload-Offset", &offset)], Some(rest.len()));
    let running = json!({
        "uploads": [{"sha256": blob.sha, "size": 3 << 20, "received_bytes": 2 << 20, "senders": 1}],
        "all": 1,
    });
    eventually("it goes on", || server.get("/v1/uploads").json() == running);
    connection.raw(rest).unwrap();
    assert_eq!(connection.answer().status, 201);
    assert_eq!(server.get("/v1/uploads").json(), none);

    let servers = server.get("/v1/servers").json();
    let servers = servers["servers"].as_array().unwrap();
    assert_eq!((servers.len(), &servers[0]["is_this"]), (1, &json!(true)));
    assert!(servers[0]["began"].as_str().unwrap().ends_with('Z'));
    let other = TestServer::start_in(&server.folder, "other");
    let both = server.get("/v1/servers").json();
    assert_eq!(both["servers"].as_array().unwrap().len(), 2);
    assert!(other.stop().success());

    let points = || server.get("/v1/history?newer_than=1h").json()["points"].clone();
    eventually("a point", || points().as_array().is_some_and(|points| points.len() == 1));
    assert!(points()[0]["free_bytes"].as_u64() > Some(0), "{}", points());
    assert_eq!(server.get("/v1/history?newer_than=soon").status, 400);
}

/// What `shaman-server health` says about the server with this configuration that listens there.
fn health(yaml: &str, listens: &str) -> (bool, String) {
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("shaman.yaml");
    std::fs::write(&config, yaml).unwrap();
    let ran = Command::new(env!("CARGO_BIN_EXE_shaman-server"))
        .args(["health", "--listen", listens, "--config"])
        .arg(&config)
        .output()
        .unwrap();
    (ran.status.success(), String::from_utf8([ran.stdout, ran.stderr].concat()).unwrap())
}

#[test]
fn a_server_is_healthy_as_long_as_it_answers_whomever_it_lets_in() {
    let certificates = Certificates::new("first");
    let tls = certificates.yaml();
    for yaml in ["", "trusted_networks: [10.0.0.0/8]\n", "path_prefix: /0123456789abcdef\n", &tls] {
        let server = TestServer::configured(yaml);
        let (is_well, said) = health(yaml, &server.address);
        assert!(is_well && said.contains(&server.address), "{yaml}{said}");
    }
    let gone = TestServer::start().address.clone();
    let (is_well, said) = health("", &gone);
    assert!(!is_well && said.contains("does not answer"), "it is stopped: {said}");

    let server = TestServer::start();
    let (_, port) = server.address.rsplit_once(':').unwrap();
    let everywhere = format!("0.0.0.0:{port}");
    assert_eq!(health("", &everywhere), (true, format!("alive at 127.0.0.1:{port}\n")));
    server.signal(Signal::STOP);
    let (is_well, said) = health("", &everywhere);
    server.signal(Signal::CONT);
    assert!(!is_well && said.contains("does not answer"), "it hangs: {said}");

    let (is_well, said) = health("", "127.0.0.1:0");
    assert!(!is_well && said.contains("which port"), "{said}");
}

#[test]
fn a_program_that_is_no_server_is_not_healthy() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let other = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        stream.write_all(b"220 mail.example.org ESMTP\r\n").unwrap();
        // Until it has gone.
        drop(stream.read_to_end(&mut Vec::new()));
    });
    let (is_well, said) = health("", &address);
    other.join().unwrap();
    assert!(!is_well && said.contains("no HTTP server"), "{said}");
}
