//! The Manager's bad days, and what it remembers of them.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use shaman_tests::manager::{Fault, Setup};
use shaman_tests::wire::{Connection, Head, ask, sha256_hex};

use crate::studio::Studio;

const VERSION: &str = "/api/v3/version";

fn connect(studio: &Studio) -> Connection {
    Connection::open("127.0.0.1", studio.manager.address().port(), Duration::from_secs(30)).unwrap()
}

#[test]
fn every_byte_of_a_head_is_remembered() {
    let studio = Studio::without_shaman();
    let mut connection = connect(&studio);
    let head = b"GET /api/v3/version?x=%20 HTTP/1.1\r\nhOST:h\r\nX-Odd:\t\xff folded\n  on\r\nX-Odd: twice\r\nKeep-Alive: 5\r\n\r\n";
    connection.send(head, b"").unwrap();
    assert_eq!(connection.receive("GET").unwrap().0.status, 200);
    let seen = &studio.manager.seen()[0];
    assert_eq!(seen.head.raw, head);
    assert_eq!(seen.head.names(), ["hOST", "X-Odd", "X-Odd", "Keep-Alive"]);
    assert_eq!(seen.head.fields[1].value, b"\xff folded on");
    assert_eq!(seen.target, "/api/v3/version?x=%20");
}

#[test]
fn bodies_are_remembered_by_length_and_digest_in_either_framing() {
    let studio = Studio::without_shaman();
    let mut connection = connect(&studio);
    let chunked = b"POST /socket.io/ HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n";
    connection.send(chunked, b"3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n").unwrap();
    connection.receive("POST").unwrap();
    connection
        .send(b"POST /socket.io/ HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\n", b"abcde")
        .unwrap();
    connection.receive("POST").unwrap();
    for seen in studio.manager.seen() {
        assert_eq!((seen.body_bytes, seen.body.as_slice()), (5, b"abcde".as_slice()));
        assert_eq!(seen.body_sha256, sha256_hex(b"abcde"));
    }
}

#[test]
fn a_head_that_takes_too_long_ends_the_connection_without_an_answer() {
    let studio = Studio::new(|setup| Setup { head_timeout: Duration::from_millis(200), ..setup });
    let mut stream = TcpStream::connect(studio.manager.address()).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
    stream.write_all(b"GET / HTTP/1.1\r\nHost:").unwrap();
    assert_eq!(stream.read(&mut [0; 10]).unwrap(), 0);
    assert_eq!(studio.manager.seen().len(), 0);
}

#[test]
fn a_connection_may_be_idle_between_requests() {
    let studio = Studio::new(|setup| Setup { head_timeout: Duration::from_millis(200), ..setup });
    let mut connection = connect(&studio);
    for _ in 0..2 {
        connection.send(b"GET /api/v3/version HTTP/1.1\r\nHost: h\r\n\r\n", b"").unwrap();
        assert_eq!(connection.receive("GET").unwrap().0.status, 200);
        std::thread::sleep(Duration::from_millis(400));
    }
}

#[test]
fn a_request_without_host_is_refused() {
    let studio = Studio::without_shaman();
    let mut connection = connect(&studio);
    connection.send(b"GET /api/v3/version HTTP/1.1\r\n\r\n", b"").unwrap();
    let (answer, keep) = connection.receive("GET").unwrap();
    assert_eq!((answer.status, keep), (400, false));
}

#[test]
fn a_client_that_waits_for_100_gets_it_when_its_body_is_wanted() {
    let studio = Studio::without_shaman();
    let mut stream = TcpStream::connect(studio.manager.address()).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
    stream.write_all(b"POST /socket.io/ HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n").unwrap();
    let mut reader = std::io::BufReader::new(stream.try_clone().unwrap());
    assert_eq!(Head::read(&mut reader).unwrap().unwrap().first_line, "HTTP/1.1 100 Continue");
    stream.write_all(b"abc").unwrap();
    assert_eq!(Head::read(&mut reader).unwrap().unwrap().first_line, "HTTP/1.1 200 OK");
}

#[test]
fn a_long_body_that_nobody_reads_ends_the_connection_and_a_short_one_does_not() {
    let studio = Studio::with_shaman();
    let blob = studio.store.put(b"stored").unwrap();
    let head = |length| {
        format!(
            "POST /api/v3/shaman/files/{}/{} HTTP/1.1\r\nHost: h\r\nContent-Length: {length}\r\n\r\n",
            blob.sha, blob.size
        )
    };
    for (length, kept) in [(1000, true), (5_000_000, false)] {
        let mut connection = connect(&studio);
        connection.send(head(length).as_bytes(), &vec![0; length]).unwrap();
        let (answer, keep) = connection.receive("POST").unwrap();
        assert_eq!((answer.status, keep), (208, kept), "{length} bytes");
        let read = studio.manager.seen().last().unwrap().body_bytes;
        assert_eq!(read, if kept { 1000 } else { 0 });
    }
}

#[test]
fn faults_come_as_often_as_planned_and_then_no_more() {
    let studio = Studio::without_shaman();
    let address = studio.manager.address();
    studio.manager.plan("GET", VERSION, Fault::CutRequest, 1);
    studio.manager.plan("GET", VERSION, Fault::CutAnswer, 1);
    studio.manager.plan("GET", VERSION, Fault::NoAnswer, 1);
    studio.manager.plan("POST", VERSION, Fault::CutRequest, 1);
    for _ in 0..3 {
        assert!(ask(address, "GET", VERSION, &[], b"").is_err());
    }
    assert_eq!(ask(address, "GET", VERSION, &[], b"").unwrap().status, 200);
    let statuses: Vec<_> = studio.manager.seen().iter().map(|seen| seen.status).collect();
    assert_eq!(statuses, [None, Some(200), None, Some(200)]);
}

#[test]
fn slow_dripping_and_informational_answers_arrive_whole() {
    let studio = Studio::without_shaman();
    let address = studio.manager.address();
    let expected = ask(address, "GET", VERSION, &[], b"").unwrap().body;
    studio.manager.plan("GET", VERSION, Fault::Slow(Duration::from_millis(300)), 1);
    let start = Instant::now();
    assert_eq!(ask(address, "GET", VERSION, &[], b"").unwrap().body, expected);
    assert!(start.elapsed() >= Duration::from_millis(300));

    studio.manager.plan("GET", VERSION, Fault::Drip(Duration::from_millis(1)), 1);
    let dripped = ask(address, "GET", VERSION, &[], b"").unwrap();
    assert!(dripped.head.says("Transfer-Encoding", "chunked"));
    assert_eq!(dripped.body, expected);

    studio.manager.plan("GET", VERSION, Fault::InformationalFirst(100), 1);
    studio.manager.plan("GET", VERSION, Fault::InformationalFirst(103), 1);
    assert_eq!(ask(address, "GET", VERSION, &[], b"").unwrap().body, expected);
    assert_eq!(
        ask(address, "GET", VERSION, &[], b"").unwrap().status,
        103,
        "http.client knows only 100"
    );
}

#[test]
fn a_stopped_manager_cuts_connections_and_comes_back_on_the_same_port() {
    let mut studio = Studio::without_shaman();
    let address = studio.manager.address();
    let mut idle = connect(&studio);
    idle.send(b"GET /api/v3/version HTTP/1.1\r\nHost: h\r\n\r\n", b"").unwrap();
    idle.receive("GET").unwrap();
    studio.manager.stop();
    assert!(idle.is_dropped());
    assert!(TcpStream::connect(address).is_err());
    studio.manager.start_again().unwrap();
    assert_eq!(ask(address, "GET", VERSION, &[], b"").unwrap().status, 200);
    assert_eq!(studio.manager.seen().len(), 2, "what was seen stays");
}
