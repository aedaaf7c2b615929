//! Connections within TLS: certificates that change, handshakes that fail, and both versions of HTTP.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpListener;
use std::process::Command;
use std::sync::{Arc, mpsc};
use std::time::{Duration, Instant};

use axum::body::Body;
use rustix::process::Signal;
use serde_json::json;

use crate::support::{
    Blob, Certificates, Connection, Http2, TestServer, certificate_shown_at, eventually, frames_to,
};

const JSON: &[(&str, &str)] = &[("Content-Type", "application/json")];
const BYTES: &[(&str, &str)] = &[("Content-Type", "application/octet-stream")];

/// A server with the first certificate, and these lines.
fn secure(yaml: &str) -> (TestServer, Certificates) {
    let certificates = Certificates::new("first");
    let server = TestServer::logging(&format!("{}{yaml}", certificates.yaml()), "info");
    (server, certificates)
}

fn checkout(blobs: &[Blob]) -> Vec<u8> {
    let files: Vec<_> =
        blobs.iter().enumerate().map(|(i, blob)| blob.entry(&format!("{i}.bin"))).collect();
    json!({"files": files, "checkoutPath": "shot"}).to_string().into_bytes()
}

#[test]
fn an_upload_and_a_checkout_go_over_tls_with_folded_headers() {
    let (server, _certificates) = secure("");
    let blobs = [Blob::new("first"), Blob::new(vec![7; 3 << 20])];
    let mut connection = Connection::secure(&server.address);
    for blob in &blobs {
        let head = format!(
            "POST {} HTTP/1.1\r\nHost: x\r\nX-Shaman-Original-Filename: =?utf-8?q?one?=\n =?utf-8?q?two?=\r\nContent-Length: {}\r\n\r\n",
            blob.url(),
            blob.size()
        );
        connection.raw(head.as_bytes()).unwrap();
        connection.raw(&blob.bytes).unwrap();
        assert_eq!(connection.answer().status, 204);
    }
    let answer = connection.send("POST", "/api/v3/shaman/checkout/create", JSON, &checkout(&blobs));
    assert_eq!(answer.status, 200, "{}", answer.text());
    for (i, blob) in blobs.iter().enumerate() {
        let bytes = std::fs::read(server.jobs().join(format!("shot/{i}.bin"))).unwrap();
        assert!(bytes == blob.bytes);
    }
    let metrics = connection.send("GET", "/metrics", &[], b"").text();
    assert!(metrics.contains("\nshaman_http_connections 1\n"), "it is counted: {metrics}");
}

#[test]
fn uploads_go_beside_each_other_over_http2() {
    let (server, _certificates) = secure("path_prefix: /farm\n");
    // More than may run at once on one connection.
    let blobs: Vec<_> = (0..100).map(|i| Blob::new(vec![i; 50_000 * usize::from(i)])).collect();
    let client = Http2::to(&server.address);
    let urls: Vec<_> = blobs.iter().map(|blob| format!("/farm{}", blob.url())).collect();
    let uploads = blobs.iter().zip(&urls);
    let uploads = uploads.map(|(blob, url)| ("POST", &**url, BYTES, blob.bytes.clone().into()));
    for answer in client.all(uploads) {
        assert_eq!(answer.status, 204, "{}", answer.text());
    }
    let path = "/farm/api/v3/shaman/checkout/create";
    let answer = client.send("POST", path, JSON, checkout(&blobs));
    assert_eq!(answer.status, 200, "{}", answer.text());
    for (i, blob) in blobs.iter().enumerate() {
        let bytes = std::fs::read(server.jobs().join(format!("shot/{i}.bin"))).unwrap();
        assert!(bytes == blob.bytes);
    }
    let last = &blobs[99];
    let answer = client.send("GET", &format!("/farm{}", last.native_url()), &[], Body::empty());
    assert!(answer.body == last.bytes);
    assert_eq!(client.send("GET", "/metrics", &[], Body::empty()).status, 404, "has no prefix");
}

#[test]
fn renewed_certificates_are_for_new_connections_and_uploads_go_on() {
    let (server, certificates) = secure("");
    let blob = Blob::new(vec![9; 1 << 20]);
    let (first, second) = blob.bytes.split_at(300_000);
    let mut connection = Connection::secure(&server.address);
    connection.head("POST", &blob.url(), BYTES, Some(blob.size()));
    connection.raw(first).unwrap();
    let client = Http2::to(&server.address);
    assert_eq!(certificate_shown_at(&server.address), Certificates::named("first"));

    certificates.renew("second");
    server.signal(Signal::HUP);
    eventually("the new certificate is shown", || {
        certificate_shown_at(&server.address) == Certificates::named("second")
    });
    assert_eq!(client.send("GET", "/healthz", &[], Body::empty()).status, 200);
    connection.raw(second).unwrap();
    assert_eq!(connection.answer().status, 204);

    // What is no certificate, and what does not go together, changes nothing.
    let reasons = [
        ("has no certificate", &|| std::fs::write(certificates.certificate(), "rubbish").unwrap()),
        ("is not the one of the certificate", &|| {
            certificates.renew("second");
            let own = certificates.key();
            certificates.renew("first");
            let first = std::fs::read(&own).unwrap();
            certificates.renew("second");
            std::fs::write(own, first).unwrap();
        }),
        ("cannot read", &|| std::fs::remove_file(certificates.key()).unwrap()),
    ] as [(&str, &dyn Fn()); 3];
    for (reason, spoil) in reasons {
        spoil();
        server.signal(Signal::HUP);
        eventually(reason, || {
            let log = server.log();
            log.contains(reason) && log.contains("the certificate stays as it was")
        });
        assert_eq!(certificate_shown_at(&server.address), Certificates::named("second"));
    }
}

#[test]
fn tls_is_turned_on_and_off_at_the_start_only() {
    let (server, certificates) = secure("");
    std::fs::write(server.folder.path().join("shaman.yaml"), "").unwrap();
    server.signal(Signal::HUP);
    let waits = |log: &str| {
        let takes_restart = |line: &str| line.contains("these take a restart");
        log.lines().any(|line| takes_restart(line) && line.contains("tls.certificate tls.key"))
    };
    eventually("it says so", || waits(&server.log()));
    assert_eq!(certificate_shown_at(&server.address), Certificates::named("first"));
    let plain = TestServer::logging("", "info");
    std::fs::write(plain.folder.path().join("shaman.yaml"), certificates.yaml()).unwrap();
    plain.signal(Signal::HUP);
    eventually("it says so", || waits(&plain.log()));
    assert_eq!(plain.get("/healthz").status, 200);
}

#[test]
fn files_that_do_not_go_together_are_refused_in_one_sentence() {
    let certificates = Certificates::new("first");
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("shaman.yaml");
    std::fs::write(&config, certificates.yaml()).unwrap();
    let run = |command: &str| {
        let ran = Command::new(env!("CARGO_BIN_EXE_shaman-server"))
            .args([command, "--listen", "127.0.0.1:0", "--config"])
            .arg(&config)
            .current_dir(folder.path())
            .output()
            .unwrap();
        let said = [ran.stdout, ran.stderr].concat();
        (ran.status.success(), String::from_utf8(said).unwrap())
    };
    let (went_well, said) = run("check-config");
    assert!(went_well, "{said}");
    let (_, said) = run("doctor");
    assert!(said.contains("from 2020-01-01 until 2120-01-01"), "{said}");

    let key = std::fs::read(certificates.key()).unwrap();
    certificates.renew("second");
    std::fs::write(certificates.key(), key).unwrap();
    for command in ["serve", "check-config", "doctor"] {
        let (went_well, said) = run(command);
        assert!(!went_well && said.contains("is not the one of the certificate in"), "{said}");
        assert!(command == "doctor" || said.lines().count() == 1, "{said}");
    }
    assert!(!folder.path().join("shaman-storage").exists(), "nothing is made");
}

#[test]
fn who_speaks_something_else_is_told_or_cut_off() {
    let (server, _certificates) = secure("");
    let mut plain = server.connect();
    let answer = plain.send("GET", "/v1/status", &[], b"");
    assert_eq!(answer.status, 400);
    assert!(answer.message().contains("https://"), "{}", answer.text());
    for bytes in [&b"\x16\x03\x01\xff\xff rubbish that is no handshake"[..], &[0; 100]] {
        let mut rubbish = server.connect();
        rubbish.raw(bytes).unwrap();
        drop(rubbish);
    }
    assert_eq!(Connection::secure(&server.address).send("GET", "/healthz", &[], b"").status, 200);
}

#[test]
fn a_handshake_may_not_take_longer_than_a_head() {
    let (server, _certificates) = secure("limits: {head_time: 1s, connections_per_address: 2}\n");
    for bytes in [&b""[..], b"\x16\x03\x01\x02\x00\x01"] {
        let mut slow = server.connect();
        slow.raw(bytes).unwrap();
        let began = Instant::now();
        assert!(slow.ends_within(Duration::from_secs(10)));
        assert!(began.elapsed() > Duration::from_millis(800), "it has its time");
    }
    // With TLS there is no telling that there is no place.
    let _first = Connection::secure(&server.address);
    let _second = Connection::secure(&server.address);
    assert!(server.connect().is_closed());
}

#[test]
fn a_handshake_that_goes_on_holds_up_no_stop() {
    let (server, _certificates) = secure("");
    let silent = server.connect();
    assert_eq!(Connection::secure(&server.address).send("GET", "/healthz", &[], b"").status, 200);
    let began = Instant::now();
    assert!(server.stop().success());
    assert!(began.elapsed() < Duration::from_secs(10), "{:?}", began.elapsed());
    drop(silent);
}

#[test]
fn an_answer_that_is_not_taken_ends_a_connection_within_tls_too() {
    let (server, _certificates) = secure("limits: {pause: 1s}\n");
    // More than sockets hold.
    let blob = Blob::new(vec![3; 32 << 20]);
    let mut connection = Connection::secure(&server.address);
    assert_eq!(connection.send("PUT", &blob.native_url(), &[], &blob.bytes).status, 201);
    connection.head("GET", &blob.native_url(), &[], None);
    assert_eq!(connection.head_answer().status, 200);
    eventually("it is ended", || {
        let metrics = Connection::secure(&server.address).send("GET", "/metrics", &[], b"").text();
        metrics.contains("\nshaman_http_connections 1\n")
    });
}

#[test]
fn http2_is_told_its_limits_at_the_beginning() {
    let (server, _certificates) = secure("");
    let mut frames = frames_to(&server.address);
    let mut head = [0; 9];
    frames.read_exact(&mut head).unwrap();
    assert_eq!(head[3], 4, "settings come first");
    let mut settings = vec![0; usize::from(u16::from_be_bytes([head[1], head[2]]))];
    frames.read_exact(&mut settings).unwrap();
    let setting = |id: u16| {
        let mut each = settings.chunks(6);
        let found = each.find(|one| one[..2] == id.to_be_bytes());
        found.map(|one| u32::from_be_bytes(one[2..].try_into().unwrap()))
    };
    assert_eq!(setting(3), Some(32), "requests at once");
    assert!(setting(4).is_none_or(|bytes| bytes <= 64 << 10), "bytes that come unread");
    assert!(setting(6).is_some_and(|bytes| bytes <= 256 << 10), "bytes of a head");
}

#[test]
fn a_head_that_does_not_end_ends_a_connection_of_http2() {
    let (server, _certificates) = secure("limits: {idle_time: 1s, head_time: 1s}\n");
    let mut frames = frames_to(&server.address);
    // The beginning of a head, and no answer to whether anybody is there.
    frames.write_all(&[0, 0, 1, 1, 0, 0, 0, 0, 1, 0x82]).unwrap();
    let (began, mut rest) = (Instant::now(), Vec::new());
    drop(frames.read_to_end(&mut rest));
    assert!(began.elapsed() < Duration::from_secs(10), "{:?}", began.elapsed());
}

#[test]
fn requests_of_http2_count_like_connections() {
    let (server, _certificates) = secure("limits: {connections_per_address: 3}\n");
    let client = Http2::to(&server.address);
    let listening: Vec<_> = (0..3).map(|_| client.head("GET", "/v1/events").unwrap()).collect();
    assert!(listening.iter().all(|answer| answer.status() == 200));
    let answer = client.send("GET", "/healthz", &[], Body::empty());
    assert_eq!((answer.status, answer.header("retry-after")), (429, Some("5")));
    assert!(answer.message().contains("connections"));
    drop(listening);
    client.wait(Duration::from_millis(300));
    assert_eq!(client.send("GET", "/healthz", &[], Body::empty()).status, 200);
}

#[test]
fn http2_ends_when_it_is_idle_or_an_answer_is_not_taken() {
    let (server, _certificates) = secure("limits: {idle_time: 1s, pause: 2s}\n");
    let idle = Http2::to(&server.address);
    assert_eq!(idle.send("GET", "/healthz", &[], Body::empty()).status, 200);
    assert!(idle.ends_within(Duration::from_secs(10)));

    let blob = Blob::new(vec![3; 1 << 20]);
    let client = Http2::to(&server.address);
    assert_eq!(client.send("POST", &blob.url(), BYTES, blob.bytes.clone()).status, 204);
    let left = client.head("GET", &blob.native_url()).unwrap();
    assert_eq!(left.status(), 200);
    let began = Instant::now();
    assert!(client.ends_within(Duration::from_secs(10)));
    assert!(began.elapsed() > Duration::from_millis(1_500), "it has its time");
}

#[test]
fn a_body_that_pauses_over_http2_is_given_up() {
    let (server, _certificates) = secure("limits: {pause: 1s}\n");
    let client = Http2::to(&server.address);
    let (mut sender, body) = http_body_util::channel::Channel::<bytes::Bytes>::new(4);
    let blob = Blob::new(vec![3; 1 << 20]);
    sender.try_send(hyper::body::Frame::data(vec![3; 1000].into())).unwrap();
    let answer = client.send("POST", &blob.url(), BYTES, Body::new(body));
    assert_eq!(answer.status, 408);
    drop(sender);
    assert_eq!(client.send("GET", "/healthz", &[], Body::empty()).status, 200);
    let long = "x".repeat(100 << 10);
    let answer = client.send("GET", "/healthz", &[("x-long", &long)], Body::empty());
    assert_eq!(answer.status, 431);
}

/// What is passed on is HTTP/1.1 with its host, whatever it came as.
#[test]
fn the_manager_hears_http1_and_that_it_was_https() {
    let manager = TcpListener::bind("127.0.0.1:0").unwrap();
    let upstream = manager.local_addr().unwrap();
    let (tell, heads) = mpsc::channel();
    std::thread::spawn(move || {
        for stream in manager.incoming() {
            let (mut stream, tell) = (BufReader::new(stream.unwrap()), tell.clone());
            std::thread::spawn(move || {
                loop {
                    let mut head = String::new();
                    while !head.ends_with("\r\n\r\n") {
                        if stream.read_line(&mut head).unwrap_or(0) == 0 {
                            return;
                        }
                    }
                    drop(tell.send(head.to_lowercase()));
                    let answer = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}";
                    stream.get_mut().write_all(answer).unwrap();
                }
            });
        }
    });
    let (server, _certificates) = secure(&format!("upstream: http://{upstream}\n"));
    let (server, heads) = (Arc::new(server), heads);
    let cookies = [("cookie", "a=1"), ("cookie", "b=2"), ("te", "trailers")];
    let over_http2 = Http2::to(&server.address).send("GET", "/app/two", &cookies, Body::empty());
    let mut connection = Connection::secure(&server.address);
    let over_http1 = connection.send("GET", "/app/one", &[("X-Forwarded-Proto", "gopher")], b"");
    assert_eq!((over_http2.status, over_http1.status), (200, 200));
    let heads: Vec<_> = heads.try_iter().filter(|head| head.contains("/app/")).collect();
    let [two, one] = &heads[..] else { panic!("{heads:?}") };
    for (head, host) in [(two, &*server.address), (one, "test")] {
        assert!(head.starts_with("get /app/") && head.contains(" http/1.1\r\n"), "{head}");
        assert!(head.contains("x-forwarded-proto: https\r\n"), "{head}");
        assert!(head.contains(&format!("\r\nhost: {host}\r\n")), "{head}");
        assert!(head.contains(&format!("x-forwarded-host: {host}\r\n")), "{head}");
        assert!(head.contains("x-forwarded-for: 127.0.0.1\r\n"), "{head}");
    }
    assert!(two.contains("cookie: a=1; b=2\r\n") && !two.contains("te: "), "{two}");
    assert!(
        two.contains("\r\nvia: 2.0 shaman-") && one.contains("\r\nvia: 1.1 shaman-"),
        "{two}{one}"
    );
}
