//! Everything that is not Shaman's goes to the Manager and back as it is.

use std::io::Read as _;
use std::time::Duration;

use shaman_tests::manager::{Fault, Setup};
use shaman_tests::wire::{Answer, Connection, ask, sha256_hex};

use crate::house::{House, PATIENCE, Way, eventually, json};

fn connect(house: &House) -> Connection {
    Connection::open("127.0.0.1", house.server.address().port(), PATIENCE).unwrap()
}

#[test]
fn pages_downloads_and_refusals_are_the_managers_own() {
    for prefix in ["", "/farm/flamenco"] {
        let house = House::with(Way::B, |setup| setup.below(prefix));
        for (method, target) in [
            ("GET", "/app/jobs/some-id"),
            ("GET", "/flamenco-addon.zip"),
            ("HEAD", "/flamenco-addon.zip"),
            ("GET", "/job-files/job-1/last-rendered.jpg?x=%2F&y=%20"),
            ("GET", "/api/v3/version"),
            ("GET", "/api/v3/openapi3.json"),
            ("GET", "/api/v3/jobs/types"),
            ("GET", "/api/v3/nothing"),
            ("OPTIONS", "/api/v3/jobs"),
            ("DELETE", "/api/v3/version"),
            ("GET", "/api/v3/jobs/no-such-job/what-would-delete-do"),
        ] {
            let direct =
                ask(house.manager.address(), method, &format!("{prefix}{target}"), &[], b"");
            let (direct, ours) =
                (direct.unwrap(), ask(house.server.address(), method, target, &[], b"").unwrap());
            assert_eq!(ours.status, direct.status, "{method} {target}");
            assert!(ours.body == direct.body, "{method} {target}");
            for name in ["Content-Type", "Content-Length", "Location"] {
                assert_eq!(ours.head.text(name), direct.head.text(name), "{method} {target}");
            }
            let target = format!("{prefix}{target}");
            let times = house.manager.seen().iter().filter(|seen| seen.target == target).count();
            assert!(times >= 2, "{target} reached the Manager as it was asked for");
        }
        // Shaman's own paths never reach it.
        assert_eq!(house.get("/api/v3/shaman/nothing").status, 404);
        assert!(!house.manager.seen().iter().any(|seen| seen.target.contains("/shaman/")));
    }
}

#[test]
fn below_a_path_of_our_own_everything_works_and_beside_it_nothing() {
    let house = House::with(Way::B, |setup| setup.below("/flamenco"));
    let house = house.configured("path_prefix: /farm/s3cret-word/");
    let url = format!("{}/farm/s3cret-word", house.server.url);
    let mut addon = shaman_tests::addon::Addon::new(&url, shaman_tests::addon::Release::Current);
    addon.start(shaman_tests::addon::Force::No).unwrap();
    let outcome = addon.submit_with_bat2(&crate::house::project(), "shot");
    assert!(outcome.submitted_ok, "{:?}", outcome.failures);
    assert!(house.get("/farm/s3cret-word/app/x?y=z").text().contains("<title>Flamenco"));
    let seen = house.manager.wait_for(PATIENCE, |seen| seen.target == "/flamenco/app/x?y=z");
    assert!(seen.is_some());
    // Its page, as somebody types the address.
    let typed = house.get("/farm/s3cret-word");
    assert_eq!((typed.status, typed.head.text("Location").as_deref()), (308, Some("s3cret-word/")));
    for (target, direct) in
        [("/farm/s3cret-word/", "/flamenco/"), ("/farm/s3cret-word/?y=z", "/flamenco/?y=z")]
    {
        let (ours, direct_) = (house.get(target), house.ask_manager("GET", direct, None));
        assert_eq!((ours.status, &ours.body), (direct_.status, &direct_.body), "{target}");
        assert_eq!(ours.head.text("Location"), direct_.head.text("Location"), "{target}");
        let times = house.manager.seen().iter().filter(|seen| seen.target == direct).count();
        assert_eq!(times, 2, "{target} reached the Manager as {direct}");
    }
    let before = house.manager.seen().len();
    for target in ["/", "/app/x", "/api/v3/version", "/api/v3/shaman/files/x/1", "/farm/app"] {
        assert_eq!(house.get(target).status, 404, "{target}");
    }
    let ours = house.manager.seen().split_off(before);
    assert!(ours.iter().all(|seen| seen.target.contains("/api/v3/jobs")), "only our own looks");
}

#[test]
fn a_body_that_waits_for_permission_gets_it() {
    let house = House::new(Way::B);
    let mut connection = connect(&house);
    let head = b"POST /socket.io/?permission HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\nExpect: 100-continue\r\n\r\n";
    connection.send(head, b"").unwrap();
    let mut said = [0; 25];
    connection.incoming().read_exact(&mut said).unwrap();
    assert_eq!(&said, b"HTTP/1.1 100 Continue\r\n\r\n");
    connection.send(b"", b"body").unwrap();
    assert_eq!(connection.receive("POST").unwrap().0.status, 200);
}

#[test]
fn the_manager_learns_for_whom_we_ask_and_nothing_about_our_connection() {
    let house = House::new(Way::B);
    let fields = [
        ("X-Forwarded-For", "10.1.2.3"),
        ("X-Forwarded-Host", "evil"),
        ("X-Forwarded-Proto", "gopher"),
        ("Connection", "keep-alive, X-Private"),
        ("X-Private", "secret"),
        ("TE", "trailers"),
        ("X-Custom", "kept"),
    ];
    let address = house.server.address();
    ask(address, "GET", "/app/x", &fields, b"").unwrap();
    let seen = house.manager.wait_for(PATIENCE, |seen| seen.target == "/app/x").unwrap();
    let text = |name: &str| seen.head.text(name);
    assert_eq!(text("X-Forwarded-For").unwrap(), "10.1.2.3, 127.0.0.1");
    assert_eq!(text("X-Forwarded-Host").unwrap(), address.to_string());
    assert_eq!(text("X-Forwarded-Proto").unwrap(), "http");
    assert_eq!(text("Host").unwrap(), address.to_string());
    assert_eq!(text("X-Custom").unwrap(), "kept");
    for name in ["X-Private", "TE", "Connection"] {
        assert_eq!(text(name), None, "{name}");
    }
}

#[test]
fn large_bodies_arrive_byte_for_byte_framed_either_way() {
    let house = House::new(Way::B);
    let body: Vec<u8> = (0..20_000_000u32).map(|n| (n % 251) as u8).collect();
    let answer = ask(house.server.address(), "POST", "/socket.io/?transport=polling", &[], &body);
    assert_eq!(answer.unwrap().status, 200);
    let seen = house.manager.wait_for(PATIENCE, |seen| seen.body_bytes == 20_000_000).unwrap();
    assert_eq!(seen.body_sha256, sha256_hex(&body));

    let mut connection = connect(&house);
    let mut chunks = Vec::new();
    for chunk in body[..3_000_000].chunks(70_001) {
        chunks.extend_from_slice(format!("{:x}\r\n", chunk.len()).as_bytes());
        chunks.extend_from_slice(chunk);
        chunks.extend_from_slice(b"\r\n");
    }
    chunks.extend_from_slice(b"0\r\n\r\n");
    let head = b"POST /socket.io/?transport=polling HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n";
    connection.send(head, &chunks).unwrap();
    assert_eq!(connection.receive("POST").unwrap().0.status, 200);
    let seen = house.manager.wait_for(PATIENCE, |seen| seen.body_bytes == 3_000_000).unwrap();
    assert_eq!(seen.body_sha256, sha256_hex(&body[..3_000_000]));
}

#[test]
fn answers_come_as_they_are_made() {
    let house = House::new(Way::B);
    let mut connection = connect(&house);
    let head = b"GET /socket.io/?transport=stream HTTP/1.1\r\nHost: h\r\n\r\n";
    connection.send(head, b"").unwrap();
    let mut seen = Vec::new();
    let mut until = |words: &str| {
        while !String::from_utf8_lossy(&seen).contains(words) {
            let mut byte = [0];
            connection.incoming().read_exact(&mut byte).unwrap();
            seen.push(byte[0]);
        }
    };
    until("begin\n");
    house.manager.emit("one event");
    until("one event\n");
    house.manager.end_streams();
    until("0\r\n\r\n");
}

#[test]
fn a_poll_waits_as_long_as_it_takes() {
    let house = House::new(Way::B);
    let address = house.server.address();
    let poll = std::thread::spawn(move || {
        ask(address, "GET", "/socket.io/?transport=polling", &[], b"").unwrap()
    });
    house.manager.wait_for(PATIENCE, |seen| seen.target.contains("polling")).unwrap();
    std::thread::sleep(Duration::from_millis(500));
    assert!(!poll.is_finished());
    house.manager.emit("42");
    assert_eq!(poll.join().unwrap().text(), "42");
}

#[test]
fn an_early_answer_reaches_a_client_that_is_still_sending() {
    let house = House::new(Way::B);
    let body = vec![7; 8 << 20];
    for fault in [Fault::EarlyThenRead(413), Fault::EarlyThenClose(413)] {
        house.manager.plan("POST", "/socket.io/", fault, 1);
        let answer = ask(house.server.address(), "POST", "/socket.io/?x", &[], &body).unwrap();
        assert_eq!(answer.status, 413);
        // The connection pool is well afterwards.
        assert_eq!(house.get("/api/v3/version").status, 200);
    }
}

#[test]
fn a_manager_that_is_away_is_said_so_and_found_again() {
    let mut house = House::new(Way::B);
    assert_eq!(house.get("/api/v3/version").status, 200);
    house.manager.stop();
    for (method, target) in
        [("GET", "/app/"), ("POST", "/api/v3/jobs"), ("DELETE", "/api/v3/jobs/x")]
    {
        let answer = house.ask(method, target, Some(&serde_json::json!({})));
        assert_eq!(answer.status, 502, "{method} {target}");
        let body = json(&answer);
        assert_eq!(body["code"], 502);
        assert!(body["message"].as_str().unwrap().contains("Manager"), "{body}");
    }
    // Uploads and checkouts go on.
    let file = shaman_tests::addon::Spec::new("a", b"a");
    let mut addon = house.addon(shaman_tests::addon::Release::Folding);
    addon.upload(&file, false).unwrap();
    addon.create_checkout(&[file], "while the Manager is away").unwrap();
    house.manager.start_again().unwrap();
    for _ in 0..20 {
        assert_eq!(house.get("/api/v3/version").status, 200, "at once, and every time");
    }
}

#[test]
fn a_cut_answer_is_cut_for_the_client_too() {
    let house = House::new(Way::B);
    house.manager.plan("GET", "/flamenco-addon.zip", Fault::CutAnswer, 1);
    let answer = ask(house.server.address(), "GET", "/flamenco-addon.zip", &[], b"");
    assert!(answer.is_err(), "half a file must not look whole");
    house.manager.plan("GET", "/app/", Fault::NoAnswer, 1);
    let answer: Answer = house.get("/app/");
    assert_eq!(answer.status, 502);
}

#[test]
fn a_client_that_leaves_takes_its_request_along() {
    let house = House::new(Way::B);
    let mut connection = connect(&house);
    let head = b"GET /socket.io/?transport=stream HTTP/1.1\r\nHost: h\r\n\r\n";
    connection.send(head, b"").unwrap();
    house.manager.wait_for(PATIENCE, |seen| seen.target.contains("stream")).unwrap();
    let open = || tcp_connections_to(house.manager.address().port());
    let with_stream = open();
    drop(connection);
    eventually("the connection to the Manager ends", || {
        // The stream notices when it has something to say.
        house.manager.emit("anything");
        open() < with_stream
    });
}

/// Established connections to a port of this machine, from its own point of view.
fn tcp_connections_to(port: u16) -> usize {
    let table = std::fs::read_to_string("/proc/net/tcp").unwrap();
    let wanted = format!(":{port:04X}");
    table
        .lines()
        .skip(1)
        .map(|line| line.split_ascii_whitespace().collect::<Vec<_>>())
        .filter(|fields| fields[1].ends_with(&wanted) && fields[3] == "01")
        .count()
}

#[test]
fn connections_to_the_manager_are_used_again() {
    let house = House::with(Way::B, |setup| Setup { head_timeout: PATIENCE, ..setup });
    for _ in 0..50 {
        assert_eq!(house.get("/api/v3/version").status, 200);
    }
    let seen = house.manager.seen();
    let kept = seen.iter().filter(|seen| seen.kept()).count();
    assert!(kept > 40, "{kept} of {}", seen.len());
}

#[test]
fn a_body_that_cannot_be_read_is_not_the_managers_fault() {
    let house = House::new(Way::B);
    let mut connection = connect(&house);
    let head = b"POST /api/v3/worker/register-worker HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n";
    connection.send(head, b"2\r\n{}\r\nzz\r\n").unwrap();
    let answer = connection.receive("POST").unwrap().0;
    assert_eq!(answer.status, 400, "{}", answer.text());
    assert!(answer.text().contains("send it again"), "{}", answer.text());
}
