//! `shaman deps` as it is typed.

use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;

use crate::build::{Build, Form};
use crate::support::Folder;

fn deps(args: &[&str], blend: &Path) -> Output {
    let shaman = env!("CARGO_BIN_EXE_shaman");
    // Not into the cache of whoever runs the test.
    let cache = blend.parent().unwrap().join(".cache");
    let mut command = Command::new(shaman);
    command.env("SHAMAN_CACHE", cache).arg("deps").args(args).arg(blend).output().unwrap()
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap()
}

/// One texture inside the project, one outside, one missing.
fn project(folder: &Folder) -> std::path::PathBuf {
    folder.touch(["project/tex/a.png", "out.png", "project/.git/config"]);
    let mut build = Build::new(Form::Large8, 500);
    build.image("in", 1, b"//tex/a.png");
    build.image("out", 2, b"//../out.png");
    build.image("gone", 3, b"//tex/gone.png");
    folder.put("project/main.blend", &build.finish())
}

#[test]
fn json_is_one_object_on_stdout() {
    let folder = Folder::new();
    let blend = project(&folder);
    let output = deps(&["--json"], &blend);
    assert!(output.status.success());
    let json: Value = serde_json::from_slice(&output.stdout).unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    assert_eq!(json["blend"], path("project/main.blend"));
    assert_eq!(json["root"], path("project"));
    let files = json["files"].as_array().unwrap();
    assert_eq!(files.len(), 3);
    let texture = files.iter().find(|file| file["in_pack"] == "tex/a.png").unwrap();
    assert_eq!(texture["path"], path("project/tex/a.png"));
    assert_eq!((&texture["kind"], &texture["size"]), (&"image".into(), &5.into()));
    assert_eq!(texture["users"][0], format!("{}#IMin", path("project/main.blend")));
    let outside = files.iter().find(|file| file["path"] == path("out.png")).unwrap();
    assert!(outside["in_pack"].is_null());
    assert_eq!(json["missing"][0]["path"], path("project/tex/gone.png"));
    assert_eq!(json["missing"][0]["kind"], "image");
    assert_eq!(json["warnings"].as_array().unwrap().len(), 0);
}

#[test]
fn missing_and_outside_files_are_said_on_stderr_in_both_forms() {
    let folder = Folder::new();
    let blend = project(&folder);
    for args in [&["--json"][..], &[]] {
        let output = deps(args, &blend);
        let said = text(&output.stderr);
        let line = |start: &str| said.lines().find(|line| line.starts_with(start)).unwrap();
        assert!(line("missing: ").contains("gone.png"));
        assert!(line("outside the project: ").contains("out.png"));
    }
}

#[test]
fn the_list_ends_with_what_it_adds_up_to() {
    let folder = Folder::new();
    let output = deps(&[], &project(&folder));
    let list = text(&output.stdout);
    assert!(list.lines().any(|line| line.ends_with("image  tex/a.png")), "{list}");
    let last = list.lines().last().unwrap();
    assert!(last.starts_with("3 files from "), "{last}");
    assert!(last.ends_with(" kB, 1 outside, 1 missing"), "{last}");
}

#[test]
fn a_file_that_cannot_be_traced_fails_with_one_sentence() {
    let folder = Folder::new();
    let picture = folder.put("a.png", b"\x89PNG\r\n");
    let cut = folder.put("cut.blend", b"BLENDER-v304DATA");
    for (path, wanted) in [
        (picture.as_path(), "not a .blend file"),
        (&cut, "ends in the middle"),
        (&folder.path().join("none.blend"), "No such file"),
        (folder.path(), "is not a file"),
    ] {
        let output = deps(&["--json"], path);
        assert!(!output.status.success());
        assert!(output.stdout.is_empty());
        let said = text(&output.stderr);
        assert!(said.starts_with("error: ") && said.contains(wanted), "{said}");
        assert_eq!(said.lines().count(), 1, "{said}");
    }
}

#[test]
fn the_tree_says_who_asks_for_what() {
    let folder = Folder::new();
    folder.touch(["tex/a.png", "tex/b.png", ".git/config"]);
    let mut library = Build::new(Form::Large8, 500);
    library.image("b", 1, b"//../tex/b.png");
    library.library(0x10, b"//../lib/other.blend");
    folder.put("lib/props.blend", &library.finish());
    folder.put("lib/other.blend", &Build::new(Form::Large8, 500).finish());
    let mut main = Build::new(Form::Large8, 500);
    main.image("a", 1, b"//tex/a.png");
    main.image("again", 2, b"//tex/a.png");
    main.image("gone", 3, b"//tex/gone.png");
    main.library(0x10, b"//lib/props.blend");
    main.library(0x20, b"//lib/other.blend");
    let blend = folder.put("main.blend", &main.finish());
    let output = deps(&["--tree"], &blend);
    assert!(output.status.success());
    let tree = text(&output.stdout);
    let lines: Vec<_> = tree.lines().map(|line| line.split("  (").next().unwrap()).collect();
    assert_eq!(
        lines,
        [
            "main.blend",
            "├─ lib/other.blend",
            "├─ lib/props.blend",
            "│  ├─ lib/other.blend",
            "│  └─ tex/b.png",
            "├─ tex/a.png",
            "└─ tex/gone.png",
        ]
    );
    assert!(tree.contains("tex/a.png  (image, 5 B, IMa and 1 more)\n"), "{tree}");
    assert!(tree.contains("tex/gone.png  (image, missing, IMgone)\n"), "{tree}");
    assert!(tree.contains("LIlib16) see above\n"), "{tree}");
}

#[test]
fn only_what_is_missing_is_told_with_an_exit_status_of_its_own() {
    let folder = Folder::new();
    let blend = project(&folder);
    let output = deps(&["--missing-only"], &blend);
    assert_eq!(output.status.code(), Some(3));
    let gone = folder.path().join("project/tex/gone.png");
    let asked = format!("    asked for by {}#IMgone", blend.display());
    assert_eq!(text(&output.stdout), format!("image  {}\n{asked}\n", gone.display()));
    assert!(output.stderr.is_empty());
    let output = deps(&["--missing-only", "--json"], &blend);
    assert_eq!(output.status.code(), Some(3));
    let json: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert!(json["files"].as_array().unwrap().is_empty());
    assert!(json["missing"][0]["users"][0].as_str().unwrap().ends_with("#IMgone"));
    folder.touch(["project/tex/gone.png"]);
    let output = deps(&["--missing-only"], &blend);
    assert_eq!(output.status.code(), Some(0));
    assert!(output.stdout.is_empty());
}
