//! Commands for a storage whose server is stopped.

use std::path::Path;
use std::process::{Command, Output};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use crate::support::{Blob, TestServer};

fn run(command: &str, storage: &Path, state: &Path, more: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_shaman-server"))
        .arg(command)
        .args(["--storage", storage.to_str().unwrap(), "--state", state.to_str().unwrap()])
        .args(more)
        .output()
        .unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

#[test]
fn a_stopped_storage_is_swept_checked_and_indexed_anew() {
    let folder = Arc::new(tempfile::tempdir().unwrap());
    let server = TestServer::start_in(&folder, "state");
    let (unused, named) = (Blob::new("unused"), Blob::new("named"));
    for blob in [&unused, &named] {
        server.upload(blob);
    }
    let checkout = server.checked_out("job", &[named.entry("dir/a")]);
    let file = std::fs::File::open(server.blob_path(&unused)).unwrap();
    let old = SystemTime::now() - Duration::from_hours(24 * 40);
    file.set_times(std::fs::FileTimes::new().set_modified(old)).unwrap();
    let (storage, state) = (server.storage.clone(), server.state.clone());
    for command in ["gc", "check", "reindex"] {
        let refused = run(command, &storage, &state, &[]);
        assert_eq!(refused.status.code(), Some(1), "{command}");
        assert!(text(&refused.stderr).contains("a server runs on the storage"));
        assert!(server.blob_path(&unused).exists());
    }
    let path = server.blob_path(&unused);
    assert!(server.stop().success());

    let checked = run("check", &storage, &state, &["--read-data", "100%"]);
    assert!(checked.status.success(), "{} {}", text(&checked.stdout), text(&checked.stderr));
    assert_eq!(text(&checked.stdout).matches(" holds ").count(), 5);

    // Without its index nothing is lost, and the sweep knows from the disk what is old.
    std::fs::remove_dir_all(&state).unwrap();
    let indexed = run("reindex", &storage, &state, &[]);
    assert_eq!(text(&indexed.stdout), "2 blobs and 1 checkouts are in the index\n");
    let force = ["--max-age", "14d", "--force", "--json", "--dry-run"];
    let dry: serde_json::Value =
        serde_json::from_slice(&run("gc", &storage, &state, &force).stdout).unwrap();
    // The index was filled with the old time.
    assert_eq!(dry["swept"]["blobs"], 1);
    assert!(path.exists());
    let mut real: serde_json::Value =
        serde_json::from_slice(&run("gc", &storage, &state, &force[..4]).stdout).unwrap();
    real["dry_run"] = true.into();
    assert_eq!(dry, real);
    assert!(!path.exists());
    assert!(run("check", &storage, &state, &[]).status.success());
    assert_eq!(std::fs::read(checkout.join("dir/a")).unwrap(), b"named");

    // Broken in several ways.
    std::fs::write(checkout.join("dir/a"), "NAMED").unwrap();
    std::fs::write(storage.join("jobs/job/.shaman-manifest.json.tmp"), "").unwrap();
    let broken = run("check", &storage, &state, &["--read-data", "100%", "--json"]);
    assert_eq!(broken.status.code(), Some(1));
    let report: serde_json::Value = serde_json::from_slice(&broken.stdout).unwrap();
    assert_eq!(report["holds"], false);
    assert!(report["checks"][0]["broken"][0].as_str().unwrap().contains("other bytes"));
    std::fs::remove_file(checkout.join("dir/a")).unwrap();
    let broken = run("check", &storage, &state, &[]);
    assert!(text(&broken.stdout).contains("M4 BROKEN"), "{}", text(&broken.stdout));

    let none = run("gc", &folder.path().join("typo"), &state, &[]);
    assert!(text(&none.stderr).contains("there is no storage"));
    assert!(!folder.path().join("typo").exists());
}
