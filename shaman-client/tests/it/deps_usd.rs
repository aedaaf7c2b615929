//! What USD files refer to: text by hand, the other forms as the USD library wrote them.

use shaman_client::trace::Kind;

use crate::build::{Build, Form};
use crate::support::{Folder, assets, missing};

/// A .blend that reads this file.
fn reader(path: &[u8]) -> Vec<u8> {
    let mut build = Build::new(Form::Large8, 500);
    build.shape("CacheFile", "ID id; ListBase layers; char filepath[1024]; char is_sequence");
    build.block(b"CF", "CacheFile", 1, |it| it.text("id.name", b"CFset").text("filepath", path));
    build.finish()
}

#[test]
fn a_crate_leads_to_layers_textures_and_volumes() {
    let folder = Folder::new();
    folder.put("main.blend", &reader(b"//set.usdc"));
    folder.put("set.usdc", include_bytes!("../fixtures/usd/set.usdc"));
    folder.touch(["a.usda", "b.usda", "tex/wood.png", "smoke_1.vdb", "smoke_2.vdb", "c.usda"]);
    let trace = folder.trace("main.blend");
    let wanted = ["a.usda", "b.usda", "set.usdc", "smoke_1.vdb", "smoke_2.vdb", "tex/wood.png"];
    assert_eq!(assets(&trace), wanted);
    // A stage does without a layer; whoever made it did not.
    assert_eq!(missing(&trace), ["look.usda"]);
}

#[test]
fn an_archive_carries_what_it_needs() {
    let folder = Folder::new();
    folder.put("main.blend", &reader(b"//set.usdz"));
    folder.put("set.usdz", include_bytes!("../fixtures/usd/set.usdz"));
    folder.touch(["a.usda"]);
    let trace = folder.trace("main.blend");
    assert_eq!(assets(&trace), ["set.usdz"]);
    assert!(trace.missing.is_empty() && trace.warnings.is_empty(), "{trace:?}");
}

#[test]
fn layers_that_refer_to_each_other_end() {
    let folder = Folder::new();
    folder.put("main.blend", &reader(b"//set.usda"));
    folder.put("set.usda", b"#usda 1.0\n@./deep/a.usda@");
    folder.put("deep/a.usda", b"#usda 1.0\n@../set.usda@ @./skin.<UDIM>.png@ @./gone.png@");
    folder.touch(["deep/skin.1001.png", "deep/skin.1002.png"]);
    let trace = folder.trace("main.blend");
    let wanted = ["deep/a.usda", "deep/skin.1001.png", "deep/skin.1002.png", "set.usda"];
    assert_eq!(assets(&trace), wanted);
    let skin = trace.files.iter().find(|file| file.path.ends_with("deep/skin.1001.png")).unwrap();
    assert_eq!(skin.kind, Kind::Image);
    // Blender's materials have their own pictures.
    assert!(trace.missing.is_empty());
    assert!(trace.warnings[0].contains("gone.png"), "{:?}", trace.warnings);
}

#[test]
fn a_file_that_cannot_be_followed_is_named() {
    let folder = Folder::new();
    folder.put("main.blend", &reader(b"//set.usdz"));
    folder.put("set.usdz", b"PK\x03\x04 no archive");
    let trace = folder.trace("main.blend");
    assert_eq!(assets(&trace), ["set.usdz"]);
    let [warning] = trace.warnings.as_slice() else { panic!("{trace:?}") };
    assert!(warning.contains("set.usdz` could not be followed: its table"), "{warning}");
}
