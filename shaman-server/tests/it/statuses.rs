//! Every answer of the four operations, over real sockets.

use serde_json::json;

use crate::support::{Blob, TestServer};

#[test]
fn a_stored_upload_answers_204_and_the_next_one_208() {
    let server = TestServer::start();
    let blob = Blob::new("pixels");
    assert_eq!(server.status_of(&blob), "unknown");
    let first = server.upload(&blob);
    assert_eq!((first.status, first.body.len()), (204, 0));
    assert_eq!(server.status_of(&blob), "stored");
    assert_eq!(server.upload(&blob).status, 208);
    assert_eq!(std::fs::read(server.blob_path(&blob)).unwrap(), b"pixels");
}

#[test]
fn an_empty_file_is_a_blob_too() {
    let server = TestServer::start();
    let empty = Blob::new("");
    assert_eq!(server.upload(&empty).status, 204);
    assert_eq!(server.status_of(&empty), "stored");
}

#[test]
fn upper_case_names_the_same_blob() {
    let server = TestServer::start();
    let blob = Blob::new("pixels");
    let url = format!("/api/v3/shaman/files/{}/{}", blob.sha.to_uppercase(), blob.size());
    assert_eq!(server.connect().send("POST", &url, &[], &blob.bytes).status, 204);
    assert!(server.blob_path(&blob).exists());
    assert_eq!(server.get(&url).json()["status"], "stored");
}

#[test]
fn other_bytes_than_declared_answer_417_and_say_both() {
    let server = TestServer::start();
    let blob = Blob::new("pixels");
    let other = Blob::new("pixelz");
    let short = server.connect().send("POST", &blob.url(), &[], b"pix");
    assert_eq!(short.status, 417);
    assert!(short.message().contains("declared 6 but received 3 bytes"), "{}", short.message());
    let wrong = server.connect().send("POST", &blob.url(), &[], &other.bytes);
    assert_eq!(wrong.status, 417);
    assert!(
        wrong.message().contains(&blob.sha) && wrong.message().contains(&other.sha),
        "{}",
        wrong.message()
    );
    assert_eq!(server.status_of(&blob), "unknown");
    assert_eq!(server.leftovers(), [""; 0].map(std::path::PathBuf::from));
}

#[test]
fn a_chunked_body_works_and_stops_at_the_declared_size() {
    let server = TestServer::start();
    let blob = Blob::new("pixels");
    let mut connection = server.connect();
    connection.head("POST", &blob.url(), &[("Transfer-Encoding", "chunked")], None);
    connection.raw(b"3\r\npix\r\n3\r\nels\r\n0\r\n\r\n").unwrap();
    assert_eq!(connection.answer().status, 204);

    let long = Blob::new(vec![7; 1 << 20]);
    let mut connection = server.connect();
    connection.head("POST", &long.url(), &[("Transfer-Encoding", "chunked")], None);
    let chunk = [b"10000\r\n".as_slice(), &vec![7; 0x10000], b"\r\n"].concat();
    // Twenty chunks and no end: the answer comes before the body is over.
    for _ in 0..24 {
        connection.raw(&chunk).unwrap();
    }
    let answer = connection.answer();
    assert_eq!(answer.status, 417);
    assert!(answer.message().contains("declared 1048576"), "{}", answer.message());
    assert_eq!(server.status_of(&long), "unknown");
}

#[test]
fn malformed_requests_answer_400_with_a_sentence() {
    let server = TestServer::start();
    let sha = "a".repeat(64);
    for path in [
        "ab/5",
        &format!("{}/5", "g".repeat(64)),
        &format!("{sha}/-1"),
        &format!("{sha}/abc"),
        &format!("{sha}/9223372036854775808"),
        &format!("{sha}0/5"),
        "ab%2F..%2F..%2Fx/5",
        &format!("{sha}/1e3"),
    ] {
        let path = format!("/api/v3/shaman/files/{path}");
        assert_eq!(server.get(&path).status, 400, "GET {path}");
        let answer = server.connect().send("POST", &path, &[], b"12345");
        assert_eq!(answer.status, 400, "POST {path}");
        answer.message();
    }
    let blob = Blob::new("pixels");
    let defer = server.connect().send(
        "POST",
        &blob.url(),
        &[("X-Shaman-Can-Defer-Upload", "maybe")],
        &blob.bytes,
    );
    assert_eq!(defer.status, 400);
    for value in ["True", "False", "1", "t"] {
        let answer = server.connect().send(
            "POST",
            &blob.url(),
            &[("X-Shaman-Can-Defer-Upload", value)],
            &blob.bytes,
        );
        assert!(matches!(answer.status, 204 | 208));
    }
}

#[test]
fn malformed_lists_answer_400_with_a_sentence() {
    let server = TestServer::start();
    let sha = "a".repeat(64);
    let good = json!({"sha": sha, "size": 1, "path": "a"});
    for body in [
        json!({}),
        json!({"files": null}),
        json!({"files": [{"sha": "ab", "size": 1, "path": "a"}]}),
        json!({"files": [{"sha": sha, "size": -1, "path": "a"}]}),
        json!({"files": [{"sha": sha, "size": 1.5, "path": "a"}]}),
        json!({"files": [{"sha": sha, "size": 1}]}),
        json!([]),
    ] {
        for path in ["requirements", "create"] {
            let mut body = body.clone();
            if let Some(object) = body.as_object_mut() {
                object.insert("checkoutPath".into(), "job".into());
            }
            let answer = server.post_json(&format!("/api/v3/shaman/checkout/{path}"), &body);
            assert_eq!(answer.status, 400, "{path} {body}");
            answer.message();
        }
    }
    for checkout in ["", ".", "..", "/abs", "a/../b", "//"] {
        let answer = server.create(checkout, std::slice::from_ref(&good));
        assert_eq!(answer.status, 400, "{checkout:?}");
        answer.message();
    }
    let requirements = "/api/v3/shaman/checkout/requirements";
    let no_json = server.connect().send(
        "POST",
        requirements,
        &[("Content-Type", "application/json")],
        b"{\"files\":",
    );
    assert_eq!(no_json.status, 400);
    let no_type = server.connect().send("POST", requirements, &[], b"{\"files\":[]}");
    assert_eq!(no_type.status, 400);
    assert!(no_type.message().contains("Content-Type"));
    let huge = server.connect();
    let mut huge = huge;
    huge.head("POST", requirements, &[("Content-Type", "application/json")], Some(1 << 40));
    assert_eq!(huge.answer().status, 413);
}

#[test]
fn requirements_name_what_is_missing_in_order_and_once() {
    let server = TestServer::start();
    let (here, first, second) = (Blob::new("here"), Blob::new("first"), Blob::new("second"));
    server.upload(&here);
    let files = [
        second.entry("tex\\b.png"),
        here.entry("here.png"),
        first.entry("a.png"),
        second.entry("again.png"),
    ];
    let answer = server.requirements(&files);
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("content-type"), Some("application/json"));
    assert_eq!(
        answer.json(),
        json!({"files": [
            {"path": "tex\\b.png", "sha": second.sha, "size": 6, "status": "unknown"},
            {"path": "a.png", "sha": first.sha, "size": 5, "status": "unknown"},
        ]})
    );
    assert_eq!(server.requirements(&[]).json(), json!({"files": []}));
}

#[test]
fn a_checkout_with_missing_blobs_answers_424_and_names_up_to_20() {
    let server = TestServer::start();
    let blobs: Vec<Blob> = (0..25).map(|n| Blob::new(format!("missing {n}"))).collect();
    let files: Vec<_> =
        blobs.iter().enumerate().map(|(n, b)| b.entry(&format!("file_{n:02}.png"))).collect();
    let answer = server.create("job", &files);
    assert_eq!(answer.status, 424);
    let message = answer.message();
    assert!(message.starts_with("25 of the files are not stored here"), "{message}");
    assert_eq!(message.matches(".png").count(), 20, "{message}");
    assert!(message.contains("file_00.png") && message.ends_with("and 5 more"), "{message}");
    assert!(!server.jobs().join("job").exists());
}

#[test]
fn files_that_cannot_stand_in_one_directory_answer_400() {
    let server = TestServer::start();
    let (one, two) = (Blob::new("one"), Blob::new("two"));
    server.upload(&one);
    server.upload(&two);
    for files in [
        [one.entry("a"), two.entry("a")],
        [one.entry("a"), two.entry("a/b")],
        [one.entry("../a"), two.entry("b")],
        [one.entry("/abs"), two.entry("b")],
        [one.entry("C:\\x"), two.entry("b")],
        [one.entry(".shaman-manifest.json"), two.entry("b")],
        [one.entry(""), two.entry("b")],
    ] {
        let answer = server.create("job", &files);
        assert_eq!(answer.status, 400, "{files:?}");
        answer.message();
    }
    assert_eq!(std::fs::read_dir(server.jobs()).unwrap().count(), 0);
}

#[test]
fn everything_else_answers_404_or_405_with_a_sentence() {
    let server = TestServer::start();
    for path in
        ["/app", "/api/v3/jobs", "/api/v3/shaman", "/api/v3/shaman/files/x", "/../../etc/passwd"]
    {
        let answer = server.get(path);
        assert_eq!(answer.status, 404, "{path}");
        answer.message();
    }
    let blob = Blob::new("x");
    let answer = server.connect().send("PUT", &blob.url(), &[], b"x");
    assert_eq!(answer.status, 405);
    answer.message();
    assert_eq!(
        server.connect().send("GET", "/api/v3/shaman/checkout/create", &[], b"").status,
        405
    );
}

#[test]
fn clients_learn_who_answers_and_where_checkouts_are() {
    let server = TestServer::start();
    let version = server.get("/api/v3/version").json();
    for field in ["version", "shortversion", "name", "git"] {
        assert!(version[field].is_string(), "{field}");
    }
    let storage = server.get("/api/v3/configuration/shared-storage/users/linux").json();
    assert_eq!(storage["location"], server.jobs().to_str().unwrap());
    assert_eq!(storage["shamanEnabled"], true);
    assert_eq!((&storage["audience"], &storage["platform"]), (&json!("users"), &json!("linux")));
}

#[test]
fn one_connection_serves_many_requests_and_continue_is_said() {
    let server = TestServer::start();
    let mut connection = server.connect();
    for n in 0..5 {
        let blob = Blob::new(format!("blob {n}"));
        assert_eq!(connection.send("POST", &blob.url(), &[], &blob.bytes).status, 204);
    }
    let blob = Blob::new("after 100");
    connection.head("POST", &blob.url(), &[("Expect", "100-continue")], Some(blob.size()));
    assert_eq!(connection.answer().status, 100);
    connection.raw(&blob.bytes).unwrap();
    assert_eq!(connection.answer().status, 204);
}
