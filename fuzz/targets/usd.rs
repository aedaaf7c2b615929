//! Any bytes as a USD file that a .blend reads.
#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use shaman_client::trace;

static FOLDER: LazyLock<tempfile::TempDir> = LazyLock::new(|| {
    let folder = tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).unwrap();
    std::fs::write(folder.path().join("main.blend"), include_bytes!("../seeds/trace/usd")).unwrap();
    folder
});

fuzz_target!(|bytes: &[u8]| {
    std::fs::write(FOLDER.path().join("set.usda"), bytes).unwrap();
    trace::trace(&FOLDER.path().join("main.blend"), Some(FOLDER.path())).unwrap();
});
