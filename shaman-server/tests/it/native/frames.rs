//! `POST /v1/blobs`: many small blobs in one body.

use shaman_proto::wire::blobs::{FRAMES_TYPE, Fate, FramesAnswer, encode_name};

use crate::support::{Answer, Blob, Connection, TestServer, eventually};

const URL: &str = "/v1/blobs";
const HEADERS: [(&str, &str); 1] = [("Content-Type", FRAMES_TYPE)];

fn frame(blob: &Blob) -> Vec<u8> {
    [encode_name(&blob.named()).as_slice(), &blob.bytes].concat()
}

fn body(blobs: &[Blob]) -> Vec<u8> {
    blobs.iter().flat_map(frame).collect()
}

fn send(server: &TestServer, body: &[u8]) -> Answer {
    server.connect().send("POST", URL, &HEADERS, body)
}

/// The fates, whose names must be those of these blobs, in order.
fn fates(answer: &Answer, blobs: &[Blob]) -> Vec<Fate> {
    let answer: FramesAnswer = serde_json::from_slice(&answer.body).unwrap();
    assert_eq!(answer.frames.len(), blobs.len());
    let told = answer.frames.into_iter().zip(blobs);
    told.map(|(frame, blob)| {
        assert_eq!((frame.sha256, frame.size), (blob.named().digest, blob.named().size));
        frame.fate
    })
    .collect()
}

fn begin(server: &TestServer, length: usize) -> Connection {
    let mut connection = server.connect();
    connection.head("POST", URL, &HEADERS, Some(length));
    connection
}

#[test]
fn every_frame_has_its_fate_and_a_bad_one_does_not_spoil_its_neighbours() {
    let server = TestServer::start();
    let had = Blob::new("had before");
    server.upload(&had);
    let lying = Blob { bytes: b"pixelz".to_vec(), ..Blob::new("pixels") };
    let large = Blob::new(vec![5; (1 << 20) + 1]);
    let largest = Blob::new(vec![6; 1 << 20]);
    let blobs = [
        Blob::new("first"),
        had,
        lying.clone(),
        large.clone(),
        Blob::new(""),
        largest,
        Blob::new("last"),
    ];
    let answer = send(&server, &body(&blobs));
    assert_eq!(answer.status, 200, "{}", answer.text());
    let fates = fates(&answer, &blobs);
    for (position, expected) in
        [(0, Fate::Stored), (1, Fate::Had), (4, Fate::Stored), (5, Fate::Stored), (6, Fate::Stored)]
    {
        assert_eq!(fates[position], expected, "frame {position}");
        let path = server.blob_path(&blobs[position]);
        assert_eq!(std::fs::read(path).unwrap(), blobs[position].bytes);
    }
    let refused = |position: usize| match &fates[position] {
        Fate::Refused { code, message } => (*code, message.clone()),
        other => panic!("frame {position}: {other:?}"),
    };
    let (code, message) = refused(2);
    assert!(code == 422 && message.contains("SHA256 mismatched"), "{code} {message}");
    let (code, message) = refused(3);
    assert!(code == 413 && message.contains("PUT /v1/blobs/"), "{code} {message}");
    assert!(!server.blob_path(&lying).exists() && !server.blob_path(&large).exists());
    assert!(server.leftovers().is_empty());
}

#[test]
fn frames_are_blobs_like_any_other() {
    use std::os::unix::fs::PermissionsExt as _;
    let server = TestServer::start();
    let blobs: Vec<Blob> = (0..2_000).map(|n| Blob::new(format!("blob {n}").repeat(20))).collect();
    let answer = send(&server, &body(&blobs));
    assert!(fates(&answer, &blobs).iter().all(|fate| *fate == Fate::Stored));
    let mode = server.blob_path(&blobs[7]).metadata().unwrap().permissions().mode();
    assert_eq!(mode & 0o7777, 0o444);
    let again = send(&server, &body(&blobs));
    assert!(fates(&again, &blobs).iter().all(|fate| *fate == Fate::Had));
    let files: Vec<_> =
        blobs.iter().enumerate().map(|(n, blob)| blob.entry(&format!("{n}"))).collect();
    let dir = server.checked_out("job", &files);
    assert_eq!(std::fs::read(dir.join("1999")).unwrap(), blobs[1_999].bytes);
    assert!(server.leftovers().is_empty());
}

#[test]
fn frames_that_are_flushed_at_once_are_blobs_too() {
    let server = TestServer::configured("durability: blob\n");
    let blobs: Vec<Blob> = (0..200).map(|n| Blob::new(format!("blob {n}"))).collect();
    let answer = send(&server, &body(&blobs));
    assert!(fates(&answer, &blobs).iter().all(|fate| *fate == Fate::Stored));
    assert!(blobs.iter().all(|blob| server.blob_path(blob).exists()));
}

#[test]
fn a_frame_heals_what_was_damaged() {
    let server = TestServer::start();
    let blob = Blob::new("whole contents");
    send(&server, &body(std::slice::from_ref(&blob)));
    let checkout = server.checked_out("job", &[blob.entry("a")]);
    let path = server.blob_path(&blob);
    // In the same file: it stands in the checkout, too.
    std::fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o644)).unwrap();
    std::fs::write(&path, "other contents").unwrap();
    assert_eq!(server.status_of(&blob), "unknown");
    let answer = send(&server, &body(std::slice::from_ref(&blob)));
    assert_eq!(fates(&answer, std::slice::from_ref(&blob)), [Fate::Stored]);
    eventually("the checkout is healed", || {
        std::fs::read(checkout.join("a")).unwrap() == blob.bytes
    });
}

#[test]
fn the_same_blob_in_many_frames_and_bodies_at_once_is_stored_once() {
    let server = TestServer::start();
    let blobs = vec![Blob::new("one of many"); 300];
    let answers: Vec<Answer> = std::thread::scope(|scope| {
        let threads: Vec<_> =
            (0..8).map(|_| scope.spawn(|| send(&server, &body(&blobs)))).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    let fates: Vec<Fate> = answers.iter().flat_map(|answer| fates(answer, &blobs)).collect();
    assert_eq!(fates.iter().filter(|fate| **fate == Fate::Stored).count(), 1);
    assert!(fates.iter().all(|fate| matches!(fate, Fate::Stored | Fate::Had)));
    assert!(server.leftovers().is_empty());
}

#[test]
fn a_name_that_is_none_ends_the_body_and_what_came_before_is_told() {
    let server = TestServer::start();
    let blobs: Vec<Blob> = (0..100).map(|n| Blob::new(format!("blob {n}"))).collect();
    let mut bytes = body(&blobs);
    bytes.extend_from_slice(&[0xff; 40]);
    bytes.extend_from_slice(&frame(&Blob::new("never reached")));
    let mut connection = server.connect();
    let answer = connection.send("POST", URL, &HEADERS, &bytes);
    assert_eq!(answer.status, 400);
    assert!(answer.message().starts_with("frame 100 has no name"), "{}", answer.message());
    assert!(fates(&answer, &blobs).iter().all(|fate| *fate == Fate::Stored));
    assert_eq!(connection.send("GET", "/v1/status", &[], b"").status, 200, "it goes on");

    let torn = send(&server, &body(&blobs)[..30]);
    assert_eq!(torn.status, 400);
    assert!(torn.message().contains("ended inside frame 0"), "{}", torn.message());
    let no_frames = server.connect().send("POST", URL, &[], b"x");
    assert_eq!(no_frames.status, 415);
    no_frames.message();
    let packed = [("Content-Type", FRAMES_TYPE), ("Content-Encoding", "zstd")];
    assert_eq!(server.connect().send("POST", URL, &packed, b"x").status, 415);
    assert_eq!(send(&server, b"").status, 200, "no frames are none too many");
}

#[test]
fn a_connection_that_is_cut_keeps_what_was_complete() {
    let server = TestServer::start();
    let blobs: Vec<Blob> = (0..200).map(|n| Blob::new(format!("frame {n}").repeat(50))).collect();
    let bytes = body(&blobs);
    let mut connection = begin(&server, bytes.len());
    // In the middle of the last frame.
    connection.raw(&bytes[..bytes.len() - 20]).unwrap();
    drop(connection);
    let (last, complete) = blobs.split_last().unwrap();
    eventually("complete frames are blobs", || {
        complete.iter().all(|blob| server.blob_path(blob).exists())
    });
    assert_eq!(server.status_of(last), "unknown");
    eventually("nothing is left", || server.leftovers().is_empty());
}

#[test]
fn frames_are_stored_while_others_are_still_to_come() {
    let server = TestServer::start();
    let (early, late) = (Blob::new("early"), Blob::new("late"));
    let mut connection = begin(&server, 2 * 40 + early.size() + late.size());
    connection.raw(&frame(&early)).unwrap();
    eventually("the first one is there", || server.blob_path(&early).exists());
    connection.raw(&frame(&late)).unwrap();
    assert_eq!(fates(&connection.answer(), &[early, late]), [Fate::Stored, Fate::Stored]);
}
