//! Blender finds everything in a pack, and only there.

use std::ffi::OsStr;
use std::path::Path;
use std::process::Command;

use serde_json::Value;
use shaman_tests::server::program;

use crate::support::{blender, last_line, run_script};

/// Packs a .blend and gives the last line that was printed.
fn pack(folder: &Path, blend: &Path, project: &Path, into: &Path) -> Value {
    let output = Command::new(program("shaman"))
        .env("SHAMAN_CACHE", folder.join("cache"))
        .arg("pack")
        .arg(blend)
        .arg("--project")
        .arg(project)
        .arg("--into")
        .arg(into)
        .arg("--json")
        .output()
        .unwrap();
    last_line(&output)
}

/// Opens each .blend of a pack in Blender; every path must lead to something in the pack.
fn assert_whole(python: &Path, pack: &Path, missing: &str) {
    let args = [pack.as_os_str(), "--missing".as_ref(), missing.as_ref()];
    let said = run_script(python, "check_pack.py", &args);
    let last = said.lines().last().unwrap_or_default();
    assert!(last.starts_with("0 wrong of "), "{said}");
}

#[test]
fn blender_finds_every_path_of_a_pack_when_the_project_is_gone() {
    let Some(python) = blender("5.0.1") else { return };
    let folder = tempfile::tempdir().unwrap();
    let path = |below: &str| folder.path().join(below);
    let made = path("made");
    let options = "--libraries 3 --textures 16 --sequence 4 --udims 3 --vdb-frames 2 --strip-images 2 \
                   --fluid-frames 2 --outside 3 --absolute 3 --objects 2 --mesh-side 5";
    let mut args = vec![made.as_os_str()];
    args.extend(options.split_ascii_whitespace().map(OsStr::new));
    run_script(&python, "make_project.py", &args);
    run_script(&python, "make_corner_cases.py", &[path("cases").as_os_str()]);
    std::fs::create_dir(path("empty")).unwrap();

    let blend = made.join("project/shots/shot_010.blend");
    let end = pack(folder.path(), &blend, &made.join("project"), &path("part"));
    assert_eq!((&end["outside"], &end["missing"]), (&3.into(), &1.into()));
    // And everything outside, the .blend itself too.
    let end = pack(folder.path(), &blend, &path("empty"), &path("all"));
    assert_eq!(end["outside"], end["files"]);
    let packed_library = path("cases/corners/packed_library/packed_library.blend");
    pack(folder.path(), &packed_library, &path("empty"), &path("packed"));

    std::fs::rename(&made, path("moved-away")).unwrap();
    std::fs::rename(path("cases"), path("moved-away-too")).unwrap();
    for name in ["part", "all", "packed"] {
        assert_whole(&python, &path(name), "gone.png");
    }
    // The check can fail: without a texture that came from outside, it does.
    let outside = path("part/_outside_project");
    std::fs::rename(&outside, path("moved-away-as-well")).unwrap();
    let checked = Command::new(&python)
        .arg(crate::support::project_root().join("scripts/check_pack.py"))
        .arg(path("part"))
        .output()
        .unwrap();
    assert_eq!(checked.status.code(), Some(1));
}
