//! Several people send the same file at once.

use std::time::{Duration, Instant};

use crate::support::{Blob, Connection, TestServer};

const HEADERS: &[(&str, &str)] = &[("X-Shaman-Can-Defer-Upload", "True")];

/// Sends the head and half of the body, and waits until the server has seen it.
fn begin(server: &TestServer, blob: &Blob) -> Connection {
    let mut connection = server.connect();
    connection.head("POST", &blob.url(), HEADERS, Some(blob.size()));
    connection.raw(&blob.bytes[..blob.size() / 2]).unwrap();
    while server.status_of(blob) != "uploading" {
        std::thread::sleep(Duration::from_millis(10));
    }
    connection
}

#[test]
fn a_create_waits_for_a_file_that_somebody_is_sending() {
    let server = TestServer::start();
    let blob = Blob::new("a file that takes its time");
    let mut sender = begin(&server, &blob);
    std::thread::scope(|scope| {
        let create = scope.spawn(|| server.create("job", &[blob.entry("a")]));
        std::thread::sleep(Duration::from_millis(300));
        assert!(!create.is_finished(), "the answer would be that the file is missing");
        sender.raw(&blob.bytes[blob.size() / 2..]).unwrap();
        assert_eq!(sender.answer().status, 204);
        assert_eq!(create.join().unwrap().status, 200);
    });
}

#[test]
fn a_create_stops_waiting_when_the_sender_vanishes() {
    let server = TestServer::start();
    let blob = Blob::new("a file whose sender goes away");
    let sender = begin(&server, &blob);
    std::thread::scope(|scope| {
        let create = scope.spawn(|| server.create("job", &[blob.entry("a")]));
        std::thread::sleep(Duration::from_millis(300));
        drop(sender);
        assert_eq!(create.join().unwrap().status, 424);
    });
}

#[test]
fn a_create_waits_for_a_file_that_comes_slowly() {
    let server = TestServer::start();
    let blob = Blob::new("a line at a time\n".repeat(100));
    let mut sender = begin(&server, &blob);
    std::thread::scope(|scope| {
        let create = scope.spawn(|| server.create("job", &[blob.entry("a")]));
        for part in blob.bytes[blob.size() / 2..].chunks(blob.size() / 24) {
            std::thread::sleep(Duration::from_secs(1));
            sender.raw(part).unwrap();
        }
        assert_eq!(sender.answer().status, 204);
        assert_eq!(create.join().unwrap().status, 200);
    });
}

#[test]
fn a_create_does_not_wait_longer_than_configured() {
    let server = TestServer::configured("upload_wait: 1s");
    let blob = Blob::new("a file that never comes");
    let sender = begin(&server, &blob);
    let start = Instant::now();
    assert_eq!(server.create("job", &[blob.entry("a")]).status, 424);
    assert!(start.elapsed() >= Duration::from_secs(1));
    drop(sender);
}

#[test]
fn a_create_does_not_wait_for_a_file_that_stopped_coming() {
    let server = TestServer::configured("upload_wait: 10m");
    let blob = Blob::new("a file that stopped");
    let sender = begin(&server, &blob);
    assert_eq!(server.create("job", &[blob.entry("a")]).status, 424, "within 30 seconds");
    drop(sender);
}

#[test]
fn nobody_is_told_to_come_back_unless_configured() {
    for (config, status) in [("", 204), ("defer: true", 425)] {
        let server = TestServer::configured(config);
        let blob = Blob::new("wanted by two");
        let mut first = begin(&server, &blob);
        let mut second = server.connect();
        assert_eq!(second.send("POST", &blob.url(), HEADERS, &blob.bytes).status, status);
        first.raw(&blob.bytes[blob.size() / 2..]).unwrap();
        let first = first.answer().status;
        assert!(first == 204 || first == 208, "{first}");
        assert_eq!(server.status_of(&blob), "stored");
        // Who must not be deferred never is.
        let other = Blob::new("wanted now");
        let sender = begin(&server, &other);
        assert_eq!(server.upload(&other).status, 204);
        drop(sender);
    }
}
