//! Bytes on the wire that other parsers refuse, and those that must not be touched.

use std::time::Duration;

use crate::support::{Blob, TestServer};

/// What add-ons 3.6 to 3.8.5 send: the name folded by a bare line feed and a space.
fn folded_upload(blob: &Blob) -> Vec<u8> {
    let mut request = format!(
        "POST {} HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept-Encoding: identity\r\n\
         Content-Length: {}\r\nAccept: application/json\r\n\
         X-Shaman-Can-Defer-Upload: False\r\n\
         X-Shaman-Original-Filename: =?utf-8?q?a/rather/long/path/with_underscores?=\n \
         =?utf-8?q?and_a_second_word?=\r\n\
         Content-Type: application/octet-stream\r\n\
         User-Agent: Flamenco/3.8.5 (Blender add-on)\r\n\r\n",
        blob.url(),
        blob.size()
    )
    .into_bytes();
    request.extend_from_slice(&blob.bytes);
    request
}

#[test]
fn folded_headers_of_released_add_ons_are_understood() {
    let server = TestServer::start();
    let mut connection = server.connect();
    for text in ["first", "second on the same connection", ""] {
        let blob = Blob::new(text);
        connection.raw(&folded_upload(&blob)).unwrap();
        assert_eq!(connection.answer().status, 204);
        assert_eq!(server.status_of(&blob), "stored");
    }
}

#[test]
fn bodies_that_look_like_folded_heads_are_kept_byte_for_byte() {
    let server = TestServer::start();
    let text = "X: y\n z\r\n\r\nPOST / HTTP/1.1\r\nA: b\n c\r\n\r\n";
    let (short, long) = (Blob::new(text), Blob::new(text.repeat(20_000)));
    // Pipelined: both requests and a third, chunked one, in one piece.
    let mut requests = [folded_upload(&short), folded_upload(&long)].concat();
    let chunked = Blob::new(text.repeat(3));
    let (first, rest) = chunked.bytes.split_at(text.len());
    requests.extend_from_slice(
        format!(
            "POST {} HTTP/1.1\r\nHost: x\r\nTransfer-Encoding:\n chunked\r\n\r\n{:x}\r\n{}\r\n{:X};a=b\r\n{}\r\n0\r\n\r\n",
            chunked.url(),
            first.len(),
            std::str::from_utf8(first).unwrap(),
            rest.len(),
            std::str::from_utf8(rest).unwrap(),
        )
        .as_bytes(),
    );
    let mut connection = server.connect();
    connection.raw(&requests).unwrap();
    for blob in [&short, &long, &chunked] {
        let answer = connection.answer();
        assert_eq!(answer.status, 204, "{}", answer.text());
        assert_eq!(std::fs::read(server.blob_path(blob)).unwrap(), blob.bytes);
    }
}

#[test]
fn a_head_may_come_in_single_bytes() {
    let server = TestServer::start();
    let blob = Blob::new("slowly");
    let mut connection = server.connect();
    for byte in folded_upload(&blob) {
        connection.raw(&[byte]).unwrap();
    }
    assert_eq!(connection.answer().status, 204);
}

#[test]
fn long_header_lines_pass_and_endless_heads_do_not() {
    let server = TestServer::start();
    let blob = Blob::new("long line");
    let name = "n".repeat(16 << 10);
    let answer = server.connect().send(
        "POST",
        &blob.url(),
        &[("X-Shaman-Original-Filename", &name)],
        &blob.bytes,
    );
    assert_eq!(answer.status, 204);

    for line_end in ["\r\n", "\n "] {
        let mut endless = server.connect();
        endless.raw(b"GET /api/v3/version HTTP/1.1\r\n").unwrap();
        let line = format!("X: {}{line_end}{}\r\n", "a".repeat(2000), "Y: b".repeat(500));
        // The server may close before all of it is sent.
        for _ in 0..40 {
            if endless.raw(line.as_bytes()).is_err() {
                break;
            }
        }
        match endless.try_answer() {
            Ok(answer) => assert!(matches!(answer.status, 400 | 431), "{}", answer.status),
            Err(_) => assert!(endless.ends_within(Duration::from_secs(5))),
        }
    }
}

#[test]
fn a_folded_request_line_is_refused() {
    let server = TestServer::start();
    let mut connection = server.connect();
    connection.raw(b"GET /api/v3/version HTTP/1.1\r\n folded: yes\r\n\r\n").unwrap();
    assert_eq!(connection.answer().status, 400);
}

#[test]
fn names_that_cannot_be_decoded_are_no_error() {
    let server = TestServer::start();
    for (position, name) in
        ["=?koi8-r?q?=C1?=", "=?nonsense", "=?utf-8?x?a?=", "=?utf-8?b?!!?="].iter().enumerate()
    {
        let blob = Blob::new(format!("{position}"));
        let headers = [("X-Shaman-Original-Filename", *name), ("Content-Type", "text/plain")];
        assert_eq!(server.connect().send("POST", &blob.url(), &headers, &blob.bytes).status, 204);
    }
    let blob = Blob::new("raw");
    let mut connection = server.connect();
    connection
        .raw(
            &[
                format!("POST {} HTTP/1.1\r\nHost: x\r\nX-Shaman-Original-Filename: ", blob.url())
                    .as_bytes(),
                b"\xe4\xff\r\nContent-Length: 3\r\n\r\nraw",
            ]
            .concat(),
        )
        .unwrap();
    assert_eq!(connection.answer().status, 204);
}
