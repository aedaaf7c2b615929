//! Every form in which a .blend can come.

use shaman_client::blend::{Blend, BlendError, Source};

use crate::build::{Build, Form, gzip, zstd_frames};
use crate::support::{Folder, assets, blends};

/// A file with a bit of everything that depends on pointers and numbers.
fn sample(mut build: Build) -> Vec<u8> {
    build.image("still", 0x1000, b"//still.png");
    build.image_of("tiles", 0x2000, b"//skin.<UDIM>.png", 6);
    build.raw(b"DATA", 0, 0x2400, b"bytes that are no struct");
    build.library(0x3000, b"//lib.blend");
    build.finish()
}

#[test]
fn pointer_sizes_and_byte_orders_make_no_difference() {
    for (name, build) in [
        ("small4", Build::new(Form::Small4, 248)),
        ("small8", Build::new(Form::Small8, 405)),
        ("large8", Build::new(Form::Large8, 502)),
        ("big4", Build::big(Form::Small4, 249)),
        ("big8", Build::big(Form::Small8, 279)),
    ] {
        let folder = Folder::new();
        folder.touch(["still.png", "skin.1001.png", "skin.1002.png"]);
        folder.put("main.blend", &sample(build.clone()));
        folder.put("lib.blend", &build.finish());
        let trace = folder.trace("main.blend");
        assert_eq!(assets(&trace), ["skin.1001.png", "skin.1002.png", "still.png"], "{name}");
        assert_eq!(blends(&trace), ["lib.blend", "main.blend"], "{name}");
        assert!(trace.missing.is_empty() && trace.warnings.is_empty(), "{name}: {trace:?}");
    }
}

#[test]
fn gzip_and_zstd_make_no_difference() {
    let plain = sample(Build::new(Form::Large8, 500));
    let halves = plain.split_at(plain.len() / 2);
    for (name, packed) in [
        ("plain", plain.clone()),
        ("gzip", gzip(&plain)),
        ("gzip in two members", [gzip(halves.0), gzip(halves.1)].concat()),
        ("one frame", zstd_frames(&plain, plain.len())),
        ("many frames", zstd_frames(&plain, 100)),
        ("frames as small as they get", zstd_frames(&plain, 1)),
    ] {
        let blend = Blend::read(Source::Bytes(packed)).unwrap();
        assert!(blend.damage().is_none(), "{name}");
        assert_eq!(blend.version(), 500);
        let ids: Vec<_> = blend.ids().map(|id| id.id_name()).collect();
        assert_eq!(ids, [b"IMstill".as_slice(), b"IMtiles", b"LIlib12288", b"MAlinked"], "{name}");
    }
}

#[test]
fn the_same_pointer_means_another_block_in_another_owner() {
    // Since 5.0 `old` is unique only among the blocks of one data-block.
    let mut build = Build::new(Form::Large8, 500);
    for (name, old, tile) in [("a", 0x1000, 1001), ("b", 0x2000, 1002)] {
        build.block(b"IM", "Image", old, |image| {
            image.text("id.name", format!("IM{name}").as_bytes()).int("source", 6);
            image.int("tiles.first", 0x42).int("tiles.last", 0x42);
            image.text("name", format!("//{name}.<UDIM>.png").as_bytes())
        });
        build.block(b"DATA", "ImageTile", 0x42, |data| data.int("tile_number", tile));
    }
    let folder = Folder::new();
    folder.put("main.blend", &build.finish());
    let trace = folder.trace("main.blend");
    assert_eq!(crate::support::missing(&trace), ["a.1001.png", "b.1002.png"]);
}

#[test]
fn a_file_that_is_no_blend_is_refused_with_a_reason() {
    let read = |bytes: &[u8]| Blend::read(Source::Bytes(bytes.to_vec())).unwrap_err();
    assert!(matches!(read(b"\x89PNG\r\n\x1a\n"), BlendError::NotBlend));
    assert!(matches!(read(b""), BlendError::NotBlend));
    assert!(matches!(read(&gzip(b"a tar file, perhaps")), BlendError::NotBlendInside));
    assert!(matches!(read(&zstd_frames(b"short", 5)), BlendError::NotBlendInside));
    assert!(matches!(read(b"BLENDER17-09v0700 and more"), BlendError::UnknownFormat(_)));
}
