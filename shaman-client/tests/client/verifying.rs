//! A checkout is looked at where it stands, without any server.

use std::path::{Path, PathBuf};
use std::process::Output;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::farm::Farm;

const FILES: [(&str, &str); 3] =
    [("shot.blend", "blend"), ("tex/a.png", "image"), ("tex/empty", "")];

fn manifest() -> String {
    let entry = |(path, text): (&str, &str)| {
        let digest = shaman_proto::Digest::from_bytes(Sha256::digest(text).into());
        json!({"path": path, "size": text.len(), "sha256": digest})
    };
    json!({
        "format": 1, "checkout": "job", "blend": "shot.blend", "created": "2026-11-24T08:15:02Z",
        "server": "test", "files": FILES.map(entry),
    })
    .to_string()
}

fn put(dir: &Path, name: &str, text: &str) {
    let path = dir.join(name);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, text).unwrap();
}

fn put_files(dir: &Path) {
    for (name, text) in FILES {
        put(dir, name, text);
    }
}

fn checkout(farm: &Farm) -> PathBuf {
    let dir = farm.storage().join("job");
    put_files(&dir);
    put(&dir, ".shaman-manifest.json", &manifest());
    dir
}

fn verify(farm: &Farm, dir: &Path, args: &[&str]) -> Output {
    farm.shaman(&[&["verify", dir.to_str().unwrap()], args].concat())
}

fn wrong(output: &Output) -> Vec<(String, String)> {
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    let line: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(line["complete"], false);
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let wrong = line["wrong"].as_array().unwrap().iter();
    wrong.map(|wrong| (text(&wrong["path"]), text(&wrong["problem"]))).collect()
}

#[test]
fn a_complete_checkout_is_told_by_its_manifest_alone() {
    let farm = Farm::new();
    let dir = checkout(&farm);
    put(&dir, "render/0001.png", "a file more is no error");
    for args in [&[][..], &["--quick"], &["--wait", "1s"]] {
        let output = verify(&farm, &dir, args);
        assert!(output.status.success(), "{output:?}");
        assert_eq!(String::from_utf8_lossy(&output.stdout), "complete: 3 files, 10 B\n");
    }
    let output = verify(&farm, &dir, &["--json"]);
    let line: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((&line["complete"], &line["blend"]), (&true.into(), &"shot.blend".into()));
}

#[test]
fn each_wrong_file_is_listed_with_what_is_wrong() {
    let farm = Farm::new();
    let dir = checkout(&farm);
    put(&dir, "shot.blend", "BLEND");
    put(&dir, "tex/a.png", "image and more");
    std::fs::remove_file(dir.join("tex/empty")).unwrap();
    let all =
        [("shot.blend", "wrong-bytes"), ("tex/a.png", "wrong-size"), ("tex/empty", "missing")];
    let all = all.map(|(path, problem)| (path.to_owned(), problem.to_owned()));
    assert_eq!(wrong(&verify(&farm, &dir, &["--json"])), all);
    assert_eq!(wrong(&verify(&farm, &dir, &["--json", "--quick"])), all[1..], "sizes only");
    let people = verify(&farm, &dir, &[]);
    let (out, err) = (String::from_utf8(people.stdout).unwrap(), String::from_utf8(people.stderr));
    assert!(out.contains("wrong size: tex/a.png (14 of 5 bytes)"), "{out}");
    assert!(err.unwrap().contains("3 of 3 files"));
}

#[test]
fn a_file_that_was_written_just_now_and_is_too_short_is_still_arriving() {
    let farm = Farm::new();
    let dir = checkout(&farm);
    put(&dir, "shot.blend", "bl");
    std::fs::rename(dir.join("tex/a.png"), dir.join("tex/.syncthing.a.png.tmp")).unwrap();
    let arriving = |path: &str| (path.to_owned(), "arriving".to_owned());
    let found = wrong(&verify(&farm, &dir, &["--json"]));
    assert_eq!(found, [arriving("shot.blend"), arriving("tex/a.png")]);
}

#[test]
fn a_directory_and_its_manifest_may_come_late() {
    let farm = Farm::new();
    let dir = farm.storage().join("job");
    let late = dir.clone();
    let coming = std::thread::spawn(move || {
        let pause = || std::thread::sleep(Duration::from_millis(150));
        pause();
        put(&late, "tex/a.png", "im");
        pause();
        // As it comes over a network: its first half, then all of it.
        let text = manifest();
        put(&late, ".shaman-manifest.json", &text.chars().take(40).collect::<String>());
        pause();
        put(&late, ".shaman-manifest.json", &text);
        pause();
        put_files(&late);
    });
    let output = verify(&farm, &dir, &["--wait", "1m"]);
    assert!(output.status.success(), "{output:?}");
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(told.ends_with("3 of 3 files are right\n"), "{told}");
    assert!(told.lines().count() < 4, "only what is new: {told}");
    coming.join().unwrap();
}

#[test]
fn waiting_ends_when_the_time_is_over() {
    let farm = Farm::new();
    let dir = checkout(&farm);
    std::fs::remove_file(dir.join("tex/empty")).unwrap();
    let began = Instant::now();
    let output = verify(&farm, &dir, &["--wait", "1s", "--json"]);
    assert_eq!(wrong(&output).len(), 1);
    let took = began.elapsed();
    assert!(took >= Duration::from_secs(1) && took < Duration::from_secs(10), "{took:?}");
    let nothing = verify(&farm, &farm.path("absent"), &["--wait", "0s"]);
    assert_eq!(nothing.status.code(), Some(1));
}

#[test]
fn a_directory_without_a_whole_manifest_is_said_to_be_none() {
    let farm = Farm::new();
    let dir = checkout(&farm);
    let refused = |text: &str| {
        put(&dir, ".shaman-manifest.json", text);
        let output = verify(&farm, &dir, &[]);
        assert_eq!(output.status.code(), Some(1));
        String::from_utf8(output.stderr).unwrap()
    };
    assert!(refused("{\"format\": 1, \"checko").contains("not a whole manifest"));
    assert!(refused("{\"format\": 2}").contains("newer `shaman`"));
    assert!(refused(&manifest().replace("shot.blend", "../shot.blend")).contains("`..`"));
    let output = verify(&farm, &farm.storage(), &[]);
    assert!(String::from_utf8(output.stderr).unwrap().contains("has no .shaman-manifest.json"));
    assert_eq!(verify(&farm, &dir, &["--wait", "soon"]).status.code(), Some(2));
}
