//! `PUT /v1/blobs/{blob}`: uploads that go on, and those that are packed.

use crate::support::{Answer, Blob, Connection, TestServer, eventually};

/// Bytes that do not pack, four of them for each number.
fn varied(numbers: u32) -> Blob {
    let bytes: Vec<u8> = (0..numbers)
        .flat_map(|n| n.wrapping_mul(0x9e37_79b9).rotate_left(9).to_le_bytes())
        .collect();
    Blob::new(bytes)
}

fn upload_url(blob: &Blob) -> String {
    format!("/v1/uploads/{}", blob.named())
}

fn put(server: &TestServer, blob: &Blob, headers: &[(&str, &str)], body: &[u8]) -> Answer {
    server.connect().send("PUT", &blob.native_url(), headers, body)
}

/// How far the upload is; `None`: nothing is kept.
fn offset(server: &TestServer, blob: &Blob) -> Option<usize> {
    let mut connection = server.connect();
    connection.head("HEAD", &upload_url(blob), &[], None);
    let answer = connection.head_answer();
    let number = answer.header("upload-offset").map(|text| text.parse().unwrap());
    match answer.status {
        204 => {
            let complete = if number.is_some() { "?0" } else { "?1" };
            assert_eq!(answer.header("upload-complete"), Some(complete));
            assert_eq!(answer.header("upload-length"), Some(blob.size().to_string().as_str()));
            number.or(Some(blob.size()))
        }
        404 => None,
        status => panic!("{status}"),
    }
}

/// Sends the head of all of it and so many bytes.
fn begin(server: &TestServer, blob: &Blob, bytes: usize) -> Connection {
    let mut connection = server.connect();
    connection.head("PUT", &blob.native_url(), &[], Some(blob.size()));
    connection.raw(&blob.bytes[..bytes]).unwrap();
    connection
}

/// Goes on where the server says, and gives that.
fn resume(server: &TestServer, blob: &Blob) -> usize {
    let from = offset(server, blob).expect("something is kept");
    let answer = put(server, blob, &[("Upload-Offset", &from.to_string())], &blob.bytes[from..]);
    assert_eq!(answer.status, 201, "{}", answer.text());
    assert_eq!(std::fs::read(server.blob_path(blob)).unwrap(), blob.bytes);
    from
}

#[test]
fn a_blob_is_put_once() {
    let server = TestServer::start();
    for blob in [varied(1_000_000), Blob::new("small"), Blob::new("")] {
        let answer = put(&server, &blob, &[], &blob.bytes);
        assert_eq!((answer.status, answer.header("upload-complete")), (201, Some("?1")));
        assert_eq!(put(&server, &blob, &[], &blob.bytes).status, 204, "it was there");
        assert_eq!(std::fs::read(server.blob_path(&blob)).unwrap(), blob.bytes);
        assert_eq!(offset(&server, &blob), Some(blob.size()), "it is complete");
    }
    assert!(server.leftovers().is_empty());
    let blob = Blob::new("pixels");
    for body in [b"pixelz".as_slice(), b"pix", b"pixels and more"] {
        let answer = put(&server, &blob, &[], body);
        assert_eq!(answer.status, 422);
        answer.message();
    }
    assert_eq!(server.status_of(&blob), "unknown");
    assert!(server.leftovers().is_empty());
}

#[test]
fn an_upload_goes_on_after_a_lost_connection() {
    let server = TestServer::start();
    let blob = varied(1_500_000);
    assert_eq!(offset(&server, &blob), None);
    drop(begin(&server, &blob, 4_000_000));
    eventually("what came is kept", || offset(&server, &blob).is_some_and(|at| at > 3_000_000));
    assert_eq!(server.status_of(&blob), "unknown", "a part is no blob");
    let from = resume(&server, &blob);
    assert!(from <= 4_000_000);
    assert!(server.leftovers().is_empty());
}

#[test]
fn an_upload_goes_on_although_the_server_still_waits_for_the_lost_connection() {
    let server = TestServer::start();
    let blob = varied(1_500_000);
    let mut lost = begin(&server, &blob, 3_000_000);
    eventually("most has come", || offset(&server, &blob).is_some_and(|at| at > 2_500_000));
    resume(&server, &blob);
    // The one that was lost comes back to life.
    lost.raw(&blob.bytes[3_000_000..]).unwrap();
    let answer = lost.answer();
    assert!(matches!(answer.status, 204 | 409), "{} {}", answer.status, answer.text());
    assert_eq!(std::fs::read(server.blob_path(&blob)).unwrap(), blob.bytes);
    eventually("nothing is left", || server.leftovers().is_empty());
}

#[test]
fn an_upload_goes_on_after_a_restart_and_after_a_kill() {
    let server = TestServer::start();
    let blob = varied(1_500_000);
    let connection = begin(&server, &blob, 2_000_000);
    eventually("something has come", || offset(&server, &blob).is_some_and(|at| at > 1_000_000));
    let folder = std::sync::Arc::clone(&server.folder);
    server.kill();
    drop(connection);
    let server = TestServer::start_in(&folder, "state");
    let before = offset(&server, &blob).unwrap();
    assert!(before > 1_000_000);
    let headers = [("Upload-Offset", before.to_string()), ("Upload-Complete", "?0".to_owned())];
    let headers = headers.each_ref().map(|(name, value)| (*name, value.as_str()));
    let some = put(&server, &blob, &headers, &blob.bytes[before..4_000_000]);
    assert_eq!((some.status, some.header("upload-offset")), (202, Some("4000000")));
    assert!(server.stop().success());
    let server = TestServer::start_in(&folder, "state");
    assert_eq!(resume(&server, &blob), 4_000_000);
    assert!(server.leftovers().is_empty());
}

#[test]
fn an_upload_that_begins_anew_leaves_nothing_of_the_one_before() {
    let server = TestServer::start();
    let blob = varied(1_500_000);
    let connection = begin(&server, &blob, 2_000_000);
    eventually("something has come", || offset(&server, &blob).is_some_and(|at| at > 1_000_000));
    let folder = std::sync::Arc::clone(&server.folder);
    server.kill();
    drop(connection);
    let server = TestServer::start_in(&folder, "state");
    assert_eq!(server.leftovers().len(), 1, "the part");
    assert_eq!(put(&server, &blob, &[], &blob.bytes).status, 201);
    assert!(server.leftovers().is_empty());
}

#[test]
fn an_offset_that_is_wrong_changes_nothing_and_says_the_right_one() {
    let server = TestServer::start();
    let blob = varied(1_000_000);
    let none = put(&server, &blob, &[("Upload-Offset", "5")], &blob.bytes[5..]);
    assert_eq!((none.status, none.header("upload-offset")), (409, Some("0")));
    none.message();
    let some = put(&server, &blob, &[("Upload-Complete", "?0")], &blob.bytes[..1_000_000]);
    assert_eq!(some.status, 202);
    for wrong in ["5", "999999", "1000001", "4000000", "99999999999"] {
        let from: usize = wrong.parse().unwrap();
        let rest = blob.bytes.get(from..).unwrap_or_default();
        let answer = put(&server, &blob, &[("Upload-Offset", wrong)], rest);
        assert!(matches!(answer.status, 409 | 422), "{wrong}: {}", answer.status);
        answer.message();
        assert_eq!(offset(&server, &blob), Some(1_000_000), "{wrong}");
    }
    for headers in [
        [("Upload-Offset", "-1")],
        [("Upload-Offset", "x")],
        [("Upload-Complete", "yes")],
        [("Upload-Offset", "99999999999999999999999")],
    ] {
        assert_eq!(put(&server, &blob, &headers, b"x").status, 400, "{headers:?}");
    }
    let patch = server.connect().send("PATCH", &upload_url(&blob), &[], b"x");
    assert_eq!(patch.status, 400, "it has to say where");
    let rest = &blob.bytes[1_000_000..];
    let headers = [("Upload-Offset", "1000000"), ("Content-Type", "application/partial-upload")];
    assert_eq!(server.connect().send("PATCH", &upload_url(&blob), &headers, rest).status, 201);
}

#[test]
fn a_part_that_is_wrong_never_becomes_a_blob() {
    let server = TestServer::start();
    let blob = varied(1_000_000);
    put(&server, &blob, &[("Upload-Complete", "?0")], &vec![7; 1_000_000]);
    let rest = &blob.bytes[1_000_000..];
    let answer = put(&server, &blob, &[("Upload-Offset", "1000000")], rest);
    assert_eq!(answer.status, 422, "{}", answer.text());
    assert_eq!((server.status_of(&blob).as_str(), offset(&server, &blob)), ("unknown", None));
    assert!(server.leftovers().is_empty());
    // What somebody did to the part on disk counts as well.
    put(&server, &blob, &[("Upload-Complete", "?0")], &blob.bytes[..1_000_000]);
    std::fs::write(&server.leftovers()[0], vec![7; 1_000_000]).unwrap();
    assert_eq!(put(&server, &blob, &[("Upload-Offset", "1000000")], rest).status, 422);
    assert_eq!(put(&server, &blob, &[], &blob.bytes).status, 201, "and it begins anew");
    let other = varied(1_000_001);
    put(&server, &other, &[("Upload-Complete", "?0")], &other.bytes[..1_000_000]);
    assert_eq!(server.connect().send("DELETE", &upload_url(&other), &[], b"").status, 204);
    assert_eq!(server.connect().send("DELETE", &upload_url(&other), &[], b"").status, 404);
    assert!(server.leftovers().is_empty());
}

#[test]
fn a_part_of_a_small_blob_is_kept_when_the_sender_says_that_it_is_one() {
    let server = TestServer::start();
    let blob = Blob::new("in two parts");
    let first = put(&server, &blob, &[("Upload-Complete", "?0")], &blob.bytes[..5]);
    assert_eq!((first.status, first.header("upload-offset")), (202, Some("5")));
    let whole =
        put(&server, &blob, &[("Upload-Complete", "?0"), ("Upload-Offset", "5")], &blob.bytes[5..]);
    assert_eq!((whole.status, whole.header("upload-offset")), (202, Some("12")), "not yet");
    let end = put(&server, &blob, &[("Upload-Offset", "12")], b"");
    assert_eq!(end.status, 201, "{}", end.text());
    assert!(server.leftovers().is_empty());
}

#[test]
fn two_senders_of_one_blob_both_get_a_true_answer() {
    let server = TestServer::start();
    let blob = varied(1_000_000);
    let mut slow = begin(&server, &blob, 2_000_000);
    eventually("it has begun", || offset(&server, &blob).is_some());
    assert_eq!(put(&server, &blob, &[], &blob.bytes).status, 201, "it does not wait");
    slow.raw(&blob.bytes[2_000_000..]).unwrap();
    assert_eq!(slow.answer().status, 204);
    eventually("nothing is left", || server.leftovers().is_empty());
}

#[test]
fn packed_bodies_are_unpacked_and_bombs_are_stopped() {
    let server = TestServer::start();
    let zstd = [("Content-Encoding", "zstd")];
    let pack = |bytes: &[u8]| zstd::encode_all(bytes, 3).unwrap();
    for blob in [varied(1_000_000), Blob::new(vec![0; 50_000_000]), Blob::new("x"), Blob::new("")] {
        let answer = put(&server, &blob, &zstd, &pack(&blob.bytes));
        assert_eq!(answer.status, 201, "{}", answer.text());
        assert_eq!(std::fs::read(server.blob_path(&blob)).unwrap(), blob.bytes);
    }
    // 10 MB that unpack to 100 GB, as a blob of 3 MB.
    let small = Blob::new(vec![1; 3_000_000]);
    let bomb = pack(&vec![0; 100_000_000]).repeat(1_000);
    let answer = put(&server, &small, &zstd, &bomb);
    assert_eq!(answer.status, 422, "{}", answer.text());
    assert!(answer.message().contains("declared 3000000"), "{}", answer.message());
    // Frames that unpack to nothing, for ever.
    let nothing = pack(b"").repeat(1_000_000);
    assert_eq!(put(&server, &Blob::new("y"), &zstd, &nothing).status, 400);
    let packed = pack(&varied(10_000).bytes);
    let cut = put(&server, &varied(10_000), &zstd, &packed[..packed.len() - 4]);
    assert!(matches!(cut.status, 400 | 422), "{}", cut.status);
    assert_eq!(put(&server, &varied(10_000), &zstd, b"no zstd at all").status, 400);
    let other = put(&server, &small, &[("Content-Encoding", "br")], b"x");
    assert_eq!(other.status, 415);
    other.message();
    // A part of one encoding, the rest of another.
    let blob = varied(1_000_000);
    let (first, rest) = blob.bytes.split_at(1_500_000);
    let other = Blob::new([rest, first].concat());
    let (first, rest) = other.bytes.split_at(1_500_000);
    let begun = [("Content-Encoding", "zstd"), ("Upload-Complete", "?0")];
    let answer = put(&server, &other, &begun, &pack(first));
    assert_eq!((answer.status, answer.header("upload-offset")), (202, Some("1500000")));
    let goes_on = [("Content-Encoding", "zstd"), ("Upload-Offset", "1500000")];
    assert_eq!(put(&server, &other, &goes_on, &pack(rest)).status, 201);
    eventually("nothing is left but the part of the bomb", || server.leftovers().len() <= 1);
}

#[test]
fn old_parts_are_swept() {
    let server = TestServer::start();
    let (old, young) = (varied(600_000), varied(600_001));
    for blob in [&old, &young] {
        put(&server, blob, &[("Upload-Complete", "?0")], &blob.bytes[..1_000_000]);
    }
    let of_old = server
        .leftovers()
        .into_iter()
        .find(|path| path.to_str().unwrap().contains(old.sha.split_at(2).1));
    let two_days_ago = std::time::SystemTime::now() - std::time::Duration::from_hours(48);
    std::fs::File::open(of_old.unwrap()).unwrap().set_modified(two_days_ago).unwrap();
    server.post_json("/v1/sweep", &serde_json::json!({"dry_run": true}));
    assert_eq!(server.leftovers().len(), 2);
    server.post_json("/v1/sweep", &serde_json::json!({"dry_run": false}));
    assert_eq!((offset(&server, &old), offset(&server, &young)), (None, Some(1_000_000)));
}
