//! One path, many files: frames, tiles, strips.

use crate::build::{Build, Form};
use crate::support::{Folder, assets, missing};

fn modern() -> Build {
    Build::new(Form::Large8, 502)
}

#[test]
fn a_sequence_is_what_is_on_disk_with_the_same_name() {
    let folder = Folder::new();
    folder.touch(["s/f_0001.png", "s/f_0002.png", "s/f_0009.png", "s/f_0010.png"]);
    folder.touch(["s/f_0001.jpg", "s/g_0001.png", "s/f_1.png", "s/f_0002_old.png"]);
    let mut build = modern();
    build.image_of("f", 1, b"//s/f_0002.png", 2);
    folder.put("main.blend", &build.finish());
    let trace = folder.trace("main.blend");
    assert_eq!(assets(&trace), ["s/f_0001.png", "s/f_0002.png", "s/f_0009.png", "s/f_0010.png"]);
    assert!(trace.missing.is_empty());
}

#[test]
fn a_sequence_of_which_nothing_is_there_is_missing() {
    let folder = Folder::new();
    let mut build = modern();
    build.image_of("f", 1, b"//s/f_0002.png", 2);
    folder.put("main.blend", &build.finish());
    assert_eq!(missing(&folder.trace("main.blend")), ["s/f_0002.png"]);
}

#[test]
#[cfg(target_os = "linux")]
fn a_sequence_in_another_case_is_found() {
    let folder = Folder::new();
    folder.touch(["Seq/F_0001.PNG", "Seq/F_0002.PNG"]);
    let mut build = modern();
    build.image_of("f", 1, b"//seq/f_0001.png", 2);
    folder.put("main.blend", &build.finish());
    let trace = folder.trace("main.blend");
    assert_eq!(assets(&trace), ["seq/f_0001.png", "seq/f_0002.png"]);
    assert!(!trace.warnings.is_empty());
}

/// An image with a list of tiles.
fn tiled(path: &[u8], tiles: &[u64]) -> Build {
    let mut build = modern();
    build.block(b"IM", "Image", 1, |image| {
        image.text("id.name", b"IMskin").text("name", path).int("source", 6);
        image.int("tiles.first", 100).int("tiles.last", 99 + tiles.len() as u64)
    });
    for (old, tile) in (100..).zip(tiles) {
        let next = if old - 99 < tiles.len() as u64 { old + 1 } else { 0 };
        build.block(b"DATA", "ImageTile", old, |data| {
            data.int("next", next).int("tile_number", *tile)
        });
    }
    build
}

#[test]
fn tiles_are_those_on_disk_and_a_listed_one_that_is_absent_is_missing() {
    let folder = Folder::new();
    folder.touch(["skin.1001.png", "skin.1011.png", "skin.png", "skin.1000.png"]);
    let build = tiled(b"//skin.<UDIM>.png", &[1001, 1002, 1011]);
    folder.put("main.blend", &build.finish());
    let trace = folder.trace("main.blend");
    assert_eq!(assets(&trace), ["skin.1001.png", "skin.1011.png"]);
    assert_eq!(missing(&trace), ["skin.1002.png"]);
}

#[test]
fn tiles_by_u_and_v_are_found() {
    let folder = Folder::new();
    folder.touch(["skin.u1_v1.png", "skin.u2_v1.png", "skin.png"]);
    let build = tiled(b"//skin.<UVTILE>.png", &[1001, 1002, 1011]);
    folder.put("main.blend", &build.finish());
    let trace = folder.trace("main.blend");
    assert_eq!(assets(&trace), ["skin.u1_v1.png", "skin.u2_v1.png"]);
    assert_eq!(missing(&trace), ["skin.u1_v2.png"]);
}

#[test]
fn packed_and_generated_images_are_not_dependencies() {
    let folder = Folder::new();
    folder.touch(["a.png", "b.png", "c.png", "d.png"]);
    let mut build = modern();
    build.block(b"IM", "Image", 1, |image| {
        image.text("name", b"//a.png").int("source", 1).int("packedfile", 0x99)
    });
    build.block(b"IM", "Image", 2, |image| {
        image.text("name", b"//b.png").int("source", 1);
        image.int("packedfiles.first", 0x42).int("packedfiles.last", 0x42)
    });
    build.block(b"DATA", "ImagePackedFile", 0x42, |data| data.int("packedfile", 0x43));
    build.image_of("c", 3, b"//c.png", 4);
    build.image_of("d", 4, b"//d.png", 5);
    folder.put("main.blend", &build.finish());
    assert!(assets(&folder.trace("main.blend")).is_empty());
}

/// A scene whose only strip holds these names.
fn strip(kind: u64, dir: &[u8], names: &[&[u8]]) -> Build {
    let mut build = modern();
    build.block(b"SC", "Scene", 1, |scene| scene.text("id.name", b"SCedit").int("ed", 10));
    build.block(b"DATA", "Editing", 10, |editing| editing.int("seqbase.first", 11));
    build.block(b"DATA", "Sequence", 11, |strip| strip.int("type", kind).int("strip", 12));
    build.block(b"DATA", "Strip", 12, |data| data.text("dir", dir).int("stripdata", 13));
    let mut elements = Vec::new();
    for name in names {
        let mut element = name.to_vec();
        element.resize(256 + 4 + 4, 0);
        elements.extend(element);
    }
    build.raw(b"DATA", Build::index_of("StripElem"), 13, &elements);
    build
}

#[test]
fn an_image_strip_is_exactly_the_pictures_it_lists() {
    let folder = Folder::new();
    folder.touch(["s/hero.png", "s/villain_07.png", "s/villain_08.png", "s/hero_2.png"]);
    let build = strip(0, b"//s\\", &[b"hero.png", b"villain_07.png", b"gone.png"]);
    folder.put("main.blend", &build.finish());
    let trace = folder.trace("main.blend");
    assert_eq!(assets(&trace), ["s/hero.png", "s/villain_07.png"]);
    assert_eq!(missing(&trace), ["s/gone.png"]);
}

#[test]
fn a_strip_too_long_to_be_kept_is_fetched() {
    // 300 names of 264 bytes are above the size up to which blocks are kept while reading.
    let names: Vec<_> = (0..300).map(|n| format!("odd {}.png", n * n)).collect();
    let bytes: Vec<_> = names.iter().map(String::as_bytes).collect();
    let build = strip(0, b"//s/", &bytes);
    for packed in [build.finish(), crate::build::zstd_frames(&build.finish(), 4096)] {
        let folder = Folder::new();
        for name in &names {
            folder.put(format!("s/{name}"), b"bytes");
        }
        folder.put("main.blend", &packed);
        assert_eq!(assets(&folder.trace("main.blend")).len(), 300);
    }
}

#[test]
fn a_movie_strip_is_one_file_and_a_sound_strip_is_its_sound() {
    let folder = Folder::new();
    folder.touch(["s/plate.mp4", "s/lost.wav"]);
    folder.put("main.blend", &strip(3, b"//s/", &[b"plate.mp4"]).finish());
    assert_eq!(assets(&folder.trace("main.blend")), ["s/plate.mp4"]);
    // Without a sound data-block the strip's own path is all there is.
    folder.put("main.blend", &strip(4, b"//s", &[b"lost.wav"]).finish());
    assert_eq!(assets(&folder.trace("main.blend")), ["s/lost.wav"]);
}

#[test]
fn each_eye_of_a_stereo_image_is_needed() {
    let use_views = 1 << 14;
    for (flag, wanted) in [(use_views, ["a_L.png", "a_R.png"].as_slice()), (0, &["a_L.png"])] {
        let folder = Folder::new();
        folder.touch(["a_L.png", "a_R.png"]);
        let mut build = modern();
        build.block(b"IM", "Image", 1, |image| {
            image.text("name", b"//a_L.png").int("source", 1).int("flag", flag);
            image.int("views.first", 2)
        });
        for (old, next, path) in [(2, 3, b"//a_L.png"), (3, 0, b"//a_R.png")] {
            build.block(b"DATA", "ImageView", old, |view| {
                view.int("next", next).text("filepath", path)
            });
        }
        folder.put("main.blend", &build.finish());
        assert_eq!(assets(&folder.trace("main.blend")), wanted);
    }
}

#[test]
fn each_eye_of_a_stereo_strip_is_needed() {
    let (use_views, disabled) = (1 << 29, 1);
    for (flag, wanted) in [(use_views, ["s/a_L.mp4", "s/a_R.mp4"].as_slice()), (0, &["s/a_L.mp4"])]
    {
        let folder = Folder::new();
        folder.touch(["s/a_L.mp4", "s/a_R.mp4", "s/a_C.mp4"]);
        let mut build = modern();
        build.block(b"SC", "Scene", 1, |scene| scene.int("ed", 10).int("r.views.first", 20));
        let views = [(20, 21, b"_L", 0), (21, 22, b"_R", 0), (22, 0, b"_C", disabled)];
        for (old, next, suffix, flag) in views {
            build.block(b"DATA", "SceneRenderView", old, |view| {
                view.int("next", next).text("suffix", suffix).int("viewflag", flag)
            });
        }
        build.block(b"DATA", "Editing", 10, |editing| editing.int("seqbase.first", 11));
        build.block(b"DATA", "Sequence", 11, |strip| {
            strip.int("type", 3).int("strip", 12).int("flag", flag)
        });
        build.block(b"DATA", "Strip", 12, |data| data.text("dir", b"//s/").int("stripdata", 13));
        build.block(b"DATA", "StripElem", 13, |element| element.text("name", b"a_L.mp4"));
        folder.put("main.blend", &build.finish());
        assert_eq!(assets(&folder.trace("main.blend")), wanted);
    }
}
