//! Any bytes as a .blend outside of the project, so that what it refers to moves and it is rewritten.
#![no_main]

use std::sync::{Arc, LazyLock};
use std::time::SystemTime;

use libfuzzer_sys::fuzz_target;
use shaman_client::hash::{HashCache, Hasher};
use shaman_client::pack::{self, Shelf};
use shaman_client::progress::{Listener, Silence};
use shaman_client::trace;

static FOLDER: LazyLock<tempfile::TempDir> = LazyLock::new(|| {
    let folder = tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).unwrap();
    for dir in ["project", "shots", "cache"] {
        std::fs::create_dir(folder.path().join(dir)).unwrap();
    }
    for name in ["a.png", "b_0001.png", "b_0002.png", "c.1001.png"] {
        std::fs::write(folder.path().join("shots").join(name), b"bytes").unwrap();
        std::fs::write(folder.path().join(name), b"bytes").unwrap();
    }
    folder
});

fuzz_target!(|bytes: &[u8]| {
    let project = FOLDER.path().join("project");
    let blend = FOLDER.path().join("shots/main.blend");
    std::fs::write(&blend, bytes).unwrap();
    let Ok(trace) = trace::trace(&blend, Some(&project)) else { return };
    let Ok(plan) = pack::from_trace(&trace, "job".into()) else { return };
    let cache = FOLDER.path().join("cache");
    let hashes = HashCache::none();
    let hasher = Hasher { cache: &hashes, clock: SystemTime::now, progress: &Silence };
    let silent: Listener = Arc::new(Silence);
    let job = match pack::rewrite(plan, Shelf::open(Some(&cache)).into(), hasher, &silent) {
        Ok(job) => job,
        // Damage is found while it is written, at the latest.
        Err(error) => return assert!(!error.to_string().is_empty()),
    };
    let main = job.files.iter().find(|file| Some(&file.in_pack) == job.blend.as_ref()).unwrap();
    // What was rewritten is as much of a .blend as before.
    trace::trace(&main.path, Some(&project)).unwrap();
    std::fs::remove_dir_all(&cache).ok();
});
