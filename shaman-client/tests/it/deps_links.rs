//! Libraries: followed, missing, broken, in circles, packed.

use std::time::{Duration, Instant};

use shaman_client::trace::Kind;

use crate::build::{Build, Form};
use crate::support::{Folder, assets, blends, missing};

fn modern() -> Build {
    Build::new(Form::Large8, 500)
}

#[test]
fn libraries_lead_to_libraries_and_paths_start_at_the_file_they_stand_in() {
    let folder = Folder::new();
    folder.touch(["a/b/deep.png", "a/near.png"]);
    let mut deep = modern();
    deep.image("deep", 1, b"//deep.png");
    folder.put("a/b/deep.blend", &deep.finish());
    let mut near = modern();
    near.library(0x10, b"//b/deep.blend");
    near.image("near", 1, b"//near.png");
    folder.put("a/near.blend", &near.finish());
    let mut main = modern();
    main.library(0x10, b"//a/near.blend");
    folder.put("main.blend", &main.finish());

    let trace = folder.trace("main.blend");
    assert_eq!(blends(&trace), ["a/b/deep.blend", "a/near.blend", "main.blend"]);
    assert_eq!(assets(&trace), ["a/b/deep.png", "a/near.png"]);
    let near = trace.files.iter().find(|file| file.in_pack.as_deref() == Some("a/near.png"));
    let user = format!("{}#IMnear", folder.path().join("a/near.blend").display());
    assert_eq!(near.unwrap().users, [user]);
}

#[test]
fn files_that_link_each_other_are_each_read_once() {
    let folder = Folder::new();
    for (name, other) in [("a.blend", "//b.blend"), ("b.blend", "//./x/../a.blend")] {
        let mut build = modern();
        build.library(0x10, other.as_bytes());
        folder.put(name, &build.finish());
    }
    let started = Instant::now();
    let trace = folder.trace("a.blend");
    assert!(started.elapsed() < Duration::from_secs(10));
    assert_eq!(blends(&trace), ["a.blend", "b.blend"]);
}

#[test]
fn a_library_that_is_not_there_is_missing() {
    let folder = Folder::new();
    let mut main = modern();
    main.library(0x10, b"//gone.blend");
    folder.put("main.blend", &main.finish());
    let trace = folder.trace("main.blend");
    assert_eq!(missing(&trace), ["gone.blend"]);
    assert_eq!(trace.missing[0].kind, Kind::Blend);
}

#[test]
fn a_broken_library_is_listed_and_the_rest_is_found() {
    let folder = Folder::new();
    folder.touch(["still.png"]);
    let mut main = modern();
    main.library(0x10, b"//broken.blend");
    main.library(0x20, b"//text.blend");
    main.image("still", 1, b"//still.png");
    folder.put("main.blend", &main.finish());
    folder.put("broken.blend", &main.unfinished());
    folder.put("text.blend", b"not a blend");
    let trace = folder.trace("main.blend");
    assert_eq!(blends(&trace), ["broken.blend", "main.blend", "text.blend"]);
    assert_eq!(assets(&trace), ["still.png"]);
    assert_eq!(trace.warnings.len(), 2);
    let broken = &trace.warnings[0];
    assert!(broken.contains("broken.blend`") && broken.contains("in the middle"), "{broken}");
}

#[test]
fn a_packed_library_is_not_a_dependency_but_what_it_needs_is() {
    let folder = Folder::new();
    folder.touch(["lib/packed.blend", "lib/a.png", "lib/b.png", "a.png"]);
    let mut library = modern();
    library.image("a", 1, b"//a.png");
    library.image("b", 3, b"//b.png");
    // Above the size up to which blocks are kept while reading.
    library.raw(b"DATA", 0, 2, &vec![7; 40_000]);
    let mut main = modern();
    main.block(b"LI", "Library", 0x10, |library| {
        library.text("name", b"//lib/packed.blend").int("packedfile", 0x99)
    });
    let bytes = library.finish();
    main.block(b"DATA", "PackedFile", 0x99, |file| file.int("data", 0x98));
    main.raw(b"DATA", 0, 0x98, &bytes);
    main.block(b"ID", "ID", 0x11, |id| id.text("name", b"IMa").int("lib", 0x10));
    folder.put("main.blend", &main.finish());
    let trace = folder.trace("main.blend");
    assert_eq!(blends(&trace), ["main.blend"]);
    assert_eq!(assets(&trace), ["lib/a.png"]);
    assert!(trace.warnings.is_empty());
}

#[test]
fn libraries_packed_in_packed_libraries_end() {
    let folder = Folder::new();
    let mut bytes = b"no .blend".to_vec();
    for _ in 0..20 {
        let mut main = modern();
        main.block(b"LI", "Library", 0x10, |library| {
            library.text("name", b"//a.blend").int("packedfile", 0x99)
        });
        main.block(b"DATA", "PackedFile", 0x99, |file| file.int("data", 0x98));
        main.raw(b"DATA", 0, 0x98, &bytes);
        main.block(b"ID", "ID", 0x11, |id| id.text("name", b"IMa").int("lib", 0x10));
        bytes = main.finish();
    }
    folder.put("main.blend", &bytes);
    let trace = folder.trace("main.blend");
    assert!(trace.warnings[0].contains("packed too deep"), "{:?}", trace.warnings);
}

/// An archive (0x20) of `lib/iron.blend` (0x10), with a texture that was packed with it.
fn link_and_pack() -> Build {
    let mut main = modern();
    main.block(b"LI", "Library", 0x10, |library| library.text("name", b"//lib/iron.blend"));
    main.block(b"LI", "Library", 0x20, |library| {
        library.text("name", b"//lib/iron.blend").int("flag", 1);
        library.int("archive_parent_library", 0x10)
    });
    main.block(b"IM", "Image", 0x30, |image| {
        image.text("id.name", b"IMiron").int("id.lib", 0x20);
        image.text("name", b"//tex/iron.png").int("source", 1)
    });
    main
}

#[test]
fn what_was_linked_and_packed_finds_its_textures_from_where_it_came() {
    let folder = Folder::new();
    folder.touch(["lib/iron.blend", "lib/tex/iron.png", "tex/iron.png"]);
    folder.put("main.blend", &link_and_pack().finish());
    let trace = folder.trace("main.blend");
    assert_eq!(blends(&trace), ["main.blend"]);
    assert_eq!(assets(&trace), ["lib/tex/iron.png"]);
}

#[test]
fn a_library_that_is_packed_in_part_is_still_a_dependency() {
    let folder = Folder::new();
    folder.touch(["lib/tex/iron.png"]);
    folder.put("lib/iron.blend", &modern().finish());
    let mut main = link_and_pack();
    main.block(b"ID", "ID", 0x40, |id| id.text("name", b"MArust").int("lib", 0x10));
    folder.put("main.blend", &main.finish());
    assert_eq!(blends(&folder.trace("main.blend")), ["lib/iron.blend", "main.blend"]);
}
