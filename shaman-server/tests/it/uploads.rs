//! Uploads at once, cut off, stale.

use std::sync::Barrier;
use std::time::Duration;

use crate::support::{Blob, Connection, TestServer, eventually};

#[test]
fn sixty_four_uploads_of_one_blob_all_get_a_true_answer() {
    let server = TestServer::start();
    let blob = Blob::new(vec![42; 50_000]);
    for round in 0..4 {
        let blob = Blob::new([blob.bytes.as_slice(), &[round]].concat());
        let together = Barrier::new(64);
        let answers: Vec<u16> = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..64)
                .map(|_| {
                    scope.spawn(|| {
                        let mut connection = server.connect();
                        together.wait();
                        connection.send("POST", &blob.url(), &[], &blob.bytes).status
                    })
                })
                .collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        assert!(answers.iter().all(|status| matches!(status, 204 | 208)), "{answers:?}");
        assert!(answers.contains(&204));
        assert_eq!(std::fs::read(server.blob_path(&blob)).unwrap(), blob.bytes);
    }
    assert!(server.leftovers().is_empty());
}

#[test]
fn a_thousand_small_blobs_through_64_connections_are_all_stored() {
    let server = TestServer::start();
    let blobs: Vec<Blob> =
        (0..1000).map(|n| Blob::new(format!("small blob {n}").repeat(100))).collect();
    std::thread::scope(|scope| {
        for lane in 0..64 {
            let (server, blobs) = (&server, &blobs);
            scope.spawn(move || {
                let mut connection = server.connect();
                for blob in blobs.iter().skip(lane).step_by(64) {
                    assert_eq!(connection.send("POST", &blob.url(), &[], &blob.bytes).status, 204);
                }
            });
        }
    });
    let files: Vec<_> =
        blobs.iter().enumerate().map(|(n, b)| b.entry(&format!("d{}/{n}", n % 7))).collect();
    assert_eq!(server.requirements(&files).json()["files"].as_array().unwrap().len(), 0);
    let dir = server.checked_out("thousand", &files);
    for (n, blob) in blobs.iter().enumerate() {
        assert_eq!(std::fs::read(dir.join(format!("d{}/{n}", n % 7))).unwrap(), blob.bytes);
    }
    assert!(server.leftovers().is_empty());
}

#[test]
fn clients_that_vanish_leave_nothing_and_disturb_nobody() {
    let server = TestServer::start();
    let blob = Blob::new(vec![9; 3_000_000]);
    let mut patient = server.connect();
    patient.head("POST", &blob.url(), &[], Some(blob.size()));
    patient.raw(&blob.bytes[..1_500_000]).unwrap();
    for cut in [0, 1, 100_000, 2_999_999] {
        let mut hasty = server.connect();
        hasty.head("POST", &blob.url(), &[], Some(blob.size()));
        hasty.raw(&blob.bytes[..cut]).unwrap();
        drop(hasty);
    }
    let mut wrong = server.connect();
    assert_eq!(wrong.send("POST", &blob.url(), &[], &vec![8; 3_000_000]).status, 417);
    assert_eq!(server.status_of(&blob), "uploading", "the patient one is still sending");
    eventually("only the patient one's file is left", || server.leftovers().len() == 1);
    patient.raw(&blob.bytes[1_500_000..]).unwrap();
    assert_eq!(patient.answer().status, 204, "nobody else's failure is mine");
    assert_eq!(server.status_of(&blob), "stored");
    eventually("nothing is left", || server.leftovers().is_empty());
}

#[test]
fn the_later_of_two_senders_keeps_the_first_ones_blob() {
    let server = TestServer::start();
    let blob = Blob::new(vec![5; 1_000_000]);
    let mut slow = server.connect();
    slow.head("POST", &blob.url(), &[], Some(blob.size()));
    slow.raw(&blob.bytes[..500_000]).unwrap();
    assert_eq!(server.upload(&blob).status, 204);
    let dir = server.checked_out("job", &[blob.entry("a")]);
    slow.raw(&blob.bytes[500_000..]).unwrap();
    assert_eq!(slow.answer().status, 208);
    assert!(
        crate::support::same_file(&server.blob_path(&blob), &dir.join("a")),
        "the inode did not change"
    );
}

#[test]
fn a_blob_that_exists_is_answered_before_the_body_is_sent() {
    let server = TestServer::start();
    let blob = Blob::new(vec![1; 8_000_000]);
    server.upload(&blob);
    let mut connection = server.connect();
    connection.head("POST", &blob.url(), &[], Some(blob.size()));
    assert_eq!(connection.answer().status, 208, "no byte of the body was sent yet");
    connection.raw(&blob.bytes).unwrap();
    let other = Blob::new("next on the same connection");
    assert_eq!(connection.send("POST", &other.url(), &[], &other.bytes).status, 204);
}

#[test]
fn a_stale_temporary_file_does_not_make_a_blob_uploading() {
    let server = TestServer::start();
    let blob = Blob::new("wanted");
    let (first, rest) = blob.sha.split_at(2);
    let dir = server.storage.join("file-store/uploading").join(first).join(rest);
    std::fs::create_dir_all(&dir).unwrap();
    std::fs::write(dir.join(format!("{}-123456789.tmp", blob.size())), "half").unwrap();
    assert_eq!(server.status_of(&blob), "unknown");
    assert_eq!(server.requirements(&[blob.entry("a")]).json()["files"][0]["status"], "unknown");
    assert_eq!(server.upload(&blob).status, 204);
}

#[test]
fn a_file_of_the_wrong_size_in_the_store_is_no_blob_and_heals() {
    let server = TestServer::start();
    let blob = Blob::new("whole contents");
    let path = server.blob_path(&blob);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(&path, "torn").unwrap();
    assert_eq!(server.status_of(&blob), "unknown");
    assert_eq!(server.create("job", &[blob.entry("a")]).status, 424);
    assert_eq!(server.upload(&blob).status, 204);
    assert_eq!(std::fs::read(&path).unwrap(), blob.bytes);
    assert_eq!(server.create("job", &[blob.entry("a")]).status, 200);
}

#[test]
fn a_slow_head_is_cut_off_and_others_go_on() {
    let server = TestServer::start();
    let mut idle: Vec<Connection> = (0..100).map(|_| server.connect()).collect();
    for connection in &mut idle {
        connection.raw(b"POST /api/v3/sha").unwrap();
    }
    let blob = Blob::new("quick");
    assert_eq!(server.upload(&blob).status, 204);
    // The limit is 30 seconds; without a timer hyper would wait for ever.
    for connection in &mut idle {
        assert!(connection.ends_within(Duration::from_mins(1)));
    }
}

#[test]
fn blobs_are_read_only() {
    use std::os::unix::fs::PermissionsExt as _;
    let server = TestServer::start();
    let blob = Blob::new("pixels");
    server.upload(&blob);
    let mode = server.blob_path(&blob).metadata().unwrap().permissions().mode();
    assert_eq!(mode & 0o7777, 0o444);
}
