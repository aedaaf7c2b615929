//! A second trace reads no .blend again, and never believes what is no longer so.

use std::path::Path;
use std::time::{Duration, SystemTime};

use shaman_client::trace::{self, Options, Trace, TraceCache};

use crate::build::{Build, Form};
use crate::support::{Folder, assets};

/// Everything was written long ago.
fn later() -> SystemTime {
    SystemTime::now() + Duration::from_hours(1)
}

fn traced(folder: &Folder, cache: &Path) -> Trace {
    let cache = TraceCache::open(cache, later).unwrap();
    let options =
        Options { project: Some(folder.path()), cache: Some(&cache), ..Options::default() };
    trace::trace_with(&folder.path().join("main.blend"), options).unwrap()
}

fn library(path: &[u8]) -> Vec<u8> {
    let mut build = Build::new(Form::Large8, 500);
    build.image("a", 1, path);
    build.finish()
}

fn entries(cache: &Path) -> Vec<std::path::PathBuf> {
    let dir = cache.join("traces-v2");
    let mut entries: Vec<_> = dir.read_dir().unwrap().map(|it| it.unwrap().path()).collect();
    entries.sort_unstable();
    entries
}

#[test]
fn what_did_not_change_is_not_read_again_and_what_did_is() {
    let folder = Folder::new();
    folder.touch(["a.png", "b.png"]);
    let cache = tempfile::tempdir().unwrap();
    let mut main = Build::new(Form::Large8, 500);
    main.library(0x10, b"//lib.blend");
    folder.put("main.blend", &main.finish());
    folder.put("lib.blend", &library(b"//a.png"));
    assert_eq!(assets(&traced(&folder, cache.path())), ["a.png"]);
    let kept = entries(cache.path());
    assert_eq!(kept.len(), 2);
    // What is there now is what is believed: the entry of the one under the name of the other.
    let sheets: Vec<_> = kept.iter().map(|path| std::fs::read(path).unwrap()).collect();
    for path in &kept {
        std::fs::write(path, &sheets[0]).unwrap();
    }
    let first_is_library = sheets[0].windows(7).any(|part| part == b"//a.png");
    let found = traced(&folder, cache.path());
    assert_eq!(assets(&found).is_empty(), !first_is_library, "nothing came from the cache");
    for (path, sheet) in kept.iter().zip(sheets) {
        std::fs::write(path, sheet).unwrap();
    }
    // Of the same length, and with the old time put back.
    let path = folder.path().join("lib.blend");
    let before = std::fs::metadata(&path).unwrap().modified().unwrap();
    folder.put("lib.blend", &library(b"//b.png"));
    std::fs::File::options().append(true).open(&path).unwrap().set_modified(before).unwrap();
    assert_eq!(assets(&traced(&folder, cache.path())), ["b.png"]);
}

#[test]
fn files_that_come_and_go_are_seen_although_no_blend_is_read() {
    let folder = Folder::new();
    let cache = tempfile::tempdir().unwrap();
    folder.put("main.blend", &library(b"//a.png"));
    assert_eq!(traced(&folder, cache.path()).missing.len(), 1);
    folder.touch(["a.png"]);
    assert_eq!(assets(&traced(&folder, cache.path())), ["a.png"]);
}

#[test]
fn the_cache_changes_nothing_about_the_result() {
    for version in crate::deps_fixtures::VERSIONS {
        let root = crate::deps_fixtures::folder(version);
        let cache = tempfile::tempdir().unwrap();
        let blend = root.join("project/shots/shot_010.blend");
        let plain = trace::trace(&blend, None).unwrap();
        for _ in 0..2 {
            let cache = TraceCache::open(cache.path(), later).unwrap();
            let options = Options { cache: Some(&cache), ..Options::default() };
            let cached = trace::trace_with(&blend, options).unwrap();
            let json = |trace: &Trace| serde_json::to_string(trace).unwrap();
            assert_eq!(json(&cached), json(&plain), "{version}");
            assert_eq!(cached.links, plain.links);
        }
        assert!(entries(cache.path()).len() > 2);
    }
}
