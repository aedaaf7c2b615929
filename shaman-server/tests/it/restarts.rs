//! What a server finds again, and what it clears.

use std::io::Read as _;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::support::{Blob, SmallDisk, TestServer};

fn folder() -> Arc<tempfile::TempDir> {
    Arc::new(tempfile::tempdir().unwrap())
}

#[test]
fn blobs_and_checkouts_survive_a_restart_and_the_loss_of_the_index() {
    let folder = folder();
    let server = TestServer::start_in(&folder, "state");
    let blob = Blob::new("kept");
    server.upload(&blob);
    server.checked_out("job", &[blob.entry("a")]);
    let state = server.state.clone();
    assert_eq!(server.stop().code(), Some(0));
    assert!(state.join("index").is_dir());

    std::fs::remove_dir_all(state.join("index")).unwrap();
    let server = TestServer::start_in(&folder, "state");
    assert_eq!(server.status_of(&blob), "stored");
    assert_eq!(
        server.requirements(&[blob.entry("a")]).json()["files"].as_array().unwrap().len(),
        0
    );
    let again = server.create("job", &[blob.entry("a")]).json()["checkoutPath"]
        .as_str()
        .unwrap()
        .to_owned();
    assert_ne!(again, "job", "the old checkout still has its path");
}

#[test]
fn a_start_lists_checkouts_that_its_index_does_not_know() {
    let folder = folder();
    let server = TestServer::start_in(&folder, "state");
    server.until_indexed();
    server.stop();
    // As if this one had been killed between the rename and the row of the index.
    let other = TestServer::start_in(&folder, "other state");
    let blob = Blob::new("kept");
    other.upload(&blob);
    other.checked_out("job", &[blob.entry("a")]);
    other.stop();

    let server = TestServer::start_in(&folder, "state");
    let deadline = Instant::now() + Duration::from_secs(10);
    let listed = || server.get("/v1/checkouts").json()["checkouts"].as_array().unwrap().clone();
    while listed().is_empty() {
        assert!(Instant::now() < deadline, "it is listed");
        std::thread::sleep(Duration::from_millis(10));
    }
    assert_eq!(listed()[0]["checkout"], "job");
}

#[test]
fn a_damaged_index_is_set_aside_and_filled_again() {
    let folder = folder();
    let server = TestServer::start_in(&folder, "state");
    let blob = Blob::new("kept");
    server.upload(&blob);
    let state = server.state.clone();
    server.stop();
    for entry in std::fs::read_dir(state.join("index")).unwrap() {
        let path = entry.unwrap().path();
        if path.is_file() {
            std::fs::write(path, "not what it was").unwrap();
        }
    }
    let server = TestServer::start_in(&folder, "state");
    assert_eq!(
        server.requirements(&[blob.entry("a")]).json()["files"].as_array().unwrap().len(),
        0
    );
    assert!(state.join("index.broken-1").is_dir());
}

#[test]
fn leftovers_of_dead_servers_go_at_start_and_nothing_else() {
    let folder = folder();
    let server = TestServer::start_in(&folder, "state");
    let blob = Blob::new(vec![1; 400_000]);
    let kept = Blob::new("kept");
    server.upload(&kept);
    server.checked_out("job", &[kept.entry("a")]);
    let mut sender = server.connect();
    sender.head("POST", &blob.url(), &[], Some(blob.size()));
    sender.raw(&blob.bytes[..300_000]).unwrap();
    let deadline = Instant::now() + Duration::from_secs(10);
    while server.leftovers().is_empty() {
        assert!(Instant::now() < deadline);
        std::thread::sleep(Duration::from_millis(10));
    }
    let store = server.storage.join("file-store");
    server.kill();
    // What Flamenco's own Shaman leaves, and a tree that was being built.
    let theirs = store.join("uploading/ab").join("c".repeat(62));
    std::fs::create_dir_all(&theirs).unwrap();
    std::fs::write(theirs.join("12-123456789.tmp"), "half").unwrap();
    std::fs::create_dir_all(store.join("staging/0123456789abcdef-7/sub")).unwrap();
    std::fs::write(store.join("FORMAT.0123456789abcdef"), "1 0123").unwrap();
    // A manifest whose tree never appeared.
    std::fs::write(store.join("manifests/feed.json"), "{}").unwrap();

    let server = TestServer::start_in(&folder, "state");
    assert!(server.leftovers().is_empty(), "{:?}", server.leftovers());
    assert_eq!(
        std::fs::read_dir(store.join("uploading")).unwrap().count(),
        0,
        "empty directories are gone too"
    );
    let staged: Vec<_> =
        std::fs::read_dir(store.join("staging")).unwrap().map(|e| e.unwrap().file_name()).collect();
    assert_eq!(staged.len(), 1, "only the running server's lock: {staged:?}");
    assert_eq!(
        std::fs::read_dir(store.join("manifests")).unwrap().count(),
        1,
        "that of the checkout"
    );
    assert!(!store.join("FORMAT.0123456789abcdef").exists());
    assert_eq!(std::fs::read(server.jobs().join("job/a")).unwrap(), b"kept");
    assert_eq!(server.upload(&blob).status, 204);
}

/// What a power cut leaves: the lock of a server from another life of the machine.
fn from_another_life(storage: &std::path::Path) {
    for entry in std::fs::read_dir(storage.join("file-store/staging")).unwrap() {
        let path = entry.unwrap().path();
        if path.extension() == Some(std::ffi::OsStr::new("lock")) {
            let line = std::fs::read_to_string(&path).unwrap();
            if let Some((began, _)) = line.split_once(' ') {
                std::fs::write(&path, format!("{began} another-boot/1\n")).unwrap();
            }
        }
    }
}

/// Other bytes of the same size, as a file system may leave them.
fn tear(server_path: &std::path::Path, len: usize) {
    let mut permissions = std::fs::metadata(server_path).unwrap().permissions();
    std::os::unix::fs::PermissionsExt::set_mode(&mut permissions, 0o644);
    std::fs::set_permissions(server_path, permissions).unwrap();
    std::fs::write(server_path, vec![0; len]).unwrap();
}

#[test]
fn after_a_power_cut_torn_blobs_are_missing_and_whole_ones_are_not() {
    let folder = folder();
    let server = TestServer::start_in(&folder, "state");
    let blobs: Vec<Blob> = (0..6).map(|n| Blob::new(format!("blob {n}"))).collect();
    for blob in &blobs {
        server.upload(blob);
    }
    let paths: Vec<_> = blobs.iter().map(|blob| server.blob_path(blob)).collect();
    let storage = server.storage.clone();
    server.kill();
    for torn in [0, 1, 2] {
        tear(&paths[torn], blobs[torn].size());
    }
    // A name whose bytes were not written at all; nobody asks for it.
    let empty = Blob::new("bytes that were lost");
    let path = storage.join(empty.below_storage());
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(&path, "").unwrap();
    from_another_life(&storage);

    let server = TestServer::start_in(&folder, "state");
    assert_eq!(server.status_of(&blobs[0]), "unknown");
    let entries: Vec<_> = blobs.iter().map(|blob| blob.entry(&blob.sha)).collect();
    assert_eq!(server.requirements(&entries).json()["files"].as_array().unwrap().len(), 3);
    assert_eq!(server.create("job", &entries).status, 424);
    assert_eq!(server.create("whole", &entries[3..]).status, 200);
    for blob in &blobs[..3] {
        assert_eq!(server.upload(blob).status, 204, "they heal");
    }
    let checkout = server.checked_out("job", &entries);
    for blob in &blobs {
        assert_eq!(std::fs::read(checkout.join(&blob.sha)).unwrap(), blob.bytes);
    }
    let quarantine = || std::fs::read_dir(storage.join("file-store/quarantine")).unwrap().count();
    let deadline = Instant::now() + Duration::from_secs(10);
    while path.exists() || quarantine() < 4 {
        assert!(Instant::now() < deadline, "all four are kept for a person");
        std::thread::sleep(Duration::from_millis(10));
    }
    assert_eq!(quarantine(), 4);
}

#[test]
fn doubt_outlives_a_second_power_cut_and_ends_with_a_clean_stop() {
    let folder = folder();
    let server = TestServer::start_in(&folder, "state");
    let (torn, lasting) = (Blob::new("torn"), Blob::new("lasting"));
    server.upload(&torn);
    let path = server.blob_path(&torn);
    let storage = server.storage.clone();
    server.kill();
    tear(&path, torn.size());
    // Takes seconds to look at, and no room.
    let slow = storage.join(format!("file-store/stored/00/{}", "0".repeat(62)));
    std::fs::create_dir_all(&slow).unwrap();
    let holes = std::fs::File::create_new(slow.join(format!("{}.blob", 8_u64 << 30))).unwrap();
    holes.set_len(8 << 30).unwrap();
    from_another_life(&storage);
    // The next server dies, too, before it has looked at everything.
    std::thread::sleep(Duration::from_millis(1_100));
    let locks = |began: &str| {
        let staging = storage.join("file-store/staging");
        std::fs::read_dir(staging)
            .unwrap()
            .map(|entry| std::fs::read_to_string(entry.unwrap().path()).unwrap())
            .any(|line| line.split(' ').next() == Some(began))
    };
    let began = {
        let staging = std::fs::read_dir(storage.join("file-store/staging")).unwrap();
        let lock = staging.map(|entry| entry.unwrap().path()).find(|path| path.is_file()).unwrap();
        std::fs::read_to_string(lock).unwrap().split(' ').next().unwrap().to_owned()
    };
    let server = TestServer::start_in(&folder, "state");
    assert!(locks(&began), "it says since when there is doubt");
    server.kill();
    std::fs::remove_dir_all(slow).unwrap();
    from_another_life(&storage);
    let server = TestServer::start_in(&folder, "state");
    assert_eq!(server.status_of(&torn), "unknown");
    server.upload(&lasting);
    let staging = storage.join("file-store/staging");
    let doubts = || {
        let mut locks = std::fs::read_dir(&staging).unwrap();
        locks.any(|lock| std::fs::read_to_string(lock.unwrap().path()).unwrap().contains("doubts"))
    };
    let deadline = Instant::now() + Duration::from_secs(10);
    while doubts() {
        assert!(Instant::now() < deadline, "it verifies everything by itself");
        std::thread::sleep(Duration::from_millis(10));
    }
    assert!(server.stop().success());
    let staging = storage.join("file-store/staging");
    assert_eq!(std::fs::read_dir(staging).unwrap().count(), 0, "nothing is in doubt");
}

#[test]
fn a_second_server_on_the_same_storage_leaves_the_first_ones_uploads_alone() {
    let folder = folder();
    let first = TestServer::start_in(&folder, "state-1");
    let blob = Blob::new(vec![2; 600_000]);
    let mut sender = first.connect();
    sender.head("POST", &blob.url(), &[], Some(blob.size()));
    sender.raw(&blob.bytes[..300_000]).unwrap();
    while first.leftovers().is_empty() {
        std::thread::sleep(Duration::from_millis(10));
    }
    let second = TestServer::start_in(&folder, "state-2");
    sender.raw(&blob.bytes[300_000..]).unwrap();
    assert_eq!(sender.answer().status, 204);
    assert_eq!(second.status_of(&blob), "stored");
    second.checked_out("job", &[blob.entry("a")]);
    let name =
        first.create("job", &[blob.entry("a")]).json()["checkoutPath"].as_str().unwrap().to_owned();
    assert!(name.starts_with("job-"), "{name}");
}

#[test]
fn sigterm_lets_running_requests_end_and_exits_0() {
    let server = TestServer::start();
    let blob = Blob::new(vec![3; 500_000]);
    let mut sender = server.connect();
    sender.head("POST", &blob.url(), &[], Some(blob.size()));
    sender.raw(&blob.bytes[..250_000]).unwrap();
    while server.leftovers().is_empty() {
        std::thread::sleep(Duration::from_millis(10));
    }
    let mut idle = server.connect();
    let path = server.blob_path(&blob);
    let address = server.address.clone();
    let folder = Arc::clone(&server.folder);
    let stopping = std::thread::spawn(move || server.stop());
    assert!(idle.is_closed(), "an idle connection ends at once");
    sender.raw(&blob.bytes[250_000..]).unwrap();
    assert_eq!(sender.answer().status, 204);
    assert_eq!(stopping.join().unwrap().code(), Some(0));
    assert!(path.exists());
    assert!(std::net::TcpStream::connect(&address).is_err());
    drop(folder);
}

#[test]
fn ctrl_c_stops_it_too() {
    let server = TestServer::start();
    server.signal(rustix::process::Signal::INT);
    assert!(server.connect_refused_within(Duration::from_secs(10)));
}

#[test]
fn one_line_on_stdout_and_everything_else_on_stderr() {
    let folder = folder();
    let mut child = Command::new(env!("CARGO_BIN_EXE_shaman-server"))
        .args(["--listen", "127.0.0.1:0", "--log", "debug"])
        .current_dir(folder.path())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut out = child.stdout.take().unwrap();
    let mut seen = [0; 64];
    let read = out.read(&mut seen).unwrap();
    assert!(folder.path().join("shaman-storage/file-store/stored").is_dir(), "the default storage");
    assert!(folder.path().join("shaman-state/index").is_dir(), "the default state");
    rustix::process::kill_process(
        rustix::process::Pid::from_child(&child),
        rustix::process::Signal::TERM,
    )
    .unwrap();
    let mut text = String::from_utf8(seen[..read].to_vec()).unwrap();
    out.read_to_string(&mut text).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(0));
    assert_eq!(text.lines().count(), 1, "{text:?}");
    assert!(text.starts_with("shaman-server listening on http://127.0.0.1:"), "{text:?}");
}

#[test]
fn a_storage_of_another_format_is_refused_and_untouched() {
    let folder = folder();
    let store = folder.path().join("storage/file-store");
    std::fs::create_dir_all(&store).unwrap();
    std::fs::write(store.join("FORMAT"), "99 feedfeedfeedfeed\n").unwrap();
    let out = Command::new(env!("CARGO_BIN_EXE_shaman-server"))
        .args(["serve", "--listen", "127.0.0.1:0", "--storage", "storage", "--state", "state"])
        .current_dir(folder.path())
        .output()
        .unwrap();
    assert_eq!(out.status.code(), Some(1));
    let message = String::from_utf8(out.stderr).unwrap();
    assert!(message.contains("FORMAT") && message.contains("99"), "{message}");
    assert_eq!(std::fs::read_to_string(store.join("FORMAT")).unwrap(), "99 feedfeedfeedfeed\n");
}

#[test]
fn a_million_blobs_do_not_hold_up_a_start() {
    use shaman_proto::{BlobRef, Digest};
    use shaman_server::index::{BlobRow, Index};

    let folder = folder();
    let server = TestServer::start_in(&folder, "state");
    let state = server.state.clone();
    assert!(server.stop().success());
    let index = Index::open(&state, None).unwrap();
    let size = "1000".parse().unwrap();
    for batch in 0..100_u64 {
        let rows = (0..10_000_u64).map(|n| {
            let mut digest = [0; 32];
            digest[..8].copy_from_slice(
                &(batch * 10_000 + n).wrapping_mul(0x9E37_79B9_7F4A_7C15).to_be_bytes(),
            );
            let row = BlobRow { stored_at: 1, last_used: 2, modified_ns: 3 };
            (BlobRef::new(Digest::from_bytes(digest), size), row)
        });
        index.put_blobs(rows).unwrap();
    }
    index.set_complete().unwrap();
    drop(index);
    let began = Instant::now();
    let server = TestServer::start_in(&folder, "state");
    let took = began.elapsed();
    assert!(took < Duration::from_secs(2), "it took {took:?}");
    eprintln!("ready after {took:?} with a million blobs in the index");
    let began = Instant::now();
    let status = server.get("/v1/status").json();
    assert_eq!(status["blobs"]["blobs"], 1_000_000);
    eprintln!("counted after {:?}", began.elapsed());
}

#[test]
fn checkouts_on_another_file_system_are_refused_with_what_to_do() {
    let folder = folder();
    // Memory, which is another file system than wherever temporary files are.
    let Ok(elsewhere) = tempfile::tempdir_in("/dev/shm") else {
        eprintln!("\n*** SKIPPED: there is no /dev/shm here. ***\n");
        return;
    };
    let storage = folder.path().join("storage");
    std::fs::create_dir_all(&storage).unwrap();
    std::os::unix::fs::symlink(elsewhere.path(), storage.join("jobs")).unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_shaman-server"))
        .args(["serve", "--listen", "127.0.0.1:0", "--storage", storage.to_str().unwrap()])
        .args(["--state", folder.path().join("state").to_str().unwrap()])
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1));
    let message = String::from_utf8(output.stderr).unwrap();
    assert!(message.contains("have to be on one file system"), "{message}");
    assert_eq!(std::fs::read_dir(elsewhere.path()).unwrap().count(), 0, "nothing is left");
}

#[test]
fn with_durability_blob_an_upload_that_was_answered_survives_the_power() {
    for file_system in ["ext4", "xfs"] {
        let Some(disk) = SmallDisk::mount(file_system) else { return };
        let storage = disk.path().join("storage");
        let server = TestServer::start_configured_on(storage, "durability: blob");
        let blobs: Vec<Blob> = (0..5).map(|n| Blob::new(format!("blob {n}"))).collect();
        for blob in &blobs {
            assert_eq!(server.upload(blob).status, 204);
        }
        let paths: Vec<_> = blobs.iter().map(|blob| server.blob_path(blob)).collect();
        if !disk.cut_power() {
            return;
        }
        server.kill();
        disk.mount_again();
        for (blob, path) in blobs.iter().zip(paths) {
            let there = std::fs::read(&path).unwrap_or_default();
            assert_eq!(there, blob.bytes, "{file_system}: {}", path.display());
        }
    }
}
