//! How much one client may take from all others.

use std::io::{Read as _, Write as _};
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use serde_json::json;

use crate::support::{Answer, Blob, Connection, TestServer, eventually};

/// Connects from this address of the loopback network.
fn from(server: &TestServer, address: [u8; 4]) -> TcpStream {
    let to: SocketAddr = server.address.parse().unwrap();
    let here = SocketAddr::new(IpAddr::V4(Ipv4Addr::from(address)), 0);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build().unwrap();
    let stream = runtime.block_on(async {
        let socket = tokio::net::TcpSocket::new_v4().unwrap();
        socket.bind(here).unwrap();
        socket.connect(to).await.unwrap().into_std().unwrap()
    });
    stream.set_nonblocking(false).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
    stream
}

fn get(mut stream: &TcpStream) -> String {
    drop(stream.write_all(b"GET /v1/openapi.json HTTP/1.1\r\nHost: x\r\n\r\n"));
    let mut start = [0; 200];
    let read = stream.read(&mut start).unwrap();
    String::from_utf8_lossy(start.get(..read).unwrap()).into_owned()
}

#[test]
fn one_address_has_so_many_connections_and_others_still_get_in() {
    let server = TestServer::configured("limits: {connections_per_address: 3, connections: 5}\n");
    let held: Vec<TcpStream> = (0..3).map(|_| from(&server, [127, 0, 0, 2])).collect();
    assert!(held.iter().all(|stream| get(stream).contains(" 200 ")));
    let refused = get(&from(&server, [127, 0, 0, 2]));
    assert!(refused.contains(" 429 ") && refused.contains("Retry-After: 5"), "{refused}");
    let others: Vec<TcpStream> =
        [[127, 0, 0, 3], [127, 0, 0, 4]].map(|address| from(&server, address)).into();
    assert!(others.iter().all(|stream| get(stream).contains(" 200 ")));
    // All places are taken: one more waits, and then is told so.
    let refused = get(&from(&server, [127, 0, 0, 5]));
    assert!(refused.contains(" 503 ") && refused.contains("Retry-After: 5"), "{refused}");
    let waiting = from(&server, [127, 0, 0, 5]);
    drop(held);
    assert!(get(&waiting).contains(" 200 "), "a place that is free again is taken");
}

#[test]
fn a_head_and_an_idle_connection_have_their_time() {
    let server = TestServer::configured("limits: {head_time: 1s, idle_time: 3s}\n");
    let mut slow = server.connect();
    slow.raw(b"GET / HTTP/1.1\r\nHost:").unwrap();
    let start = Instant::now();
    assert!(slow.ends_within(Duration::from_secs(20)));
    assert!(start.elapsed() < Duration::from_millis(2_800), "{:?}", start.elapsed());
    let mut idle = server.connect();
    assert_eq!(idle.send("GET", "/v1/openapi.json", &[], b"").status, 200);
    let start = Instant::now();
    assert!(idle.ends_within(Duration::from_secs(20)));
    assert!(start.elapsed() > Duration::from_millis(1_500), "{:?}", start.elapsed());
}

#[test]
fn a_body_that_pauses_is_given_up_and_nothing_is_left_of_it() {
    let server = TestServer::configured("limits: {pause: 1s}\n");
    let blob = Blob::new("0123456789");
    let mut connection = server.connect();
    connection.head("POST", &blob.url(), &[], Some(blob.size()));
    connection.raw(b"0123").unwrap();
    let answer = connection.answer();
    assert_eq!(answer.status, 408);
    assert!(answer.message().contains("nothing came for 1 seconds"), "{}", answer.text());
    eventually("nothing is left", || server.leftovers().is_empty());
    assert_eq!(server.upload(&blob).status, 204);
}

#[test]
fn what_is_longer_than_it_may_be_is_refused_before_it_comes() {
    let server = TestServer::configured("limits: {list_bytes: 1KiB, entries: 2, blob_bytes: 10}\n");
    let large = Blob::new("01234567890");
    for method in ["POST", "PUT"] {
        let url = if method == "POST" { large.url() } else { large.native_url() };
        let answer = server.connect().send(method, &url, &[], &large.bytes);
        assert_eq!(answer.status, 413, "{}", answer.text());
    }
    assert_eq!(server.upload(&Blob::new("0123456789")).status, 204);
    let files = |count: usize| -> Vec<_> {
        (0..count).map(|n| Blob::new("0123456789").entry(&format!("{n}"))).collect()
    };
    assert_eq!(server.requirements(&files(2)).status, 200);
    let refused = server.requirements(&files(3));
    assert_eq!(refused.status, 400);
    assert!(refused.message().contains("more than the 2"), "{}", refused.text());
    assert_eq!(server.create("job", &files(3)).status, 400);
    assert_eq!(server.requirements(&files(20)).status, 413, "2 KB");
    let mut chunked = server.connect();
    let json = [("Content-Type", "application/json"), ("Transfer-Encoding", "chunked")];
    chunked.head("POST", "/v1/missing", &json, None);
    chunked.raw(format!("800\r\n{}\r\n0\r\n\r\n", " ".repeat(2048)).as_bytes()).unwrap();
    assert_eq!(chunked.answer().status, 413);
}

#[test]
fn uploads_of_one_client_wait_for_each_other_and_not_those_of_others() {
    let server =
        TestServer::configured("limits: {uploads_per_client: 2}\ntrusted_proxies: [127.0.0.1]\n");
    let upload = |connection: &mut Connection, blob: &Blob, client: &str| {
        let headers = [("X-Forwarded-For", client)];
        connection.head("POST", &blob.url(), &headers, Some(blob.size()));
    };
    let blobs: Vec<Blob> = (0..4).map(|n| Blob::new(format!("blob {n}"))).collect();
    let mut connections: Vec<Connection> = (0..4).map(|_| server.connect()).collect();
    for (connection, blob) in connections.iter_mut().zip(&blobs).take(2) {
        upload(connection, blob, "10.0.0.1");
        connection.raw(b"b").unwrap();
    }
    eventually("two are under way", || under_way(&server) == 2);
    // The third of the same client waits; somebody else does not.
    upload(&mut connections[2], &blobs[2], "10.0.0.1");
    connections[2].raw(&blobs[2].bytes).unwrap();
    upload(&mut connections[3], &blobs[3], "10.0.0.2");
    connections[3].raw(&blobs[3].bytes).unwrap();
    assert_eq!(connections[3].answer().status, 204);
    assert_eq!(server.status_of(&blobs[2]), "unknown");
    for position in [0, 1] {
        let rest = &blobs[position].bytes[1..];
        connections[position].raw(rest).unwrap();
        assert_eq!(connections[position].answer().status, 204);
    }
    assert_eq!(connections[2].answer().status, 204);
}

/// Blobs that are being received.
fn under_way(server: &TestServer) -> u64 {
    server.get("/v1/uploads").json()["all"].as_u64().unwrap()
}

/// How long a blob of 4 MiB takes, median of nine.
fn median(server: &TestServer, round: &str) -> Duration {
    let mut times: Vec<Duration> = (0..9)
        .map(|n| {
            let blob = Blob::new(format!("{round} {n} ").repeat(4 << 20 >> 4));
            let start = Instant::now();
            assert_eq!(server.upload(&blob).status, 204);
            start.elapsed()
        })
        .collect();
    times.sort();
    times[4]
}

#[test]
fn a_thousand_slow_clients_do_not_hold_up_a_fast_one() {
    let server = TestServer::start();
    let alone = median(&server, "alone");
    let slow: Vec<TcpStream> = (0..1_000_u32)
        .map(|n| {
            let [_, _, high, low] = n.to_be_bytes();
            let mut stream = from(&server, [127, 1, high, low.max(1)]);
            let blob = Blob::new(format!("slow {n}"));
            let head = format!(
                "POST {} HTTP/1.1\r\nHost: x\r\nContent-Length: {}\r\n\r\ns",
                blob.url(),
                blob.size()
            );
            stream.write_all(head.as_bytes()).unwrap();
            stream
        })
        .collect();
    eventually("all are being received", || under_way(&server) == 1_000);
    // On a machine that does other work, too, one measurement says little.
    let is_quick = ["among", "once more", "and again"].iter().any(|try_| {
        let among = median(&server, try_);
        eprintln!("a blob of 4 MiB: {alone:?} alone, {among:?} among {} slow ones", slow.len());
        among < alone * 2
    });
    assert!(is_quick, "{alone:?} alone, and more than twice as long among them, each time");
}

/// What is told to browsers.
fn told(answer: &Answer, name: &str) -> String {
    answer.header(name).unwrap_or_default().to_owned()
}

#[test]
fn browsers_are_told_what_not_to_do_with_answers() {
    let server = TestServer::start();
    for path in ["/", "/v1/status", "/v1/nothing", "/nothing", "/v1/docs"] {
        let answer = server.get(path);
        assert_eq!(told(&answer, "x-content-type-options"), "nosniff", "{path}");
        assert!(told(&answer, "content-security-policy").contains("default-src 'none'"), "{path}");
        assert_eq!(told(&answer, "referrer-policy"), "no-referrer", "{path}");
    }
    for path in ["/v1", "/v1/", "/v1/blobs/", "/jobs/", "/file-store/stored/"] {
        assert!(matches!(server.get(path).status, 404 | 405), "{path}: nothing is listed");
    }
}

#[test]
fn the_audit_log_says_who_did_what() {
    let folder = std::sync::Arc::new(tempfile::tempdir().unwrap());
    let log = folder.path().join("audit.jsonl");
    let yaml = format!("audit_log: {}\n", log.display());
    let server = TestServer::start_configured_in(&folder, &yaml);
    let blob = Blob::new("pixels");
    assert_eq!(server.upload(&blob).status, 204);
    server.checked_out("job", &[blob.entry("a")]);
    assert_eq!(server.connect().send("DELETE", "/v1/checkouts/job", &[], b"").status, 204);
    assert_eq!(server.connect().send("DELETE", "/v1/checkouts/job", &[], b"").status, 404);
    // Whoever looks at the dashboard asks for one that changes nothing.
    server.post_json("/v1/sweep", &json!({"dry_run": true}));
    assert_eq!(server.post_json("/v1/sweep", &json!({"dry_run": false})).status, 200);
    // Whoever rotates it renames it first.
    let old = folder.path().join("old");
    eventually("four lines", || std::fs::read_to_string(&log).unwrap().lines().count() == 4);
    std::fs::rename(&log, &old).unwrap();
    server.signal(rustix::process::Signal::HUP);
    eventually("it begins another one", || log.exists());
    server.upload(&Blob::new("more"));
    assert!(server.stop().success());
    let read = |path| -> Vec<serde_json::Value> {
        let text = std::fs::read_to_string(path).unwrap();
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    };
    let lines = read(&old);
    let whats: Vec<&str> = lines.iter().map(|line| line["what"].as_str().unwrap()).collect();
    assert_eq!(whats, ["upload", "check out", "erase", "sweep"]);
    assert!(lines.iter().all(|line| line["who"] == "127.0.0.1" && line["from"] == "127.0.0.1"));
    assert!(lines[0]["path"].as_str().unwrap().contains(&blob.sha));
    assert_eq!((&lines[1]["checkout"], &lines[1]["files"]), (&json!("job"), &json!(1)));
    assert_eq!((&lines[3]["swept_blobs"], &lines[3]["path"]), (&json!(0), &json!(null)));
    assert_eq!(read(&log).len(), 1);
}

#[test]
fn after_sighup_another_configuration_counts_as_far_as_it_can() {
    let server = TestServer::configured("limits: {blob_bytes: 10}\n");
    let blob = Blob::new("01234567890");
    assert_eq!(server.upload(&blob).status, 413);
    let file = server.folder.path().join("shaman.yaml");
    let reload = |yaml: &str| {
        std::fs::write(&file, yaml).unwrap();
        server.signal(rustix::process::Signal::HUP);
    };
    // With a mistake in it nothing changes.
    reload("limits: {blob_bytes: 100, nonsense: 1}\n");
    std::thread::sleep(Duration::from_millis(300));
    assert_eq!(server.upload(&blob).status, 413);
    // What takes a restart stays, the rest counts.
    reload("limits: {blob_bytes: 100}\npath_prefix: /farm\n");
    eventually("the limit counts", || server.upload(&blob).status != 413);
    assert_eq!(server.status_of(&blob), "stored");
    reload("trusted_networks: [10.0.0.0/8]\n");
    eventually("the rule counts", || server.get("/v1/status").status == 403);
}
