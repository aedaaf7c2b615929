//! What of a library is needed: what is linked, what that uses, and nothing else.

use crate::build::{Build, Form};
use crate::support::{Folder, assets, blends};

/// A library with an object that uses a material, which uses a picture and one in a library of its own;
/// and the same again, which nobody links.
fn library(form: Form) -> Build {
    let mut build = Build::new(form, 405);
    build.shape("Thing", "ID id; Thing *one; void *many; Thing **slots");
    build.shape("Part", "Part *next; Part *prev; void *thing");
    for (old, name, picture, other) in [
        (0x100, "Used", b"//used.png".as_slice(), b"//deep/used.blend".as_slice()),
        (0x200, "Idle", b"//idle.png", b"//deep/idle.blend"),
    ] {
        let name = |code: &str| format!("{code}{name}").into_bytes();
        build.block(b"OB", "Thing", old, |it| {
            it.text("id.name", &name("OB")).int("id.next", 0x200).int("many", 0x901)
        });
        build.block(b"DATA", "Part", 0x901, |it| it.int("next", 0x902));
        build.block(b"DATA", "Part", 0x902, |it| it.int("thing", old + 1));
        build.block(b"MA", "Thing", old + 1, |it| {
            it.text("id.name", &name("MA")).int("one", old).int("slots", 0x903)
        });
        let slots = build.pointers(&[0, old + 2, old + 0x11]);
        build.raw(b"DATA", 0, 0x903, &slots);
        let image = String::from_utf8(name("")).unwrap();
        build.image(&image, old + 2, picture);
        build.library(old + 0x10, other);
    }
    build
}

fn project(link: &[u8], library: &[u8]) -> Folder {
    let folder = Folder::new();
    folder.touch(["lib/used.png", "lib/idle.png", "lib/deep/used.png"]);
    let mut deep = Build::new(Form::Large8, 500);
    deep.image("deep", 1, b"//used.png");
    deep.block(b"MA", "Image", 2, |it| it.text("id.name", b"MAlinked"));
    folder.put("lib/deep/used.blend", &deep.finish());
    folder.put("lib/deep/idle.blend", &deep.finish());
    folder.put("lib/props.blend", library);
    let mut main = Build::new(Form::Large8, 500);
    main.block(b"LI", "Library", 0x10, |it| it.text("name", b"//lib/props.blend"));
    main.block(b"ID", "ID", 0x11, |it| it.text("name", link).int("lib", 0x10));
    folder.put("main.blend", &main.finish());
    folder
}

#[test]
fn what_is_linked_and_what_that_uses_is_needed_and_nothing_else() {
    for form in [Form::Small4, Form::Small8, Form::Large8] {
        let trace = project(b"OBUsed", &library(form).finish()).trace("main.blend");
        assert_eq!(assets(&trace), ["lib/used.png"], "{form:?}");
        assert_eq!(blends(&trace), ["lib/deep/used.blend", "lib/props.blend", "main.blend"]);
    }
}

#[test]
fn what_is_linked_under_a_name_that_is_not_there_may_be_anything() {
    let folder = project(b"OBRenamed", &library(Form::Large8).finish());
    assert_eq!(assets(&folder.trace("main.blend")), ["lib/idle.png", "lib/used.png"]);
}

#[test]
fn of_a_damaged_library_everything_is_needed() {
    let mut build = library(Form::Large8);
    let dna = build.dna();
    build.raw(b"DNA1", 0, 0x7777, &dna);
    build.head(b"DATA", 0, 1, 1 << 40);
    let trace = project(b"OBUsed", &build.unfinished()).trace("main.blend");
    assert_eq!(assets(&trace), ["lib/idle.png", "lib/used.png"]);
    assert!(trace.warnings[0].contains("ends in the middle"), "{:?}", trace.warnings);
}

#[test]
fn a_library_of_nothing_but_brushes_is_not_needed() {
    let folder = project(b"BRUsed", &library(Form::Large8).finish());
    let trace = folder.trace("main.blend");
    assert_eq!(blends(&trace), ["main.blend"]);
}

#[test]
fn two_files_that_link_different_things_need_both() {
    let folder = project(b"OBUsed", &library(Form::Large8).finish());
    let mut second = Build::new(Form::Large8, 500);
    second.block(b"LI", "Library", 0x10, |it| it.text("name", b"//lib/props.blend"));
    second.block(b"ID", "ID", 0x11, |it| it.text("name", b"IMIdle").int("lib", 0x10));
    second.block(b"MA", "Image", 2, |it| it.text("id.name", b"MAown"));
    folder.put("second.blend", &second.finish());
    let mut main = Build::new(Form::Large8, 500);
    // The second one is read in a later wave than the library that it asks more of.
    main.block(b"LI", "Library", 0x10, |it| it.text("name", b"//lib/props.blend"));
    main.block(b"ID", "ID", 0x11, |it| it.text("name", b"OBUsed").int("lib", 0x10));
    main.library(0x20, b"//second.blend");
    folder.put("both.blend", &main.finish());
    assert_eq!(assets(&folder.trace("both.blend")), ["lib/idle.png", "lib/used.png"]);
}
