//! Damaged and hostile files: a sentence and what could be found, never a panic, never endless.

use std::io::Read as _;
use std::time::{Duration, Instant};

use proptest::prelude::*;
use shaman_client::blend::{Blend, BlendError, Source};
use shaman_client::trace;

use crate::build::{Build, Form, gzip, zstd_frames};
use crate::deps_fixtures::{VERSIONS, folder};
use crate::support::{Folder, assets};

fn modern() -> Build {
    Build::new(Form::Large8, 500)
}

fn read(bytes: Vec<u8>) -> Result<Blend, BlendError> {
    Blend::read(Source::Bytes(bytes))
}

/// Every fixture's shot, as it is and unpacked.
fn shots() -> Vec<Vec<u8>> {
    let mut shots = Vec::new();
    for version in VERSIONS {
        let packed = std::fs::read(folder(version).join("project/shots/shot_010.blend")).unwrap();
        let mut plain = Vec::new();
        zstd::Decoder::new(packed.as_slice()).unwrap().read_to_end(&mut plain).unwrap();
        shots.extend([packed, plain]);
    }
    shots
}

/// Traces bytes as a .blend in a folder of their own; whatever comes of it, it comes.
fn survives(bytes: &[u8]) {
    let folder = Folder::new();
    let blend = folder.put("main.blend", bytes);
    match trace::trace(&blend, None) {
        Ok(trace) => assert!(!trace.files.is_empty()),
        Err(error) => assert!(!error.to_string().is_empty()),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_file_cut_anywhere_is_survived(cut in 0.0..1.0_f64) {
        for shot in shots() {
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                clippy::cast_precision_loss,
                reason = "any place will do"
            )]
            let len = (shot.len() as f64 * cut) as usize;
            survives(&shot[..len]);
        }
    }

    #[test]
    fn bytes_changed_anywhere_are_survived(
        changes in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..200),
    ) {
        for mut shot in shots() {
            for (place, byte) in &changes {
                let place = place.index(shot.len());
                shot[place] = *byte;
            }
            survives(&shot);
        }
    }

    #[test]
    fn bytes_changed_among_the_structures_are_survived(
        changes in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..20),
        form in prop::sample::select(vec![Form::Small4, Form::Small8, Form::Large8]),
    ) {
        // A small file is nearly all pointers, lengths and structures.
        let mut build = Build::new(form, 405);
        build.image("a", 1, b"//a.png");
        build.image_of("b", 2, b"//b.<UDIM>.png", 6);
        build.library(3, b"//c.blend");
        build.block(b"SC", "Scene", 10, |scene| scene.int("ed", 11));
        build.block(b"DATA", "Editing", 11, |editing| editing.int("seqbase.first", 12));
        build.block(b"DATA", "Sequence", 12, |strip| strip.int("strip", 13));
        build.block(b"DATA", "Strip", 13, |data| data.int("stripdata", 14));
        build.block(b"DATA", "StripElem", 14, |element| element.text("name", b"d.png"));
        let mut file = build.finish();
        for (place, byte) in &changes {
            let place = place.index(file.len());
            file[place] = *byte;
        }
        survives(&file);
    }

    #[test]
    fn any_bytes_after_the_magic_are_survived(
        rest in proptest::collection::vec(any::<u8>(), 0..2000),
        magic in prop::sample::select(vec![
            b"BLENDER-v304".as_slice(), b"BLENDER_V248", b"BLENDER17-01v0500", b"\x1f\x8b\x08\x00",
            b"\x28\xb5\x2f\xfd", b"\x52\x2a\x4d\x18\x00\x00\x00\x00",
        ]),
    ) {
        survives(&[magic, &rest].concat());
    }
}

#[test]
fn what_stands_before_the_damage_is_found_if_the_structures_are_known() {
    let folder = Folder::new();
    folder.touch(["a.png"]);
    let mut build = modern();
    build.image("a", 1, b"//a.png");
    let dna = build.dna();
    build.raw(b"DNA1", 0, 2, &dna);
    build.head(b"DATA", 0, 3, 1 << 40);
    folder.put("main.blend", &build.unfinished());
    let trace = folder.trace("main.blend");
    assert_eq!(assets(&trace), ["a.png"]);
    assert!(trace.warnings[0].contains("ends in the middle"), "{:?}", trace.warnings);
}

#[test]
fn a_length_that_cannot_be_is_refused_at_once() {
    let started = Instant::now();
    for (len, is_it) in [
        (-1, "impossible length"),
        (i64::MIN, "impossible length"),
        (1 << 40, "unpacks to more than"),
        (i64::MAX, "unpacks to more than"),
    ] {
        let mut build = modern();
        build.head(b"DATA", 0, 1, len);
        build.raw(b"DATA", 0, 2, &[0; 1000]);
        let error = read(zstd_frames(&build.finish(), 1 << 20)).unwrap_err().to_string();
        assert!(error.contains(is_it), "{len}: {error}");
    }
    assert!(started.elapsed() < Duration::from_secs(5));
}

#[test]
fn a_promise_of_many_bytes_takes_no_memory() {
    // 16 MiB of structures are allowed, but only those that are there are read.
    let mut build = modern();
    build.head(b"DNA1", 0, 1, 16 << 20);
    assert!(matches!(read(build.unfinished()), Err(BlendError::CutShort)));
    let mut build = modern();
    build.head(b"DNA1", 0, 1, (16 << 20) + 1);
    assert!(matches!(read(build.unfinished()), Err(BlendError::BadDna(_))));
}

#[test]
fn zeros_without_end_are_passed_over() {
    // 1 GiB of zeros in a hundred kilobytes: read in no more memory than any other file.
    let mut build = modern();
    build.head(b"DATA", 0, 1, 1 << 30);
    let (head, tail) = (build.unfinished(), modern().finish());
    let mut bomb = zstd::encode_all(head.as_slice(), 3).unwrap();
    bomb.extend(zstd::encode_all(std::io::repeat(0).take(1 << 30), 1).unwrap());
    bomb.extend(zstd::encode_all(&tail[17..], 3).unwrap());
    assert!(bomb.len() < 1 << 20);
    assert_eq!(read(bomb).unwrap().ids().count(), 0);
}

#[test]
fn structures_that_make_no_sense_are_refused() {
    let whole = modern().dna();
    for cut in [0, 3, 8, 12, 40, whole.len() / 2, whole.len() - 1] {
        let mut build = modern();
        build.raw(b"DNA1", 0, 1, &whole[..cut]);
        let error = read(build.unfinished()).unwrap_err();
        assert!(matches!(error, BlendError::BadDna(_)), "{cut}: {error}");
    }
    let without = modern();
    assert!(matches!(read(without.unfinished()), Err(BlendError::CutShort)));
}

#[test]
fn an_array_larger_than_memory_is_refused() {
    let mut build = modern();
    build.shape("Huge", "char bytes[99999999999999]");
    assert!(matches!(read(build.finish()), Err(BlendError::BadDna(_))));
}

#[test]
fn a_list_that_runs_in_a_circle_ends() {
    let folder = Folder::new();
    let mut build = modern();
    build.block(b"IM", "Image", 1, |image| {
        image.text("id.name", b"IMa").text("name", b"//a.<UDIM>.png").int("source", 6);
        image.int("tiles.first", 2)
    });
    build.block(b"DATA", "ImageTile", 2, |tile| tile.int("next", 3).int("tile_number", 1001));
    build.block(b"DATA", "ImageTile", 3, |tile| tile.int("next", 2).int("tile_number", 1002));
    folder.put("main.blend", &build.finish());
    assert_eq!(folder.trace("main.blend").missing.len(), 2);
}

#[test]
fn a_meta_strip_inside_itself_ends() {
    let folder = Folder::new();
    folder.touch(["s/a.mp4"]);
    let mut build = modern();
    build.block(b"SC", "Scene", 1, |scene| scene.int("ed", 10));
    build.block(b"DATA", "Editing", 10, |editing| editing.int("seqbase.first", 11));
    build.block(b"DATA", "Sequence", 11, |meta| {
        meta.int("type", 1).int("next", 12).int("seqbase.first", 11)
    });
    build.block(b"DATA", "Sequence", 12, |movie| movie.int("type", 3).int("strip", 13));
    build.block(b"DATA", "Strip", 13, |data| data.text("dir", b"//s").int("stripdata", 14));
    build.block(b"DATA", "StripElem", 14, |element| element.text("name", b"a.mp4"));
    folder.put("main.blend", &build.finish());
    assert_eq!(assets(&folder.trace("main.blend")), ["s/a.mp4"]);
}

#[test]
fn a_struct_that_does_not_exist_is_passed_over() {
    let folder = Folder::new();
    folder.touch(["a.png"]);
    let mut build = modern();
    build.raw(b"IM", 60_000, 1, &[0xff; 3000]);
    build.raw(b"IM", 5, 2, &[0xff; 10]);
    build.image("a", 3, b"//a.png");
    folder.put("main.blend", &build.finish());
    assert_eq!(assets(&folder.trace("main.blend")), ["a.png"]);
}

#[test]
fn gzip_that_ends_too_early_is_told_from_gzip_that_is_damaged() {
    let packed = gzip(&modern().finish());
    assert!(matches!(read(packed[..packed.len() / 2].to_vec()), Err(BlendError::CutShort)));
    let mut damaged = packed;
    // After the header of ten bytes comes the kind of the first block; there are three.
    damaged[10] = 0xff;
    let error = read(damaged).unwrap_err();
    assert!(matches!(error, BlendError::Damaged(_)), "{error}");
}

#[test]
fn a_million_blocks_are_read_in_seconds() {
    let mut build = modern();
    build.block(b"OB", "Image", 1, |image| image.text("id.name", b"OBa"));
    for old in 2..1_000_000 {
        build.raw(b"DATA", Build::index_of("ListBase"), old, &[1; 16]);
    }
    let folder = Folder::new();
    folder.put("main.blend", &build.finish());
    let started = Instant::now();
    assert!(folder.trace("main.blend").warnings.is_empty());
    assert!(started.elapsed() < Duration::from_secs(20), "{:?}", started.elapsed());
}

#[test]
fn an_array_that_thousands_share_is_not_looked_at_for_each_of_them() {
    let mut build = modern();
    build.block(b"SC", "Scene", 1, |scene| scene.int("ed", 2));
    build.block(b"DATA", "Editing", 2, |editing| editing.int("seqbase.first", 10));
    build.block(b"DATA", "Strip", 3, |data| data.text("dir", b"//").int("stripdata", 4));
    let element: Vec<u8> = [b"a.png".as_slice(), &[0; 259]].concat();
    build.raw(b"DATA", Build::index_of("StripElem"), 4, &element.repeat(20_000));
    for old in 10..20_010 {
        build.block(b"DATA", "Sequence", old, |strip| strip.int("strip", 3).int("next", old + 1));
    }
    let folder = Folder::new();
    folder.put("main.blend", &build.finish());
    let started = Instant::now();
    let trace = folder.trace("main.blend");
    assert!(trace.warnings.iter().any(|it| it.contains("more than 500000 files")), "{trace:?}");
    assert!(started.elapsed() < Duration::from_mins(1), "{:?}", started.elapsed());
}

#[test]
fn structs_nested_without_end_are_given_up() {
    let mut build = modern();
    // 5 to the 13th fields in all, none of them a pointer.
    build.shape("Deep0", "char byte");
    for depth in 1..14 {
        let fields = |number| format!("Deep{} f{number}", depth - 1);
        let fields: Vec<_> = (0..5).map(fields).collect();
        build.shape(&format!("Deep{depth}"), &fields.join("; "));
    }
    build.shape("Thing", "ID id; Deep13 deep");
    let shape = build.place("Thing");
    build.raw(b"OB", shape, 1, &vec![0; 40_000]);
    let folder = Folder::new();
    folder.put("main.blend", &build.finish());
    let started = Instant::now();
    let trace = folder.trace("main.blend");
    assert!(started.elapsed() < Duration::from_mins(1), "{:?}", started.elapsed());
    assert!(trace.warnings[0].contains("more in it than is ever looked at"), "{trace:?}");
}

#[test]
fn a_packed_library_that_many_name_is_looked_into_within_limits() {
    let mut inside = modern();
    inside.image("a", 1, b"//a.png");
    inside.raw(b"DATA", 0, 2, &vec![7; 40_000]);
    let bytes = inside.finish();
    let mut main = modern();
    for old in (0x1000..).step_by(0x10).take(2000) {
        main.block(b"LI", "Library", old, |library| {
            library.text("name", b"//a.blend").int("packedfile", old + 2)
        });
        main.block(b"DATA", "PackedFile", old + 2, |file| file.int("data", 0x99));
    }
    main.raw(b"IM", 1, 0x99, &bytes);
    let folder = Folder::new();
    folder.put("main.blend", &main.finish());
    let trace = folder.trace("main.blend");
    assert!(trace.warnings.iter().any(|it| it.contains("packed too deep")), "{trace:?}");
}

#[test]
fn a_damaged_file_that_is_its_own_library_is_read_once() {
    // Found by fuzzing: each time it was asked for all of it, it asked itself for all of it.
    let mut build = modern();
    let dna = build.dna();
    build.raw(b"DNA1", 0, 2, &dna);
    build.block(b"LI", "Library", 0x10, |library| library.text("name", b"//main.blend"));
    build.head(b"DATA", 0, 3, 1 << 40);
    let folder = Folder::new();
    folder.put("main.blend", &build.unfinished());
    let trace = folder.trace("main.blend");
    assert_eq!(trace.files.len(), 1);
    assert!(trace.warnings[0].contains("ends in the middle"), "{:?}", trace.warnings);
}
