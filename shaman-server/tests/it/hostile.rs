//! Requests that try to leave the storage.

use crate::support::{Blob, TestServer, snapshot};

#[test]
fn nothing_outside_the_storage_is_created_changed_linked_or_removed() {
    let server = TestServer::start();
    let outside = server.folder.path().join("outside");
    std::fs::create_dir(&outside).unwrap();
    std::fs::write(outside.join("precious"), "precious").unwrap();
    // Somebody with access to the share plants links that lead out of it.
    std::os::unix::fs::symlink(&outside, server.jobs().join("way-out")).unwrap();
    // One that leads to an empty directory looks like a directory of checkouts.
    let empty = server.folder.path().join("empty");
    std::fs::create_dir(&empty).unwrap();
    std::os::unix::fs::symlink(&empty, server.jobs().join("empty-way")).unwrap();
    let blob = Blob::new("payload");
    server.upload(&blob);
    let before = snapshot(&outside);
    let parents = std::fs::read_dir(server.folder.path()).unwrap().count();

    for path in ["../../../outside/x", "/outside/x", "..\\..\\outside\\x", "a/../../x", "a\u{0}b"] {
        assert_eq!(server.create("job", &[blob.entry(path)]).status, 400, "{path:?}");
    }
    for checkout in ["../outside/x", "..", ".", "jobs/../../outside"] {
        assert_eq!(server.create(checkout, &[blob.entry("x")]).status, 400, "{checkout:?}");
    }
    for checkout in ["way-out", "way-out/x", "way-out/precious"] {
        let answer = server.create(checkout, &[blob.entry("x")]);
        assert_eq!(answer.status, 200);
        assert!(answer.json()["checkoutPath"].as_str().unwrap().starts_with("way-out-"));
    }
    let answer = server.create("empty-way/x", &[blob.entry("x")]);
    assert!(answer.json()["checkoutPath"].as_str().unwrap().starts_with("empty-way-"));
    assert_eq!(std::fs::read_dir(&empty).unwrap().count(), 0);
    for sha in ["ab%2F..%2F..%2F..%2Foutside", "..", "%2e%2e", &"*".repeat(64), &"../".repeat(21)] {
        for method in ["GET", "POST"] {
            let answer = server.connect().send(
                method,
                &format!("/api/v3/shaman/files/{sha}/7"),
                &[],
                b"payload",
            );
            assert!(matches!(answer.status, 400 | 404 | 405), "{method} {sha}: {}", answer.status);
        }
    }
    assert_eq!(snapshot(&outside), before);
    assert_eq!(std::fs::read_dir(server.folder.path()).unwrap().count(), parents);
}

#[test]
fn a_huge_declared_size_reserves_nothing() {
    let server = TestServer::start();
    let url = format!("/api/v3/shaman/files/{}/9223372036854775807", "a".repeat(64));
    let answer = server.connect().send("POST", &url, &[], b"small");
    assert_eq!(answer.status, 417);
    assert!(server.leftovers().is_empty());
}

#[test]
fn garbage_on_the_socket_does_not_end_the_server() {
    let server = TestServer::start();
    for garbage in [
        b"\x16\x03\x01\x02\x00\x01\x00".as_slice(),
        b"GET\r\n\r\n",
        &[0; 4096],
        b"POST / HTTP/1.1\r\nContent-Length: -5\r\n\r\n",
    ] {
        let mut connection = server.connect();
        connection.raw(garbage).unwrap();
        connection.try_answer().ok();
    }
    assert_eq!(server.upload(&Blob::new("still here")).status, 204);
}
