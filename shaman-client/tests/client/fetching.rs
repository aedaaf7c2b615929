//! A checkout comes to a machine without the shared storage, whatever happens on the way.

use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::blobs::{Blobs, Fault, manifest, name};

const FILES: [(&str, &[u8]); 4] = [
    ("shot.blend", b"blend"),
    ("tex/a.png", b"image"),
    ("tex/b.png", b"image"),
    ("tex/empty", b""),
];

/// A machine: a home and a place for checkouts.
struct Worker {
    folder: tempfile::TempDir,
}

impl Worker {
    fn new() -> Self {
        let worker = Self { folder: tempfile::tempdir().unwrap() };
        std::fs::create_dir(worker.path("jobs")).unwrap();
        worker
    }

    fn path(&self, below: &str) -> PathBuf {
        self.folder.path().join(below)
    }

    fn dir(&self) -> PathBuf {
        self.path("jobs/shot")
    }

    fn command(&self, peer: &Blobs, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_shaman"));
        command.args(["fetch", "film/shot", "--server", &peer.url, "--into"]).arg(self.dir());
        command.args(args).env("SHAMAN_CACHE", self.path("cache"));
        command
    }

    fn fetch(&self, peer: &Blobs, args: &[&str]) -> Output {
        self.command(peer, args).output().unwrap()
    }

    /// Fetches with `--json` and gives the last line.
    fn fetched(&self, peer: &Blobs, args: &[&str]) -> Value {
        let output = self.fetch(peer, &[&["--json"], args].concat());
        let text = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success(), "{text}{}", String::from_utf8_lossy(&output.stderr));
        serde_json::from_str(text.lines().last().unwrap()).unwrap()
    }

    /// Fetches, which must fail, and gives the sentence.
    fn refused(&self, peer: &Blobs, args: &[&str]) -> String {
        let output = self.fetch(peer, args);
        assert_eq!(output.status.code(), Some(1), "{output:?}");
        String::from_utf8(output.stderr).unwrap()
    }

    fn is_verified(&self) -> bool {
        let mut verify = Command::new(env!("CARGO_BIN_EXE_shaman"));
        verify.arg("verify").arg(self.dir()).output().unwrap().status.success()
    }

    /// What lies where checkouts are.
    fn jobs(&self) -> Vec<String> {
        names(&self.path("jobs"))
    }

    /// What has come of the blob with these bytes.
    fn coming(&self, bytes: &[u8]) -> u64 {
        let path = self.path("cache/blobs-v1/coming").join(name(bytes));
        path.metadata().map_or(0, |metadata| metadata.len())
    }

    fn cached(&self, bytes: &[u8]) -> PathBuf {
        let name = name(bytes);
        self.path("cache/blobs-v1/stored").join(name.split_at(2).0).join(name)
    }

    /// Forgets the checkout, and keeps the cache.
    fn forget(&self) {
        std::fs::remove_dir_all(self.dir()).unwrap();
    }
}

fn names(dir: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(dir).unwrap();
    let mut names: Vec<_> =
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

fn wait_until(what: &str, is_so: impl Fn() -> bool) {
    let end = Instant::now() + Duration::from_secs(30);
    while !is_so() {
        assert!(Instant::now() < end, "not within 30 s: {what}");
        std::thread::sleep(Duration::from_millis(10));
    }
}

fn signal(child: &Child, signal: &str) {
    let sent = Command::new("kill").args([signal, &child.id().to_string()]).status().unwrap();
    assert!(sent.success());
}

fn long() -> Vec<u8> {
    (0..8 << 20).map(|at: u32| (at.wrapping_mul(2_654_435_761) >> 24) as u8).collect()
}

#[test]
fn a_checkout_is_fetched_whole_and_the_second_time_from_the_cache() {
    let (worker, peer) = (Worker::new(), Blobs::start(&FILES, |_, _| None));
    let first = worker.fetched(&peer, &[]);
    assert_eq!((&first["files"], &first["bytes"]), (&4.into(), &15.into()));
    assert_eq!((&first["fetched_blobs"], &first["fetched_bytes"]), (&3.into(), &10.into()));
    assert_eq!(first["blend_in_checkout"], "shot.blend");
    for (path, bytes) in FILES {
        let file = worker.dir().join(path);
        assert_eq!(std::fs::read(&file).unwrap(), bytes);
        let metadata = file.metadata().unwrap();
        assert_eq!(metadata.nlink(), 1, "a copy of its own");
        assert_ne!(metadata.permissions().mode() & 0o200, 0, "which may be written to");
    }
    assert!(worker.is_verified());
    assert_eq!(worker.jobs(), ["shot"]);

    worker.forget();
    let blobs = peer.count();
    assert_eq!(worker.fetched(&peer, &[])["fetched_blobs"], 0);
    assert_eq!(peer.count(), blobs);
    assert!(worker.is_verified());
}

#[test]
fn linked_files_are_read_only_and_what_is_written_to_them_does_not_stay_in_the_cache() {
    let (worker, peer) = (Worker::new(), Blobs::start(&FILES, |_, _| None));
    worker.fetched(&peer, &["--link"]);
    let file = worker.dir().join("tex/a.png");
    let metadata = file.metadata().unwrap();
    assert_eq!((metadata.nlink(), metadata.permissions().mode() & 0o777), (3, 0o444));
    assert!(worker.is_verified());
    // A tool that takes the right to write.
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o644)).unwrap();
    std::fs::write(&file, "imagf").unwrap();
    worker.forget();
    let again = worker.fetched(&peer, &[]);
    assert_eq!((&again["fetched_blobs"], &again["fetched_bytes"]), (&1.into(), &5.into()));
    assert!(worker.is_verified());
}

#[test]
fn a_connection_that_breaks_goes_on_where_it_broke() {
    let bytes = long();
    let peer = Blobs::start(&[("a", &bytes)], |_, before| {
        (before < 3).then_some(Fault::CutAfter(2 << 20))
    });
    let worker = Worker::new();
    let done = worker.fetched(&peer, &[]);
    assert_eq!(done["fetched_bytes"], bytes.len(), "no byte came twice");
    let asked = peer.asked.lock().unwrap().clone();
    let first: Vec<usize> = asked.iter().map(|(_, first)| *first).collect();
    assert_eq!(first, [0, 2 << 20, 4 << 20, 6 << 20]);
    assert!(std::fs::read(worker.dir().join("a")).unwrap() == bytes);
}

#[test]
fn something_in_between_that_knows_no_parts_of_files_costs_bytes_only() {
    let bytes = long();
    let peer = Blobs::start(&[("a", &bytes)], |_, before| {
        Some(if before == 0 { Fault::CutAfter(3 << 20) } else { Fault::Whole })
    });
    let worker = Worker::new();
    assert_eq!(worker.fetched(&peer, &[])["fetched_bytes"], bytes.len() + (3 << 20));
    assert!(std::fs::read(worker.dir().join("a")).unwrap() == bytes);
}

#[test]
fn bytes_that_are_not_the_blob_make_no_directory() {
    let peer = Blobs::start(&FILES, |bytes, _| (bytes == b"image").then_some(Fault::Wrong));
    let worker = Worker::new();
    let sentence = worker.refused(&peer, &[]);
    assert!(
        sentence.contains("is not the blob") && sentence.contains(&name(b"image")),
        "{sentence}"
    );
    assert!(worker.jobs().is_empty());
    assert!(!worker.cached(b"image").exists());
}

#[test]
fn a_part_that_was_damaged_on_disk_is_fetched_anew() {
    let bytes = long();
    let peer =
        Blobs::start(&[("a", &bytes)], |_, before| (before == 0).then_some(Fault::Status(404)));
    let worker = Worker::new();
    let sentence = worker.refused(&peer, &[]);
    assert!(sentence.contains("has lost the blob"), "{sentence}");
    // As a power cut leaves it: its length, and zeros.
    std::fs::write(worker.path("cache/blobs-v1/coming").join(name(&bytes)), vec![0; 1 << 20])
        .unwrap();
    let done = worker.fetched(&peer, &[]);
    assert_eq!(done["resumed_bytes"], 0);
    assert!(std::fs::read(worker.dir().join("a")).unwrap() == bytes);
}

#[test]
fn ctrl_c_leaves_nothing_but_the_cache_and_the_next_fetch_goes_on() {
    let bytes = long();
    let peer = Blobs::start(&[("a", &bytes), ("b", b"small")], |asked, before| {
        (asked.len() > 9 && before == 0).then_some(Fault::HangAfter(5 << 20))
    });
    for how in ["-INT", "-TERM", "-KILL"] {
        let worker = Worker::new();
        peer.asked.lock().unwrap().clear();
        let child = worker.command(&peer, &[]).stderr(Stdio::piped()).spawn().unwrap();
        wait_until("most of it came", || worker.coming(&bytes) >= 4 << 20);
        wait_until("the small one is there", || worker.cached(b"small").exists());
        signal(&child, how);
        let output = child.wait_with_output().unwrap();
        if how != "-KILL" {
            assert_eq!(output.status.code(), Some(1));
            assert!(String::from_utf8(output.stderr).unwrap().contains("stopped; what has come"));
        }
        assert!(worker.jobs().is_empty(), "{how}: {:?}", worker.jobs());
        let came = worker.coming(&bytes);
        let done = worker.fetched(&peer, &[]);
        assert_eq!(done["resumed_bytes"], came, "{how}");
        assert_eq!(done["fetched_bytes"], bytes.len() as u64 - came, "{how}");
        assert!(worker.is_verified());
    }
}

#[test]
fn a_fetch_that_is_killed_while_it_builds_leaves_no_directory_and_the_next_one_clears_up() {
    // So many that the kill hits the building.
    let texts: Vec<(String, Vec<u8>)> =
        (0..3000).map(|at| (format!("tex/{at}"), format!("pixels {}", at % 7).into())).collect();
    let files: Vec<(&str, &[u8])> =
        texts.iter().map(|(path, bytes)| (path.as_str(), bytes.as_slice())).collect();
    let (worker, peer) = (Worker::new(), Blobs::start(&files, |_, _| None));
    let mut child = worker.command(&peer, &[]).spawn().unwrap();
    wait_until("it builds", || {
        worker.jobs().iter().any(|name| {
            let tex = worker.path("jobs").join(name).join("tex");
            std::fs::read_dir(tex).is_ok_and(|entries| entries.count() > 20)
        })
    });
    child.kill().unwrap();
    child.wait().unwrap();
    let left = worker.jobs();
    assert_eq!(left.len(), 1, "{left:?}");
    if left == ["shot"] {
        // It was quicker than the kill: then it is whole.
        assert!(worker.is_verified());
        return;
    }
    assert_eq!(worker.fetched(&peer, &[])["fetched_blobs"], 0);
    assert_eq!(worker.jobs(), ["shot"]);
    assert!(worker.is_verified());
}

#[test]
fn two_fetches_of_the_same_blobs_at_once_get_them_once() {
    let bytes = long();
    let peer = Blobs::start(&[("a", &bytes)], |_, before| {
        // A moment in which the second one finds the first one at it.
        std::thread::sleep(Duration::from_millis(300));
        (before > 0).then_some(Fault::Status(500))
    });
    let worker = Worker::new();
    let first = worker.command(&peer, &[]).spawn().unwrap();
    let mut second = Command::new(env!("CARGO_BIN_EXE_shaman"));
    second
        .args(["fetch", "film/shot", "--server", &peer.url, "--into"])
        .arg(worker.path("jobs/two"));
    let second = second.env("SHAMAN_CACHE", worker.path("cache")).output().unwrap();
    assert!(second.status.success(), "{second:?}");
    assert!(first.wait_with_output().unwrap().status.success());
    assert_eq!(peer.count(), 1);
    for dir in ["shot", "two"] {
        assert!(std::fs::read(worker.path("jobs").join(dir).join("a")).unwrap() == bytes);
    }
}

#[test]
fn of_two_fetches_into_one_directory_one_is_told_that_it_is_there() {
    let bytes = long();
    let peer = Blobs::start(&[("a", &bytes)], |_, _| {
        std::thread::sleep(Duration::from_millis(500));
        None
    });
    let worker = Worker::new();
    let first = worker.command(&peer, &[]).stderr(Stdio::piped()).spawn().unwrap();
    let second = worker.command(&peer, &[]).stderr(Stdio::piped()).spawn().unwrap();
    let ended = [first, second].map(|child| child.wait_with_output().unwrap());
    let statuses: Vec<_> = ended.iter().filter_map(|output| output.status.code()).collect();
    assert!(statuses == [0, 1] || statuses == [1, 0], "{ended:?}");
    let told = ended.iter().map(|output| String::from_utf8_lossy(&output.stderr).into_owned());
    assert!(told.collect::<String>().contains("has this checkout already"));
    assert_eq!(worker.jobs(), ["shot"]);
    assert!(worker.is_verified());
}

#[test]
fn the_cache_keeps_to_its_size_and_not_to_the_cost_of_what_is_fetched() {
    let (worker, peer) = (Worker::new(), Blobs::start(&FILES, |_, _| None));
    worker.fetched(&peer, &["--cache-size", "5B"]);
    assert!(worker.is_verified());
    let left = [&b"blend"[..], b"image"].map(|bytes| worker.cached(bytes).exists());
    assert_eq!(left.iter().filter(|there| **there).count(), 1, "{left:?}");
    worker.forget();
    worker.fetched(&peer, &["--cache-size", "0"]);
    assert!(worker.is_verified());
    assert!(!worker.cached(b"blend").exists() && !worker.cached(b"image").exists());
    assert_eq!(worker.fetch(&peer, &["--cache-size", "much"]).status.code(), Some(2));
}

#[test]
fn a_directory_that_is_there_is_left_as_it_is_and_the_sentence_says_what_to_do() {
    let (worker, peer) = (Worker::new(), Blobs::start(&FILES, |_, _| None));
    std::fs::create_dir(worker.dir()).unwrap();
    worker.fetched(&peer, &[]);
    let same = worker.refused(&peer, &[]);
    assert!(same.contains("has this checkout already") && same.contains("verify"), "{same}");
    peer.say(manifest(&FILES[..2]));
    let older = worker.refused(&peer, &[]);
    assert!(
        older.contains("as it was made at 2026-11-24") && older.contains("remove it"),
        "{older}"
    );
    std::fs::remove_file(worker.dir().join(".shaman-manifest.json")).unwrap();
    assert!(worker.refused(&peer, &[]).contains("is not replaced"));
    assert_eq!(names(&worker.dir()), ["shot.blend", "tex"]);
    worker.forget();
    std::fs::write(worker.dir(), "a file").unwrap();
    assert!(worker.refused(&peer, &[]).contains("is not replaced"));
    std::fs::remove_dir_all(worker.path("jobs")).unwrap();
    assert!(worker.refused(&peer, &[]).contains("lies in no directory"));
}

#[test]
fn a_manifest_that_cannot_be_one_is_refused_before_anything_is_fetched() {
    let (worker, peer) = (Worker::new(), Blobs::start(&FILES, |_, _| None));
    peer.say(manifest(&FILES).replace("\"format\":1", "\"format\":2"));
    assert!(worker.refused(&peer, &[]).contains("newer `shaman`"));
    peer.say(manifest(&FILES).replace("tex/empty", "tex"));
    assert!(worker.refused(&peer, &[]).contains("rename one"));
    peer.say(manifest(&FILES).replace("tex/empty", "../empty"));
    worker.refused(&peer, &[]);
    assert!(worker.jobs().is_empty() && peer.count() == 0);
}
