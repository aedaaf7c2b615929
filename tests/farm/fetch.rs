//! Checkouts come to machines without the shared storage, from a real server.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;
use shaman_tests::between::{Between, Deed};
use shaman_tests::server::program;

use crate::support::{Farm, copy_tree, last_line, project_root};

/// A machine elsewhere, with a cache of its own.
fn elsewhere(farm: &Farm, url: &str) -> Command {
    let mut command = Command::new(program("shaman"));
    command.env("SHAMAN_URL", url).env("SHAMAN_CACHE", farm.path("elsewhere/cache"));
    command
}

fn fetch(farm: &Farm, url: &str, checkout: &str, into: &Path, args: &[&str]) -> Output {
    let mut command = elsewhere(farm, url);
    command.args(["fetch", checkout, "--json", "--into"]).arg(into).args(args);
    command.output().unwrap()
}

fn checkout(end: &Value) -> &str {
    end["checkout"].as_str().unwrap()
}

/// All files below a directory, with their bytes.
fn contents(dir: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let mut found = Vec::new();
    let mut dirs = vec![dir.to_owned()];
    while let Some(next) = dirs.pop() {
        for entry in std::fs::read_dir(next).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                dirs.push(path);
            } else {
                let below = path.strip_prefix(dir).unwrap().to_owned();
                found.push((below, std::fs::read(path).unwrap()));
            }
        }
    }
    found.sort();
    found
}

#[test]
fn what_is_fetched_is_what_workers_with_the_share_see_and_a_new_version_costs_what_changed() {
    let farm = Farm::start();
    let studio = farm.path("studio");
    copy_tree(&project_root().join("examples/studio"), &studio);
    let blend = studio.join("shots/shot_010.blend");
    let first = farm.submit(&blend, &studio, "film/shot");
    std::fs::write(studio.join("textures/poster.png"), "another poster").unwrap();
    let second = farm.submit(&blend, &studio, "film/shot");

    for (end, fetched, means) in [(&first, 27, &["--link"][..]), (&second, 1, &[])] {
        let into = farm.path("elsewhere").join(checkout(end).replace('/', "-"));
        std::fs::create_dir_all(into.parent().unwrap()).unwrap();
        let done = last_line(&fetch(&farm, &farm.url, checkout(end), &into, means));
        assert_eq!((&done["files"], &done["fetched_blobs"]), (&27.into(), &fetched.into()));
        let without_manifest = |dir: &Path| -> Vec<(PathBuf, Vec<u8>)> {
            let all = contents(dir).into_iter();
            all.filter(|(path, _)| path != Path::new(".shaman-manifest.json")).collect()
        };
        assert_eq!(without_manifest(&into), without_manifest(&farm.jobs().join(checkout(end))));
        let verify = farm.shaman().arg("verify").arg(&into).output().unwrap();
        assert!(verify.status.success(), "{verify:?}");
        let mut diff = farm.shaman();
        let diff = diff.arg("diff").arg(&into).arg(checkout(end)).output().unwrap();
        assert_eq!(diff.status.code(), Some(0), "{diff:?}");
    }
}

#[test]
fn a_line_that_breaks_again_and_again_costs_no_byte_twice() {
    let farm = Farm::start();
    let dir = farm.path("big");
    std::fs::create_dir(&dir).unwrap();
    let bytes: Vec<u8> =
        (0..24_u32 << 20).map(|at| (at.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
    std::fs::write(dir.join("cache.vdb"), &bytes).unwrap();
    let end = last_line(&farm.shaman().arg("upload").arg(&dir).args(["--json"]).output().unwrap());
    let way = Between::start(farm.server.address(), |head, before| {
        let is_blob = head.first_line.starts_with("GET /v1/blobs/");
        if is_blob && before < 4 { Deed::CutAnswer(5 << 20) } else { Deed::Pass }
    });
    let into = farm.path("elsewhere/big");
    std::fs::create_dir_all(farm.path("elsewhere")).unwrap();
    let done = last_line(&fetch(&farm, &way.url, checkout(&end), &into, &[]));
    assert_eq!(done["fetched_bytes"], bytes.len());
    assert_eq!(way.count("GET /v1/blobs/"), 5);
    assert!(std::fs::read(into.join("cache.vdb")).unwrap() == bytes);
}

#[test]
fn small_blobs_come_together_and_what_an_answer_lost_comes_by_itself() {
    let farm = Farm::start();
    let dir = farm.path("small");
    std::fs::create_dir(&dir).unwrap();
    for number in 0..200 {
        std::fs::write(dir.join(number.to_string()), format!("file {number}").repeat(500)).unwrap();
    }
    let end = last_line(&farm.shaman().arg("upload").arg(&dir).args(["--json"]).output().unwrap());
    std::fs::create_dir_all(farm.path("elsewhere")).unwrap();
    let fetched = |deed: Deed, into: &str| {
        let way = Between::start(farm.server.address(), move |head, _| {
            if head.first_line.starts_with("POST /v1/blobs/read ") { deed } else { Deed::Pass }
        });
        let into = farm.path(into);
        let done = last_line(&fetch(&farm, &way.url, checkout(&end), &into, &[]));
        assert_eq!((&done["files"], &done["fetched_blobs"]), (&200.into(), &200.into()));
        for number in 0..200 {
            let text = std::fs::read_to_string(into.join(number.to_string())).unwrap();
            assert!(text == format!("file {number}").repeat(500), "{number}");
        }
        std::fs::remove_dir_all(farm.path("elsewhere/cache")).unwrap();
        assert_eq!(way.count("POST /v1/blobs/read"), 1);
        way.count("GET /v1/blobs/")
    };
    assert_eq!(fetched(Deed::Pass, "elsewhere/all"), 0);
    // A server from before, and a line that breaks in the middle.
    assert_eq!(fetched(Deed::Refuse(404), "elsewhere/before"), 200);
    let alone = fetched(Deed::CutAnswer(300_000), "elsewhere/cut");
    assert!((1..200).contains(&alone), "{alone}");
}

#[test]
fn a_checkout_that_is_not_there_and_a_server_that_is_not_ours_are_sentences() {
    let farm = Farm::start();
    let into = farm.path("none");
    let refused = fetch(&farm, &farm.url, "film/none", &into, &[]);
    assert_eq!(refused.status.code(), Some(1));
    assert!(String::from_utf8(refused.stderr).unwrap().contains("there is no checkout"));
    assert!(!into.exists());
}
