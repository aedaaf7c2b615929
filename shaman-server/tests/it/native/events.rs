//! `GET /v1/events`.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::support::{Blob, Connection, TestServer};

/// A connection on which events come.
struct Listening(Connection);

impl Listening {
    fn to(server: &TestServer, headers: &[(&str, &str)]) -> Self {
        let mut connection = server.connect();
        connection.head("GET", "/v1/events", headers, None);
        let answer = connection.head_answer();
        assert_eq!(answer.status, 200);
        assert_eq!(answer.header("content-type"), Some("text/event-stream"));
        Self(connection)
    }

    /// The next event: its id and data. `None`: the stream ended.
    fn next(&mut self) -> Option<(String, Value)> {
        let mut id = String::new();
        loop {
            let line = self.0.line()?;
            if let Some(text) = line.strip_prefix("id: ") {
                text.clone_into(&mut id);
            } else if let Some(data) = line.strip_prefix("data: ") {
                return Some((id, serde_json::from_str(data).unwrap()));
            }
        }
    }

    /// Reads up to an event of this name.
    fn until(&mut self, name: &str) -> (String, Value) {
        loop {
            let (id, data) = self.next().expect("the stream goes on");
            if data["event"] == name {
                return (id, data);
            }
        }
    }
}

#[test]
fn listeners_are_told_what_happens() {
    let server = TestServer::start();
    let mut listening = Listening::to(&server, &[]);
    let blob = Blob::new("pixels");
    server.upload(&blob);
    let (id, stored) = listening.until("stored");
    assert_eq!((&stored["blobs"], &stored["bytes"]), (&json!(1), &json!(6)));
    assert!(stored["at"].as_str().unwrap().ends_with('Z'));
    server.upload(&blob);
    server.checked_out("job", &[blob.entry("a")]);
    let (_, made) = listening.next().unwrap();
    assert_eq!((&made["event"], &made["checkout"]), (&json!("checkout_made"), &json!("job")));
    server.connect().send("DELETE", "/v1/checkouts/job", &[], b"");
    assert_eq!(listening.until("checkout_erased").1["checkout"], "job");
    server.post_json("/v1/sweep", &json!({"dry_run": false}));
    assert_eq!(listening.until("swept").1["blobs"], 0);
    let path = server.blob_path(&blob);
    std::fs::remove_file(&path).unwrap();
    std::fs::write(&path, "pixelz").unwrap();
    assert_eq!(server.status_of(&blob), "unknown");
    assert_eq!(listening.until("damaged").1["sha256"], blob.sha.as_str());
    server.post_json("/v1/scrub", &json!({}));
    listening.until("scrubbed");

    // Who comes back goes on behind what it saw.
    let mut back = Listening::to(&server, &[("Last-Event-ID", &id)]);
    assert_eq!(back.next().unwrap().1["event"], "checkout_made");
    let mut stranger = Listening::to(&server, &[("Last-Event-ID", "ff-1")]);
    assert_eq!(stranger.next().unwrap().1, json!({"at": null, "event": "lost", "events": null}));
}

#[test]
fn a_listener_that_does_not_read_holds_up_nobody() {
    let server = TestServer::start();
    let mut deaf = Listening::to(&server, &[]);
    let mut hearing = Listening::to(&server, &[]);
    let mut sender = server.connect();
    for n in 0..1_500 {
        let text = format!("blob {n}");
        let (url, length) = (Blob::new(text.as_str()).url(), text.len());
        // In one piece: a second one would wait for an acknowledgement.
        let request = format!("POST {url} HTTP/1.1\r\nContent-Length: {length}\r\n\r\n{text}");
        sender.raw(request.as_bytes()).unwrap();
        assert_eq!(sender.answer().status, 204);
        hearing.until("stored");
    }
    // Buffers in between held some, or all of it: whatever is gone is said.
    let (mut seen, mut lost) = (0, 0);
    while seen + lost < 1_500 {
        let (_, data) = deaf.next().unwrap();
        if data["event"] == "lost" {
            lost += data["events"].as_u64().unwrap();
        } else {
            seen += 1;
        }
    }
    assert_eq!(seen + lost, 1_500);
}

#[test]
fn listeners_do_not_hold_up_a_stop_and_too_many_are_refused() {
    let server = TestServer::start();
    let mut listening: Vec<Listening> = (0..100).map(|_| Listening::to(&server, &[])).collect();
    let refused = server.get("/v1/events");
    assert_eq!(refused.status, 503);
    refused.message();
    let began = Instant::now();
    assert!(server.stop().success());
    assert!(began.elapsed() < Duration::from_secs(10), "{:?}", began.elapsed());
    assert_eq!(listening.pop().unwrap().next(), None);
}
