//! Submitting to a real server.

use std::os::unix::fs::MetadataExt as _;

use serde_json::Value;

use crate::support::{Farm, copy_tree, last_line, project_root};

#[test]
fn the_example_is_submitted_whole_and_again_only_what_changed() {
    let farm = Farm::start();
    let studio = farm.path("studio");
    copy_tree(&project_root().join("examples/studio"), &studio);
    let blend = studio.join("shots/shot_010.blend");
    let first = farm.submit(&blend, &studio, "shot");
    assert_eq!(first["files"], 27);
    assert_eq!(first["uploaded_files"], 27);
    assert_eq!(first["uploaded_bytes"], first["bytes"]);
    assert_eq!(first["missing"], 0);

    std::fs::write(studio.join("textures/poster.png"), "another poster").unwrap();
    let second = farm.submit(&blend, &studio, "shot");
    assert_eq!(
        (&second["uploaded_files"], &second["uploaded_bytes"]),
        (&Value::from(1), &Value::from(14))
    );
    assert_ne!(second["checkout"], first["checkout"]);

    let third = farm.submit(&blend, &studio, "shot");
    assert_eq!(third["uploaded_files"], 0);

    let inode = |end: &Value, file: &str| {
        farm.jobs().join(end["checkout"].as_str().unwrap()).join(file).metadata().unwrap().ino()
    };
    for file in ["textures/wall_bricks.png", "shots/shot_010.blend"] {
        assert_eq!(inode(&first, file), inode(&second, file));
    }
    assert_ne!(inode(&first, "textures/poster.png"), inode(&second, "textures/poster.png"));
}

#[test]
fn every_fixture_is_submitted_with_all_it_needs() {
    let farm = Farm::start();
    let fixtures = project_root().join("shaman-client/tests/fixtures");
    for version in ["3.4.1", "4.5.15", "5.0.1", "5.1.2", "5.2.3"] {
        let set = fixtures.join(version);
        let truth: Value =
            serde_json::from_slice(&std::fs::read(set.join("manifest.json")).unwrap()).unwrap();
        // The root holds the outside files too, which are below the fixture's own folder.
        let end = farm.submit(&set.join(truth["main"].as_str().unwrap()), &set, version);
        let checkout = farm.jobs().join(end["checkout"].as_str().unwrap());
        for file in truth["files"].as_array().unwrap() {
            let kind = file["kind"].as_str().unwrap();
            let path = file["path"].as_str().unwrap();
            let copy = checkout.join(path);
            assert!(copy.exists(), "{version}: {kind} {path} is in the checkout");
            assert_eq!(std::fs::read(copy).unwrap(), std::fs::read(set.join(path)).unwrap());
        }
    }
}

#[test]
fn a_directory_is_uploaded_as_it_is() {
    let farm = Farm::start();
    let studio = project_root().join("examples/studio");
    let output = farm
        .shaman()
        .arg("upload")
        .arg(&studio)
        .args(["--name", "dir", "--json"])
        .output()
        .unwrap();
    let end = last_line(&output);
    assert_eq!(end["files"], 28);
    assert_eq!(end["blend_in_checkout"], Value::Null);
    let checkout = farm.jobs().join("dir");
    assert!(
        checkout.join(".blender_project").exists()
            && checkout.join("lib/props/crate.blend").exists()
    );
    // A checkout uploaded again is the same files: the manifest is not one of them.
    let output = farm
        .shaman()
        .arg("upload")
        .arg(&checkout)
        .args(["--name", "again", "--json"])
        .output()
        .unwrap();
    let again = last_line(&output);
    assert_eq!((&again["files"], &again["uploaded_files"]), (&Value::from(28), &Value::from(0)));
}

#[test]
fn the_manifest_in_the_checkout_tells_what_it_should_hold() {
    let farm = Farm::start();
    let studio = project_root().join("examples/studio");
    let end = farm.submit(&studio.join("shots/shot_010.blend"), &studio, "job");
    let checkout = farm.jobs().join(end["checkout"].as_str().unwrap());
    let manifest: Value =
        serde_json::from_slice(&std::fs::read(checkout.join(".shaman-manifest.json")).unwrap())
            .unwrap();
    assert_eq!(manifest["blend"], "shots/shot_010.blend");
    let files = manifest["files"].as_array().unwrap();
    assert_eq!(files.len(), 27);
    for file in files {
        let size = checkout.join(file["path"].as_str().unwrap()).metadata().unwrap().len();
        assert_eq!(file["size"], size);
    }
}

#[test]
fn a_server_that_is_not_there_is_one_sentence_and_status_1() {
    let farm = Farm::start();
    let output = farm.shaman().args(["ping", "--server", "http://127.0.0.1:9"]).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let message = String::from_utf8(output.stderr).unwrap();
    assert!(message.contains("http://127.0.0.1:9") && message.contains("--server"), "{message}");
    assert!(farm.shaman().arg("ping").status().unwrap().success());
}
