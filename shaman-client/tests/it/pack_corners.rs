//! What is easy to get wrong when paths move.

use std::path::Path;
use std::sync::Arc;

use shaman_client::pack::{self, OUTSIDE};
use shaman_client::progress::{Progress, Silence};
use shaman_client::trace::{self, Trace};

use crate::build::{Build, Form};
use crate::pack_support::Pack;
use crate::support::Folder;

fn modern() -> Build {
    Build::new(Form::Large8, 500)
}

/// Traces `main.blend` in `project`.
fn traced(folder: &Folder) -> Trace {
    let project = folder.path().join("project");
    trace::trace(&project.join("main.blend"), Some(&project)).unwrap()
}

fn outside(pack: &Pack) -> Vec<&str> {
    let outside = |place: &&String| place.starts_with(OUTSIDE);
    pack.files.iter().filter(outside).map(String::as_str).collect()
}

#[test]
fn one_more_file_moves_no_other() {
    let folder = Folder::new();
    folder.touch(["a/b/one.png", "a/two.png", "c/three.png", "a/b/c/four.png"]);
    let all = ["//../a/b/one.png", "//../a/two.png", "//../c/three.png", "//../a/b/c/four.png"];
    let mut before: Vec<String> = Vec::new();
    for count in 1..=all.len() {
        let mut main = modern();
        for (old, path) in (1..).zip(&all[..count]) {
            main.image(path, old * 0x10, path.as_bytes());
        }
        folder.put("project/main.blend", &main.finish());
        let pack = Pack::of(&traced(&folder));
        pack.trace();
        let after: Vec<String> = outside(&pack).into_iter().map(str::to_owned).collect();
        assert_eq!(after.len(), count);
        assert!(before.iter().all(|place| after.contains(place)), "{before:?} {after:?}");
        before = after;
    }
}

#[test]
fn where_there_is_little_room_the_place_is_shorter_and_never_cut() {
    let folder = Folder::new();
    let deep = format!("project/{}/main.blend", ["deep"; 10].join("/"));
    let texture = format!("a long name of a directory/{}.png", "x".repeat(150));
    let absolute = folder.put(&texture, b"out");
    let absolute = absolute.to_str().unwrap().as_bytes();
    for (room, is_found) in [(1024, true), (240, true), (210, false)] {
        // On a machine whose temporary directory has a long name.
        if absolute.len() >= room {
            continue;
        }
        let image = format!("ID id; char name[{room}]; short source");
        let mut build = Build::with_shape("Image", &image);
        build.block(b"IM", "Image", 0x10, |image| {
            image.text("id.name", b"IMfar").int("source", 1).text("name", absolute)
        });
        let main = folder.put(&deep, &build.finish());
        let trace = trace::trace(&main, Some(&folder.path().join("project"))).unwrap();
        assert_eq!(trace.files.len(), 2, "{trace:?}");
        let plan = pack::from_trace(&trace, "job".into()).unwrap();
        assert_eq!(plan.warnings.is_empty(), is_found, "{room}: {:?}", plan.warnings);
        if is_found {
            let pack = Pack::of(&trace);
            assert_eq!(pack.trace().files.len(), 2);
            let name = outside(&pack)[0].split('/').nth(1).unwrap();
            assert_eq!(name.contains("directory"), room == 1024, "{name}");
        }
    }
}

#[test]
fn a_packed_library_outside_is_changed_within_the_file_that_holds_it() {
    let folder = Folder::new();
    folder.touch(["lib/a.png", "elsewhere/b.png"]);
    let absolute = folder.path().join("elsewhere/b.png");
    let mut library = modern();
    library.image("a", 0x10, b"//a.png");
    library.image("b", 0x20, absolute.to_str().unwrap().as_bytes());
    library.raw(b"DATA", 0, 2, &vec![7; 40_000]);
    let bytes = library.finish();
    let mut main = modern();
    main.block(b"LI", "Library", 0x10, |library| {
        library.text("name", b"//../lib/packed.blend").int("packedfile", 0x99)
    });
    main.block(b"DATA", "PackedFile", 0x99, |file| {
        file.int("data", 0x98).int("size", bytes.len() as u64)
    });
    main.raw(b"DATA", 0, 0x98, &bytes);
    main.block(b"ID", "ID", 0x60, |id| id.text("name", b"IMa").int("lib", 0x10));
    main.block(b"ID", "ID", 0x61, |id| id.text("name", b"IMb").int("lib", 0x10));
    main.image("last", 0x50, b"//../lib/a.png");
    folder.put("project/main.blend", &main.finish());
    let pack = Pack::of(&traced(&folder));
    let after = pack.trace();
    assert!(after.missing.is_empty() && after.warnings.is_empty(), "{after:?}");
    assert_eq!((outside(&pack).len(), after.files.len()), (2, 3));
}

#[test]
fn what_was_linked_and_packed_from_outside_finds_its_textures() {
    let folder = Folder::new();
    folder.touch(["lib/tex/iron.png"]);
    let mut main = modern();
    main.block(b"LI", "Library", 0x10, |library| library.text("name", b"//../lib/iron.blend"));
    main.block(b"LI", "Library", 0x20, |library| {
        library.text("name", b"//../lib/iron.blend").int("flag", 1);
        library.int("archive_parent_library", 0x10)
    });
    main.block(b"IM", "Image", 0x30, |image| {
        image.text("id.name", b"IMiron").int("id.lib", 0x20);
        image.text("name", b"//tex/iron.png").int("source", 1)
    });
    folder.put("project/main.blend", &main.finish());
    let pack = Pack::of(&traced(&folder));
    assert!(pack.trace().missing.is_empty());
    assert_eq!(outside(&pack).len(), 1);
}

#[test]
fn frames_and_tiles_of_a_directory_stay_together() {
    let folder = Folder::new();
    folder.touch(["seq/f_01.png", "seq/f_02.png", "seq/s.1001.png", "seq/s.1002.png"]);
    let mut main = modern();
    main.image_of("frames", 0x10, b"//../seq/f_01.png", 2);
    main.image_of("tiles", 0x20, b"//../seq/s.<UDIM>.png", 6);
    folder.put("project/main.blend", &main.finish());
    let pack = Pack::of(&traced(&folder));
    assert_eq!(pack.trace().files.len(), 5);
    let dirs: std::collections::BTreeSet<_> =
        outside(&pack).into_iter().filter_map(|place| Path::new(place).parent()).collect();
    assert_eq!(dirs.len(), 1, "{dirs:?}");
}

fn with_stage(folder: &Folder, stage: &[u8]) {
    let mut main = modern();
    main.shape("CacheFile", "ID id; char filepath[1024]; char is_sequence; ListBase layers");
    // Twice: each user has to find all of it.
    for address in [0x10, 0x20] {
        main.block(b"CF", "CacheFile", address, |cache| {
            cache.text("id.name", b"CFset").text("filepath", stage)
        });
    }
    folder.put("project/main.blend", &main.finish());
}

#[test]
fn the_layers_of_a_stage_stay_where_its_paths_look() {
    // Outside; from inside to outside; from inside up and back.
    for (stage, layer) in [("../a/set.usda", "../b/look.usda"), ("a/set.usda", "../../b/look.usda")]
    {
        let folder = Folder::new();
        let root = format!("#usda 1.0\n(\n  subLayers = [@{layer}@]\n)\n");
        folder.put(Path::new("project").join(stage), root.as_bytes());
        folder.put("b/look.usda", b"#usda 1.0\ndef \"A\" { asset a = @deep/../tex/a.png@ }\n");
        folder.touch(["b/tex/a.png"]);
        with_stage(&folder, format!("//{stage}").as_bytes());
        let pack = Pack::of(&traced(&folder));
        let after = pack.trace();
        assert!(after.missing.is_empty() && after.warnings.is_empty(), "{after:?}");
        assert_eq!((outside(&pack).len(), after.files.len()), (3, 4), "{:?}", pack.files);
    }
}

#[test]
fn a_layer_that_its_stage_will_not_find_is_warned_of() {
    for layer in ["b/look.usda", "project/look.usda"] {
        let folder = Folder::new();
        folder.touch([layer]);
        let path = folder.path().join(layer);
        let stage = format!("#usda 1.0\n(\n  subLayers = [@{}@]\n)\n", path.display());
        folder.put("project/set.usda", stage.as_bytes());
        with_stage(&folder, b"//set.usda");
        let plan = pack::from_trace(&traced(&folder), "job".into()).unwrap();
        assert!(plan.warnings[0].contains(layer), "{:?}", plan.warnings);
    }
}

#[test]
fn a_missing_file_is_missing_in_the_pack_and_not_another_one() {
    let folder = Folder::new();
    folder.touch(["project/gone.png"]);
    let mut library = modern();
    // Two up from its place in the pack there would be the project's.
    library.image("gone", 0x10, b"//../../gone.png");
    folder.put("a/b/lib.blend", &library.finish());
    let mut main = modern();
    main.library(0x10, b"//../a/b/lib.blend");
    main.image("mine", 0x20, b"//gone.png");
    folder.put("project/main.blend", &main.finish());
    let trace = traced(&folder);
    assert_eq!(trace.missing.len(), 1);
    assert_eq!(Pack::of(&trace).trace().missing.len(), 1);
}

#[test]
fn a_damaged_library_goes_along_as_it_is() {
    let folder = Folder::new();
    folder.touch(["a/tex/a.png"]);
    let mut library = modern();
    library.image("a", 0x10, b"//tex/a.png");
    library.raw(b"DATA", 0, 0x20, &vec![7; 100_000]);
    let plain = library.finish();
    // Frames of 1 kB; the last ones are lost.
    let packed = crate::build::zstd_frames(&plain, 1000);
    let half = folder.put("a/lib.blend", &packed[..packed.len() - 20]);
    let mut main = modern();
    main.library(0x10, b"//../a/lib.blend");
    folder.put("project/main.blend", &main.finish());
    let trace = traced(&folder);
    let cache = tempfile::tempdir().unwrap();
    let plan = pack::from_trace(&trace, "job".into()).unwrap();
    let known = shaman_client::hash::HashCache::none();
    let clock = std::time::SystemTime::now;
    let hasher = shaman_client::hash::Hasher { cache: &known, clock, progress: &Silence };
    let heard: Arc<dyn Progress> = Arc::new(Silence);
    let job =
        pack::rewrite(plan, pack::Shelf::open(Some(cache.path())).into(), hasher, &heard).unwrap();
    assert!(job.files.iter().any(|file| file.path == half), "{job:?}");
}
