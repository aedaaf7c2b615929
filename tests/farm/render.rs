//! A worker renders from the checkout exactly what the artist would have.

use std::path::Path;

use crate::support::{Farm, blender, copy_tree, project_root, run_script};

fn render(python: &Path, blend: &Path, out: &Path, frame: &str) {
    run_script(python, "render.py", &[blend.as_os_str(), out.as_os_str(), frame.as_ref()]);
    assert!(out.exists());
}

fn compare(a: &Path, b: &Path) -> std::process::Output {
    let script = project_root().join("scripts/compare_png.py");
    std::process::Command::new("python3").arg(script).args([a, b]).output().unwrap()
}

fn assert_same_pixels(a: &Path, b: &Path) {
    let said = compare(a, b);
    assert!(said.status.success(), "{}", String::from_utf8_lossy(&said.stdout));
}

/// Makes a project with everything a pixel can depend on, submits it, moves it away, and renders the
/// first frames and the last one.
fn a_project_renders_from_its_checkout(version: &str) {
    let Some(python) = blender(version) else { return };
    let farm = Farm::start();
    let made = farm.path("made");
    let options = "--libraries 3 --textures 16 --sequence 4 --udims 3 --vdb-frames 2 --strip-images 2 \
                   --fluid-frames 0 --outside 2 --absolute 2 --objects 2 --mesh-side 5";
    let mut args = vec![made.as_os_str()];
    args.extend(options.split_ascii_whitespace().map(std::ffi::OsStr::new));
    run_script(&python, "make_project.py", &args);
    let project = made.join("project");
    let blend = project.join("shots/shot_010.blend");
    let originals = farm.path("originals");
    let frames = ["1", "2", "4"];
    for frame in frames {
        render(&python, &blend, &originals.join(format!("{frame}.png")), frame);
    }

    let end = farm.submit(&blend, &project, "shot_010");
    assert_eq!(end["blend_in_checkout"], "shots/shot_010.blend");
    assert_eq!(end["missing"], 1, "the project refers to one file that is not there, on purpose");
    let checkout = farm.jobs().join(end["checkout"].as_str().unwrap());
    assert!(checkout.join("_outside_project").is_dir(), "two textures lie outside");
    assert_eq!(end["location"], checkout.to_str().unwrap());
    std::fs::rename(&made, farm.path("moved-away")).unwrap();

    for frame in frames {
        let out = farm.path(&format!("workers/{frame}.png"));
        render(&python, &checkout.join("shots/shot_010.blend"), &out, frame);
        assert_same_pixels(&originals.join(format!("{frame}.png")), &out);
    }
    // The comparison can fail: two frames of the sequence differ.
    let differ = compare(&originals.join("1.png"), &originals.join("4.png"));
    assert_eq!(differ.status.code(), Some(1));
}

#[test]
fn a_project_of_blender_5_renders_from_its_checkout_pixel_for_pixel() {
    a_project_renders_from_its_checkout("5.0.1");
}

#[test]
fn a_project_of_blender_3_renders_from_its_checkout_pixel_for_pixel() {
    a_project_renders_from_its_checkout("3.4.1");
}

#[test]
fn a_damaged_checkout_renders_right_again_after_the_next_submit() {
    let Some(python) = blender("5.0.1") else { return };
    let farm = Farm::start();
    let studio = farm.path("studio");
    copy_tree(&project_root().join("examples/studio"), &studio);
    let blend = studio.join("shots/shot_010.blend");
    let before = farm.path("before.png");
    render(&python, &blend, &before, "1");
    let end = farm.submit(&blend, &studio, "job");
    let checkout = farm.jobs().join(end["checkout"].as_str().unwrap());
    let rendered = checkout.join("shots/shot_010.blend");
    // As root may, through the checkout: one bit in the middle of every picture.
    let dir = std::fs::read_dir(checkout.join("textures")).unwrap();
    let pictures: Vec<_> = dir.map(|entry| entry.unwrap().path()).filter(|p| p.is_file()).collect();
    for picture in &pictures {
        flip_a_bit(picture);
    }
    let damaged = farm.path("damaged.png");
    render(&python, &rendered, &damaged, "1");
    assert_eq!(compare(&before, &damaged).status.code(), Some(1), "the damage is to be seen");

    let scrub = farm.shaman().args(["scrub", "--rate", "1GB/s"]).output().unwrap();
    assert!(scrub.status.success());
    let count = || {
        let damage = farm.shaman().args(["damage", "--json"]).output().unwrap();
        let report: serde_json::Value = serde_json::from_slice(&damage.stdout).unwrap();
        report["damaged"].as_array().unwrap().len()
    };
    let end = std::time::Instant::now() + std::time::Duration::from_mins(1);
    while count() < pictures.len() {
        assert!(std::time::Instant::now() < end, "the scrub finds {} of {pictures:?}", count());
        std::thread::sleep(std::time::Duration::from_millis(100));
    }
    farm.submit(&blend, &studio, "again");
    assert_eq!(count(), 0);
    let after = farm.path("after.png");
    render(&python, &rendered, &after, "1");
    assert_same_pixels(&before, &after);
}

fn flip_a_bit(path: &Path) {
    use std::os::unix::fs::PermissionsExt as _;
    let mut bytes = std::fs::read(path).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o644)).unwrap();
    std::fs::write(path, bytes).unwrap();
}

#[test]
fn an_edit_after_the_submit_does_not_reach_the_checkout() {
    let Some(python) = blender("5.0.1") else { return };
    let farm = Farm::start();
    let studio = farm.path("studio");
    copy_tree(&project_root().join("examples/studio"), &studio);
    let blend = studio.join("shots/shot_010.blend");
    let before = farm.path("before.png");
    render(&python, &blend, &before, "1");
    let end = farm.submit(&blend, &studio, "job");
    let checkout = farm.jobs().join(end["checkout"].as_str().unwrap());
    // The artist goes on: another picture on the wall, and the floor is gone.
    std::fs::copy(studio.join("textures/rug.png"), studio.join("textures/poster.png")).unwrap();
    std::fs::remove_file(studio.join("textures/floor_planks.png")).unwrap();
    let after = farm.path("after.png");
    render(&python, &checkout.join("shots/shot_010.blend"), &after, "1");
    assert_same_pixels(&before, &after);
}
