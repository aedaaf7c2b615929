//! `shaman doctor`, against directories that are broken for real.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

fn shaman(arguments: &[&str]) -> std::process::Output {
    let cache = tempfile::tempdir().unwrap();
    Command::new(env!("CARGO_BIN_EXE_shaman"))
        .args(arguments)
        .env("SHAMAN_CACHE", cache.path())
        .output()
        .unwrap()
}

/// What is said about a directory: the status, and a line for each finding.
fn doctor(dir: &Path) -> (i32, Vec<(String, String, String)>) {
    let output = shaman(&["doctor", "--json", dir.to_str().unwrap()]);
    let answer: Value = serde_json::from_slice(&output.stdout).unwrap();
    let word = |finding: &Value, key: &str| finding[key].as_str().unwrap().to_owned();
    let findings = answer["findings"].as_array().unwrap().iter().map(|finding| {
        let text = format!("{} → {}", word(finding, "seen"), word(finding, "advice"));
        (word(finding, "about"), word(finding, "health"), text)
    });
    (output.status.code().unwrap(), findings.collect())
}

fn is(dir: &Path, about: &str, health: &str, words: &str) {
    let (status, findings) = doctor(dir);
    let found = findings.iter().find(|(of, ..)| of == about);
    let (_, found, text) = found.unwrap_or_else(|| panic!("nothing about {about}: {findings:?}"));
    assert!(found == health && text.contains(words), "{about} is {found}: {text}");
    assert_eq!(status == 1, findings.iter().any(|(_, health, _)| health == "bad"));
}

/// A pack of the example: a directory with a manifest, as checkouts have it.
fn packed(folder: &Path) -> PathBuf {
    let pack = folder.join("pack");
    let blend = concat!(env!("CARGO_MANIFEST_DIR"), "/../examples/studio/shots/shot_010.blend");
    let done = shaman(&["pack", blend, "--into", pack.to_str().unwrap()]);
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    pack
}

#[test]
fn a_directory_that_is_right_is_well_and_one_that_is_not_is_told_why() {
    let folder = tempfile::tempdir().unwrap();
    let pack = packed(folder.path());
    is(&pack, "visible", "good", "is there");
    is(&pack, "readable", "good", "27 files");
    is(&pack, "right", "good", "all 27 files");
    is(&pack, "speed", "good", "a second");
    // This user made the files, so it may write to them.
    is(&pack, "protected", "doubtful", "mount the share `ro`");
    assert_eq!(doctor(&pack).0, 0);

    let texture = pack.join("textures/poster.png");
    let bytes = std::fs::read(&texture).unwrap();
    std::fs::set_permissions(&texture, PermissionsExt::from_mode(0o644)).unwrap();
    let mut other = bytes.clone();
    other[100] ^= 1;
    std::fs::write(&texture, &other).unwrap();
    is(&pack, "right", "bad", "shaman damage");
    std::fs::write(&texture, [&bytes[..], b"more"].concat()).unwrap();
    is(&pack, "readable", "bad", "wrong-size");
    std::fs::remove_file(&texture).unwrap();
    is(&pack, "readable", "bad", "missing");
    std::fs::remove_file(pack.join(".shaman-manifest.json")).unwrap();
    is(&pack, "readable", "bad", "manifest");
}

#[test]
fn a_share_that_is_not_mounted_is_recognised() {
    let folder = tempfile::tempdir().unwrap();
    let farm = folder.path().join("farm");
    std::fs::create_dir(&farm).unwrap();
    is(&farm.join("jobs/shot"), "visible", "bad", "mount the share");
    is(&farm.join("jobs/shot"), "visible", "bad", "is empty");
    std::fs::write(farm.join("something"), "").unwrap();
    is(&farm.join("jobs/shot"), "visible", "bad", "shaman ping");
}
