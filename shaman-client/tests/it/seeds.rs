//! Where fuzzers start: small files of each form with something of each kind in them.

use std::path::Path;

use crate::build::{Build, Form, gzip, zstd_frames};

/// A file with an image, tiles, a library, an archive, strips, and things that use each other.
fn everything(form: Form) -> Build {
    let mut build = Build::new(form, 405);
    build.image("a", 0x10, b"//a.png");
    build.image_of("b", 0x20, b"//b_0001.png", 2);
    build.image_of("c", 0x30, b"//c.<UDIM>.png", 6);
    build.library(0x40, b"//main.blend");
    build.block(b"LI", "Library", 0x50, |library| {
        library.text("name", b"//lib/a.blend").int("flag", 1).int("archive_parent_library", 0x40)
    });
    build.block(b"LI", "Library", 0x60, |library| {
        library.text("name", b"//p.blend").int("packedfile", 0x61)
    });
    build.block(b"DATA", "PackedFile", 0x61, |file| file.int("data", 0x62));
    build.raw(b"DATA", 0, 0x62, b"BLENDER-v405");
    build.block(b"SC", "Scene", 0x70, |scene| scene.int("ed", 0x71));
    build.block(b"DATA", "Editing", 0x71, |editing| editing.int("seqbase.first", 0x72));
    build.block(b"DATA", "Sequence", 0x72, |strip| strip.int("strip", 0x73).int("next", 0x75));
    build.block(b"DATA", "Strip", 0x73, |data| data.int("stripdata", 0x74));
    build.block(b"DATA", "StripElem", 0x74, |element| element.text("name", b"d.png"));
    build.block(b"DATA", "Sequence", 0x75, |meta| meta.int("type", 1).int("seqbase.first", 0x72));
    build
}

#[test]
#[ignore = "writes fuzz/seeds: run it when a seed should change"]
fn seeds_are_written() {
    let seeds = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz/seeds");
    let put = |name: &str, bytes: &[u8]| {
        let path = seeds.join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, bytes).unwrap();
    };
    for (number, form) in (0..).zip([Form::Large8, Form::Small8, Form::Small4]) {
        let build = everything(form);
        let header = if form == Form::Large8 { 17 } else { 12 };
        put(&format!("blocks/{form:?}"), &[&[number], &build.unfinished()[header..]].concat());
        put(&format!("trace/{form:?}"), &build.finish());
        put(&format!("container/{form:?}"), &build.finish());
    }
    let plain = everything(Form::Large8).finish();
    put("container/gzip", &gzip(&plain));
    put("container/zstd", &zstd_frames(&plain, 4000));
    put("dna/studio", &Build::new(Form::Large8, 500).dna());
    let mut usd = Build::new(Form::Large8, 500);
    usd.shape("CacheFile", "ID id; ListBase layers; char filepath[1024]; char is_sequence");
    usd.block(b"CF", "CacheFile", 1, |it| it.text("filepath", b"//set.usda"));
    put("trace/usd", &usd.finish());
    put("usd/text", b"#usda 1.0\n( subLayers = [@./a.usda@] ) @@@b.png@@@ \"@c@\" # @d.usd@\n");
}
