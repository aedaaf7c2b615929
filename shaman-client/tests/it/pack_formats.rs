//! Rewriting in every form in which a .blend can come.

use std::path::{Path, PathBuf};

use shaman_client::pack::OUTSIDE;
use shaman_client::trace;

use crate::build::{Build, Form, gzip, zstd_frames};
use crate::pack_support::{Pack, job};
use crate::support::{Folder, is_blend};

fn forms() -> [(&'static str, Build); 5] {
    [
        ("small4", Build::new(Form::Small4, 248)),
        ("small8", Build::new(Form::Small8, 405)),
        ("large8", Build::new(Form::Large8, 502)),
        ("big4", Build::big(Form::Small4, 249)),
        ("big8", Build::big(Form::Small8, 279)),
    ]
}

/// A project and what lies beside it: a texture, a text, a library with a texture of its own.
struct Studio {
    folder: Folder,
    main: PathBuf,
}

impl Studio {
    fn new(build: &Build, packed: impl Fn(&[u8]) -> Vec<u8>) -> Self {
        let folder = Folder::new();
        folder.put("beside/tex/out.png", b"out");
        folder.put("beside/notes.txt", b"notes");
        folder.put("beside/lib/near.png", b"near");
        folder.put("project/tex/in.png", b"in");
        let mut library = build.clone();
        library.image("near", 0x10, b"//near.png");
        library.image("in", 0x20, b"//../../project/tex/in.png");
        folder.put("beside/lib/lib.blend", &packed(&library.finish()));
        let main = folder.put("project/shots/main.blend", &packed(&sample(build, folder.path())));
        Self { folder, main }
    }

    fn trace(&self) -> trace::Trace {
        trace::trace(&self.main, Some(&self.folder.path().join("project"))).unwrap()
    }
}

/// Absolute paths in and out, `//` paths out, and a text that needs a larger block.
fn sample(build: &Build, folder: &Path) -> Vec<u8> {
    let absolute = |path: &str| folder.join(path).to_str().unwrap().as_bytes().to_vec();
    let mut build = build.clone();
    build.shape("Text", "ID id; char *name; int flags");
    build.image("in", 0x1000, &absolute("project/tex/in.png"));
    build.image("out", 0x2000, b"//../../beside/tex/out.png");
    build.raw(b"DATA", 0, 0x2400, &vec![7; 50_000]);
    build.block(b"TX", "Text", 0x4000, |text| text.int("name", 0x4100));
    build.raw(b"DATA", 0, 0x4100, b"//../../beside/notes.txt\0");
    build.library(0x3000, &absolute("beside/lib/lib.blend"));
    build.image("last", 0x5000, b"//../tex/in.png");
    build.finish()
}

fn check(studio: &Studio, about: &str) {
    let before = studio.trace();
    assert!(before.missing.is_empty() && before.files.len() == 6, "{about}: {before:?}");
    let pack = Pack::of(&before);
    let after = pack.trace();
    assert!(after.missing.is_empty() && after.warnings.is_empty(), "{about}: {after:?}");
    let outside = pack.files.iter().filter(|place| place.starts_with(OUTSIDE)).count();
    assert_eq!(outside, 4, "{about}");
    let mut contents: Vec<_> = pack.bytes().into_values().collect();
    contents.sort();
    assert_eq!(contents, [b"in".as_slice(), b"near", b"notes", b"out"], "{about}");
}

#[test]
fn pointer_sizes_and_byte_orders_make_no_difference() {
    for (name, build) in forms() {
        check(&Studio::new(&build, <[u8]>::to_vec), name);
    }
}

#[test]
fn gzip_and_zstd_make_no_difference() {
    type Packer = fn(&[u8]) -> Vec<u8>;
    let packers: [(&str, Packer); 4] = [
        ("gzip", gzip),
        ("one frame", |plain| zstd_frames(plain, plain.len())),
        ("frames across fields", |plain| zstd_frames(plain, 1000)),
        ("frames as small as they get", |plain| zstd_frames(plain, 7)),
    ];
    for (name, packer) in packers {
        check(&Studio::new(&Build::new(Form::Large8, 500), packer), name);
    }
}

#[test]
fn the_same_file_becomes_the_same_bytes_wherever_the_client_keeps_them() {
    for packer in [gzip, <[u8]>::to_vec, |plain: &[u8]| zstd_frames(plain, 3000)] {
        let studio = Studio::new(&Build::new(Form::Small8, 404), packer);
        let made = || {
            let cache = tempfile::tempdir().unwrap();
            let job = job(&studio.trace(), cache.path());
            let blends = job.files.into_iter().filter(|file| is_blend(&file.in_pack));
            blends.map(|file| std::fs::read(file.path).unwrap()).collect::<Vec<_>>()
        };
        assert_eq!(made(), made());
    }
}

#[test]
fn what_was_rewritten_before_is_not_written_again() {
    let studio = Studio::new(&Build::new(Form::Large8, 500), <[u8]>::to_vec);
    let cache = tempfile::tempdir().unwrap();
    let inode = || {
        let job = job(&studio.trace(), cache.path());
        let main = job.files.iter().find(|file| file.in_pack == "shots/main.blend").unwrap();
        assert!(main.path.starts_with(cache.path()), "never in the project");
        std::os::unix::fs::MetadataExt::ino(&main.path.metadata().unwrap())
    };
    assert_eq!(inode(), inode());
}
