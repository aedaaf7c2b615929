//! Any bytes as a .blend that is traced, beside one that it may link.
#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use shaman_client::trace;

static FOLDER: LazyLock<tempfile::TempDir> = LazyLock::new(|| {
    let folder = tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).unwrap();
    for name in ["a.png", "b_0001.png", "b_0002.png", "c.1001.png"] {
        std::fs::write(folder.path().join(name), b"bytes").unwrap();
    }
    folder
});

fuzz_target!(|bytes: &[u8]| {
    let blend = FOLDER.path().join("main.blend");
    std::fs::write(&blend, bytes).unwrap();
    let traced = trace::trace(&blend, Some(FOLDER.path()));
    // Damaged or not, there is a sentence or there is the file itself.
    match traced {
        Ok(trace) => assert!(trace.files.iter().any(|file| file.path == blend)),
        Err(error) => assert!(!error.to_string().is_empty()),
    }
});
