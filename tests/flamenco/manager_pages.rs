//! What a Manager serves beside jobs: configuration, pages, and `/socket.io/`.

use std::io::{BufRead as _, Read as _};
use std::time::Duration;

use serde_json::{Value, json};
use shaman_tests::manager::Setup;
use shaman_tests::wire::{Answer, Connection, ask};

use crate::studio::Studio;

const PATIENCE: Duration = Duration::from_secs(30);

fn get(studio: &Studio, target: &str) -> Answer {
    ask(studio.manager.address(), "GET", target, &[], b"").unwrap()
}

fn value(answer: &Answer) -> Value {
    assert_eq!(answer.head.text("Content-Type").unwrap(), "application/json");
    assert_eq!(answer.body.last(), Some(&b'\n'));
    serde_json::from_slice(&answer.body).unwrap()
}

#[test]
fn the_web_interface_is_told_where_the_storage_is() {
    let studio = Studio::new(|setup| Setup { first_run: true, ..setup });
    let summary = value(&get(&studio, "/api/v3/configuration"));
    assert_eq!(
        summary,
        json!({ "isFirstRun": true, "shamanEnabled": false, "storageLocation": studio.root() })
    );
}

#[test]
fn the_configuration_file_is_shown_and_replaced_whole() {
    let studio = Studio::with_shaman();
    let file = value(&get(&studio, "/api/v3/configuration/file"));
    assert_eq!(
        file["shaman"],
        json!({ "enabled": true, "garbageCollect": { "maxAge": "744h", "period": "24h" } })
    );
    let put = |body: &Value| {
        let fields = [("Content-Type", "application/json")];
        ask(
            studio.manager.address(),
            "PUT",
            "/api/v3/configuration/file",
            &fields,
            body.to_string().as_bytes(),
        )
        .unwrap()
    };
    assert_eq!(put(&json!({ "shaman": { "garbageCollect": { "period": 0 } } })).status, 400);
    assert_eq!(put(&json!({ "shared_storage_path": "/elsewhere" })).status, 204);
    let summary = value(&get(&studio, "/api/v3/configuration"));
    assert_eq!(
        summary["storageLocation"], "/elsewhere",
        "it is read anew, and Shaman is off when left out"
    );
    let file = value(&get(&studio, "/api/v3/configuration/file"));
    assert_eq!(file["shaman"]["garbageCollect"]["maxAge"], "0s");
    let status = get(&studio, "/api/v3/shaman/files/abcd/1");
    assert_eq!(status.status, 200, "Shaman stays as it was started");
}

#[test]
fn options_are_answered_and_other_methods_are_not() {
    let studio = Studio::with_shaman();
    for path in ["/api/v3/version", "/api/v3/shaman/checkout/create"] {
        let status = |method| ask(studio.manager.address(), method, path, &[], b"").unwrap().status;
        assert_eq!((status("OPTIONS"), status("HEAD"), status("PATCH")), (204, 405, 405), "{path}");
    }
}

#[test]
fn json_is_escaped_and_sorted_as_gos() {
    let studio = Studio::new(|setup| Setup { version: "<3&4>".to_owned(), ..setup });
    let text = get(&studio, "/api/v3/version").text();
    assert!(
        text.starts_with(
            r#"{"git":"cf286e718977","name":"Flamenco","shortversion":"\u003c3\u00264\u003e","#
        ),
        "{text}"
    );
}

#[test]
fn a_storage_path_can_be_checked() {
    let studio = Studio::with_shaman();
    let check = |path: &str| {
        let body = json!({ "path": path }).to_string();
        let fields = [("Content-Type", "application/json")];
        let target = "/api/v3/configuration/check/shared-storage";
        value(&ask(studio.manager.address(), "POST", target, &fields, body.as_bytes()).unwrap())
    };
    assert_eq!(check(studio.root().to_str().unwrap())["is_usable"], true);
    assert_eq!(
        check(r"\\nas\x")["cause"],
        "UNC notation is not supported. Mount as a drive letter instead."
    );
    for path in ["", "/no/such/folder", "/etc/hostname"] {
        assert_eq!(check(path)["is_usable"], false, "{path}");
    }
}

#[test]
fn pages_downloads_and_unknown_paths_are_served_below_the_prefix_only() {
    let studio = Studio::new(|setup| setup.below("/farm/flamenco"));
    assert!(get(&studio, "/farm/flamenco/app/jobs/some-id").text().contains("<title>Flamenco"));
    let zip = get(&studio, "/farm/flamenco/flamenco-addon.zip");
    assert_eq!(
        (zip.body.len(), zip.head.text("Content-Length").unwrap()),
        (3 << 20, (3 << 20).to_string())
    );
    assert_eq!(get(&studio, "/farm/flamenco/job-files/job-1/last-rendered.jpg").status, 200);
    let unknown = get(&studio, "/farm/flamenco/api/v3/nothing");
    assert_eq!((unknown.status, unknown.text()), (404, "{\"message\":\"Not Found\"}\n".to_owned()));
    assert_eq!(get(&studio, "/api/v3/version").status, 404);
    let delete =
        ask(studio.manager.address(), "DELETE", "/farm/flamenco/api/v3/version", &[], b"").unwrap();
    assert_eq!(delete.status, 405);
}

#[test]
fn a_websocket_sends_back_what_comes() {
    let studio = Studio::without_shaman();
    let mut connection =
        Connection::open("127.0.0.1", studio.manager.address().port(), PATIENCE).unwrap();
    let head = b"GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
    connection.send(head, b"\x81\x02hi").unwrap();
    let (answer, _) = connection.receive("GET").unwrap();
    assert_eq!(answer.status, 101);
    assert_eq!(answer.head.text("Sec-WebSocket-Accept").unwrap(), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
    let mut frame = [0; 4];
    connection.incoming().read_exact(&mut frame).unwrap();
    assert_eq!(&frame, b"\x81\x02hi");
    connection.send(b"\x8a\x00", b"").unwrap();
    let mut pong = [0; 2];
    connection.incoming().read_exact(&mut pong).unwrap();
    assert_eq!(&pong, b"\x8a\x00");
}

#[test]
fn a_poll_is_answered_when_something_happens() {
    let studio = Studio::without_shaman();
    let address = studio.manager.address();
    let poll = std::thread::spawn(move || {
        ask(address, "GET", "/socket.io/?transport=polling", &[], b"").unwrap()
    });
    studio.manager.wait_for(PATIENCE, |seen| seen.target.contains("polling")).unwrap();
    std::thread::sleep(Duration::from_millis(300));
    assert!(!poll.is_finished());
    studio.manager.emit("42[\"/jobs\"]");
    assert_eq!(poll.join().unwrap().text(), "42[\"/jobs\"]");
}

#[test]
fn a_stream_comes_piece_by_piece_while_it_is_made() {
    let studio = Studio::without_shaman();
    let mut connection =
        Connection::open("127.0.0.1", studio.manager.address().port(), PATIENCE).unwrap();
    connection.send(b"GET /socket.io/?transport=stream HTTP/1.1\r\nHost: h\r\n\r\n", b"").unwrap();
    let reader = connection.incoming();
    let head = shaman_tests::wire::Head::read(reader).unwrap().unwrap();
    assert!(head.says("Transfer-Encoding", "chunked"));
    let mut chunk = || {
        let mut lines = [String::new(), String::new()];
        for line in &mut lines {
            reader.read_line(line).unwrap();
        }
        if lines[0] != "0\r\n" {
            reader.read_line(&mut String::new()).unwrap();
        }
        lines[1].trim_end().to_owned()
    };
    assert_eq!(chunk(), "begin");
    studio.manager.emit("one");
    assert_eq!(chunk(), "one");
    studio.manager.emit("two");
    studio.manager.end_streams();
    assert_eq!(chunk(), "two");
    assert_eq!(chunk(), "");
}
