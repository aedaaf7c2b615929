//! The index and the storage, made to agree while the server runs.

use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::support::{Blob, TestServer};

fn names(server: &TestServer) -> Vec<String> {
    let list = server.get("/v1/checkouts").json();
    let name = |row: &Value| row["checkout"].as_str().unwrap().to_owned();
    list["checkouts"].as_array().unwrap().iter().map(name).collect()
}

fn wait_for(what: &str, is_there: impl Fn() -> bool) {
    let end = Instant::now() + Duration::from_secs(10);
    while !is_there() {
        assert!(Instant::now() < end, "{what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn a_reindex_finds_what_others_made_and_forgets_what_is_gone() {
    let folder = Arc::new(tempfile::tempdir().unwrap());
    let (one, other) =
        (TestServer::start_in(&folder, "one"), TestServer::start_in(&folder, "other"));
    let (kept, common, lost) = (Blob::new("kept"), Blob::new("common bytes"), Blob::new("lost"));
    for blob in [&kept, &common, &lost] {
        one.upload(blob);
    }
    one.checked_out("ours", &[kept.entry("a"), common.entry("b")]);
    other.checked_out("theirs", &[common.entry("x")]);
    other.checked_out("brief", &[common.entry("y")]);
    let exclusive = |checkout: &str| {
        one.get(&format!("/v1/checkouts/{checkout}")).json()["space"]["exclusive_bytes"].clone()
    };
    wait_for("the start is over", || exclusive("ours").is_u64());
    assert_eq!(exclusive("ours"), 16, "nobody told it of the other server's");
    // Past every server.
    std::fs::remove_file(one.blob_path(&lost)).unwrap();

    let asked = one.connect().send("POST", "/v1/reindex", &[], b"");
    assert_eq!(asked.status, 202);
    wait_for("it knows all", || names(&one) == ["brief", "ours", "theirs"]);
    assert_eq!(exclusive("ours"), 4);
    wait_for("it forgot the blob", || {
        one.get("/v1/status").json()["blobs"] == serde_json::json!({"blobs": 2, "bytes": 16})
    });
    assert_eq!(one.requirements(&[lost.entry("z")]).json()["files"][0]["status"], "unknown");

    // What the other one erases is out of the list at once, and out of the sums with the next one.
    let erased = other.connect().send("DELETE", "/v1/checkouts/theirs", &[], b"");
    assert_eq!(erased.status, 204);
    assert_eq!(names(&one), ["brief", "ours"]);
    other.connect().send("DELETE", "/v1/checkouts/brief", &[], b"");
    assert_eq!(exclusive("ours"), 4, "it still counts them");
    one.connect().send("POST", "/v1/reindex", &[], b"");
    wait_for("it forgot the checkouts", || exclusive("ours") == 16);
}
