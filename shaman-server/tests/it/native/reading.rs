//! `GET` and `HEAD /v1/blobs/{blob}`.

use crate::support::{Answer, Blob, TestServer};

fn get(server: &TestServer, blob: &Blob, headers: &[(&str, &str)]) -> Answer {
    server.connect().send("GET", &blob.native_url(), headers, b"")
}

/// Bytes of which every piece is another one.
fn varied(bytes: u32) -> Vec<u8> {
    (0..bytes / 4).flat_map(|n| n.wrapping_mul(0x9e37_79b9).to_le_bytes()).collect()
}

#[test]
fn a_blob_is_read_back_with_a_tag_that_never_changes() {
    let server = TestServer::start();
    for blob in [Blob::new("pixels"), Blob::new(""), Blob::new(varied(3_000_000))] {
        server.upload(&blob);
        let answer = get(&server, &blob, &[]);
        assert_eq!((answer.status, &answer.body), (200, &blob.bytes));
        let tag = format!("\"{}-{}\"", blob.sha, blob.size());
        assert_eq!(answer.header("etag"), Some(tag.as_str()));
        assert!(answer.header("cache-control").unwrap().contains("immutable"));
        assert_eq!(answer.header("accept-ranges"), Some("bytes"));
        let not_modified = get(&server, &blob, &[("If-None-Match", &format!("\"x\", {tag}"))]);
        assert_eq!((not_modified.status, not_modified.body.len()), (304, 0));

        let mut connection = server.connect();
        connection.head("HEAD", &blob.native_url(), &[], None);
        let head = connection.head_answer();
        assert_eq!(head.status, 200);
        assert_eq!(head.header("content-length"), Some(blob.size().to_string().as_str()));
        // Nothing but the head came: the connection goes on with the next answer.
        assert_eq!(connection.send("GET", &blob.native_url(), &[], b"").body, blob.bytes);
    }
}

#[test]
fn ranges_give_parts_and_hostile_ones_do_no_harm() {
    let server = TestServer::start();
    let blob = Blob::new(varied(1_000_000));
    server.upload(&blob);
    for (range, part) in [
        ("bytes=0-0", 0..1),
        ("bytes=262143-262145", 262_143..262_146),
        ("bytes=999990-", 999_990..1_000_000),
        ("bytes=-7", 999_993..1_000_000),
        ("bytes=5-99999999999999999999999999", 5..1_000_000),
    ] {
        let answer = get(&server, &blob, &[("Range", range)]);
        assert_eq!(answer.status, 206, "{range}");
        let content_range = format!("bytes {}-{}/1000000", part.start, part.end - 1);
        assert_eq!(answer.header("content-range"), Some(content_range.as_str()));
        assert_eq!(answer.body, blob.bytes[part], "{range}");
    }
    for range in ["bytes=1000000-", "bytes=-0", "bytes=99999999999999999999-"] {
        let answer = get(&server, &blob, &[("Range", range)]);
        assert_eq!(answer.status, 416, "{range}");
        assert_eq!(answer.header("content-range"), Some("bytes */1000000"));
        answer.message();
    }
    let many = format!("bytes={}", "0-999999,".repeat(1_000));
    for range in ["bytes=5-4", "bytes=a-b", "pages=1-2", "bytes=--5", &many] {
        let answer = get(&server, &blob, &[("Range", range)]);
        assert_eq!((answer.status, answer.body.len()), (200, 1_000_000), "{range}");
    }
    let other = [("Range", "bytes=0-4"), ("If-Range", "\"another\"")];
    assert_eq!(get(&server, &blob, &other).status, 200, "no part of something else");
    let tag = format!("\"{}-{}\"", blob.sha, blob.size());
    let same = [("Range", "bytes=0-4"), ("If-Range", tag.as_str())];
    assert_eq!(get(&server, &blob, &same).status, 206);
}

#[test]
fn what_is_not_there_answers_404_and_what_is_no_name_400() {
    let server = TestServer::start();
    let blob = Blob::new("never sent");
    let missing = get(&server, &blob, &[]);
    assert_eq!(missing.status, 404);
    missing.message();
    for name in ["x", "ab-1", &format!("{}-", blob.sha), &format!("{}-%2e%2e", blob.sha), "..%2Fx"]
    {
        let answer = server.get(&format!("/v1/blobs/{name}"));
        assert_eq!(answer.status, 400, "{name}");
        answer.message();
    }
    let path = server.blob_path(&blob);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(&path, "torn").unwrap();
    assert_eq!(get(&server, &blob, &[]).status, 404, "another size is no blob");
}

#[test]
fn a_reader_that_vanishes_or_stops_reading_disturbs_nobody() {
    let server = TestServer::start();
    let blob = Blob::new(varied(40_000_000));
    server.upload(&blob);
    let mut idle: Vec<_> = (0..70).map(|_| server.connect()).collect();
    for connection in &mut idle {
        connection.head("GET", &blob.native_url(), &[], None);
    }
    drop(idle.split_off(35));
    // More than there are blocking threads.
    assert_eq!(get(&server, &blob, &[("Range", "bytes=39999999-")]).body.len(), 1);
    assert_eq!(server.upload(&Blob::new("goes on")).status, 204);
}
