//! Paths as people and systems write them, and the project around them.

use std::path::Path;

use shaman_client::trace::{self, Kind, TraceError};

use crate::build::{Build, Form};
use crate::pack_support::Pack;
use crate::support::{Folder, assets, blends, missing};

fn images(paths: &[&[u8]]) -> Vec<u8> {
    let mut build = Build::new(Form::Small8, 304);
    for (old, path) in (1..).zip(paths) {
        build.image(&format!("{old}"), old, path);
    }
    build.finish()
}

#[test]
fn slashes_of_both_kinds_and_dots_lead_to_the_file() {
    let folder = Folder::new();
    folder.touch(["tex/a.png", "tex/b.png", "shots/c.png"]);
    let paths = [b"//..\\tex\\a.png".as_slice(), b"//../shots/../tex/./b.png", b"c.png"];
    folder.put("shots/main.blend", &images(&paths));
    let trace = folder.trace("shots/main.blend");
    assert_eq!(assets(&trace), ["shots/c.png", "tex/a.png", "tex/b.png"]);
    assert!(trace.missing.is_empty(), "{trace:?}");
}

#[test]
#[cfg(target_os = "linux")]
fn another_case_is_found_and_sent_under_the_name_that_is_asked_for() {
    let folder = Folder::new();
    folder.touch(["Textures/Wood_Oak.PNG", "Textures/other.png", "wood_oak.png"]);
    folder.put("main.blend", &images(&[b"//textures/wood_oak.png"]));
    let trace = folder.trace("main.blend");
    assert_eq!(assets(&trace), ["textures/wood_oak.png"]);
    let texture = trace.files.iter().find(|file| file.kind == Kind::Image).unwrap();
    assert_eq!(texture.path, folder.path().join("Textures/Wood_Oak.PNG"));
    assert!(trace.missing.is_empty());
    assert!(trace.warnings[0].contains("Textures/Wood_Oak.PNG"), "{:?}", trace.warnings);
}

#[test]
#[cfg(target_os = "linux")]
fn one_file_in_two_spellings_is_sent_under_both() {
    let folder = Folder::new();
    folder.touch(["Tex/a.png"]);
    folder.put("main.blend", &images(&[b"//tex/A.png", b"//Tex/a.png", b"//TEX\\a.png"]));
    let trace = folder.trace("main.blend");
    assert_eq!(assets(&trace), ["TEX/a.png", "Tex/a.png", "tex/A.png"]);
    let there = folder.path().join("Tex/a.png");
    assert!(trace.files.iter().filter(|file| file.kind == Kind::Image).all(|f| f.path == there));
}

#[test]
#[cfg(target_os = "linux")]
fn a_library_in_another_case_finds_its_textures_where_the_pack_has_them() {
    let folder = Folder::new();
    folder.touch(["Lib/Tex/a.png"]);
    let mut library = Build::new(Form::Large8, 500);
    library.image("a", 1, b"//tex/a.png");
    folder.put("Lib/Props.blend", &library.finish());
    let mut main = Build::new(Form::Large8, 500);
    main.library(0x10, b"//lib/props.blend");
    folder.put("main.blend", &main.finish());
    let trace = folder.trace("main.blend");
    assert_eq!(blends(&trace), ["lib/props.blend", "main.blend"]);
    assert_eq!(assets(&trace), ["lib/tex/a.png"]);
}

#[test]
#[cfg(unix)]
fn links_are_followed_and_those_in_a_circle_end() {
    let folder = Folder::new();
    folder.touch(["elsewhere/a.png"]);
    std::os::unix::fs::symlink("elsewhere/a.png", folder.path().join("link.png")).unwrap();
    std::os::unix::fs::symlink("loop.png", folder.path().join("loop.png")).unwrap();
    // Each time it is followed, the library lies one directory deeper.
    std::os::unix::fs::symlink(".", folder.path().join("again")).unwrap();
    let mut library = Build::new(Form::Large8, 500);
    library.library(0x10, b"//again/library.blend");
    library.image("link", 1, b"//link.png");
    library.image("loop", 2, b"//loop.png");
    folder.put("library.blend", &library.finish());
    let trace = folder.trace("library.blend");
    assert_eq!(assets(&trace), ["link.png"]);
    assert_eq!(missing(&trace), ["loop.png"]);
    assert_eq!(blends(&trace), ["again/library.blend", "library.blend"]);
    assert!(trace.warnings.iter().any(|it| it.contains("under another name")), "{trace:?}");
}

#[test]
#[cfg(target_os = "linux")]
fn the_right_case_is_preferred() {
    let folder = Folder::new();
    folder.touch(["wood.png", "Wood.png", "WOOD.png"]);
    folder.put("main.blend", &images(&[b"//Wood.png"]));
    let trace = folder.trace("main.blend");
    assert_eq!(assets(&trace), ["Wood.png"]);
    assert!(trace.warnings.is_empty());
}

#[test]
#[cfg(not(windows))]
fn drives_and_servers_of_windows_are_missing_elsewhere() {
    let folder = Folder::new();
    let paths = [b"C:\\tex\\a.png".as_slice(), b"\\\\server\\tex\\b.png"];
    folder.put("main.blend", &images(&paths));
    assert_eq!(missing(&folder.trace("main.blend")), ["C:\\tex\\a.png", "\\\\server\\tex\\b.png"]);
}

#[test]
#[cfg(target_os = "linux")]
fn a_name_that_is_not_utf_8_is_found_and_has_another_one_in_the_pack() {
    use std::os::unix::ffi::OsStrExt as _;

    let folder = Folder::new();
    let name = std::ffi::OsStr::from_bytes(b"caf\xe9.png");
    let path = folder.put(name, b"bytes");
    folder.put("main.blend", &images(&[b"//caf\xe9.png"]));
    let trace = folder.trace("main.blend");
    assert!(trace.files.iter().any(|file| file.path == path));
    assert!(trace.warnings.is_empty());
    let json = serde_json::to_string(&trace).unwrap();
    assert!(json.contains("caf_xE9.png"), "its place in the pack");
    let pack = Pack::of(&trace);
    assert!(pack.files.contains(&"caf_xE9.png".to_owned()), "{:?}", pack.files);
    assert!(pack.trace().missing.is_empty());
}

#[test]
fn a_directory_or_a_device_is_not_a_file() {
    let folder = Folder::new();
    folder.touch(["tex/a.png"]);
    folder.put("main.blend", &images(&[b"//tex", b"/dev/zero"]));
    let trace = folder.trace("main.blend");
    assert!(assets(&trace).is_empty());
    assert_eq!(missing(&trace), ["/dev/zero", "tex"]);
}

#[test]
fn a_file_outside_the_project_has_no_place_in_the_pack() {
    let folder = Folder::new();
    folder.touch(["outside/a.png"]);
    folder.put("project/main.blend", &images(&[b"//../outside/a.png"]));
    let project = folder.path().join("project");
    let trace = trace::trace(&project.join("main.blend"), Some(&project)).unwrap();
    let [outside, itself] = trace.files.as_slice() else { panic!("{trace:?}") };
    assert_eq!((outside.in_pack.as_deref(), itself.in_pack.as_deref()), (None, Some("main.blend")));
}

#[test]
fn the_project_is_the_nearest_marked_directory() {
    for mark in [".blender_project", ".git", ".svn"] {
        let folder = Folder::new();
        folder.put(format!("project/{mark}/config"), b"");
        let blend = folder.put("project/shots/010/main.blend", &images(&[]));
        let trace = trace::trace(&blend, None).unwrap();
        assert_eq!(trace.root, folder.path().join("project"), "{mark}");
        assert_eq!(trace.files[0].in_pack.as_deref(), Some("shots/010/main.blend"));
    }
}

#[test]
fn without_a_mark_the_project_is_the_directory_of_the_blend() {
    let folder = Folder::new();
    let blend = folder.put("shots/main.blend", &images(&[]));
    // Somebody may keep their temporary folder in a checkout.
    let is_marked =
        |dir: &Path| [".blender_project", ".git", ".svn"].iter().any(|m| dir.join(m).exists());
    if !folder.path().ancestors().any(is_marked) {
        assert_eq!(trace::trace(&blend, None).unwrap().root, folder.path().join("shots"));
    }
}

#[test]
fn a_blend_may_lie_outside_the_project_but_the_project_must_be_there() {
    let folder = Folder::new();
    folder.touch(["project/readme.txt"]);
    let blend = folder.put("main.blend", &images(&[]));
    let trace = trace::trace(&blend, Some(&folder.path().join("project"))).unwrap();
    assert_eq!(trace.files[0].in_pack, None);
    let error = trace::trace(&blend, Some(&folder.path().join("none"))).unwrap_err();
    assert!(matches!(error, TraceError::NoProject(_)), "{error}");
}

#[test]
#[cfg(unix)]
fn a_project_named_through_a_link_is_the_same_project() {
    let folder = Folder::new();
    folder.touch(["real/tex/a.png"]);
    let blend = folder.put("real/main.blend", &images(&[b"//tex/a.png"]));
    let link = folder.path().join("link");
    std::os::unix::fs::symlink(folder.path().join("real"), &link).unwrap();
    let trace = trace::trace(&blend, Some(&link)).unwrap();
    assert_eq!(assets(&trace), ["tex/a.png"]);
}
