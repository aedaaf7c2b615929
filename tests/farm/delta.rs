//! Large files that resemble what the server has.

use std::fs::FileTimes;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use serde_json::Value;
use shaman_tests::between::{Between, Deed};
use shaman_tests::server::program;
use shaman_tests::wire::sha256_hex;

use crate::support::{Farm, last_line};

const SIZE: usize = 20 << 20;

/// Bytes that do not repeat and do not compress.
fn noise(bytes: usize, seed: u64) -> Vec<u8> {
    let mut random = fastrand::Rng::with_seed(seed);
    std::iter::repeat_with(|| random.u8(..)).take(bytes).collect()
}

/// A project with one large file.
struct Project<'a> {
    farm: &'a Farm,
    dir: PathBuf,
    bytes: Vec<u8>,
}

impl<'a> Project<'a> {
    /// The server has the file.
    fn sent(farm: &'a Farm) -> Self {
        let dir = farm.path("project");
        std::fs::create_dir(&dir).unwrap();
        let project = Self { farm, dir, bytes: noise(SIZE, 7) };
        project.write();
        assert_eq!(project.upload(&farm.url, &[])["uploaded_files"], 1);
        project
    }

    fn write(&self) {
        std::fs::write(self.dir.join("cache.vdb"), &self.bytes).unwrap();
    }

    /// Changes a little in two places; one of them becomes longer.
    fn change(&mut self, seed: u64) {
        self.bytes[1_000_000..1_000_100].copy_from_slice(&noise(100, seed));
        self.bytes.splice(9_000_000..9_000_000, noise(333, seed + 1));
        self.write();
    }

    fn command(&self, url: &str, args: &[&str]) -> Command {
        let mut shaman = Command::new(program("shaman"));
        shaman.env("SHAMAN_URL", url).env("SHAMAN_CACHE", self.farm.path("cache"));
        shaman.arg("upload").arg(&self.dir).args(["--name", "job", "--json"]).args(args);
        shaman
    }

    fn upload(&self, url: &str, args: &[&str]) -> Value {
        let end = last_line(&self.command(url, args).output().unwrap());
        let checkout = self.farm.jobs().join(end["checkout"].as_str().unwrap());
        assert!(std::fs::read(checkout.join("cache.vdb")).unwrap() == self.bytes);
        assert!(left_behind(&self.farm.path("storage/file-store/uploading")).is_empty());
        end
    }

    /// The server has cut what it got.
    fn wait_until_cut(&mut self) {
        for seed in 0..30 {
            self.change(1_000 + seed * 2);
            if self.upload(&self.farm.url, &["--delta", "always"])["reused_bytes"] != 0 {
                return;
            }
            std::thread::sleep(Duration::from_secs(1));
        }
        panic!("the server does not cut");
    }
}

/// Files anywhere below.
fn left_behind(dir: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(dir).into_iter().flatten() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(left_behind(&path));
        } else {
            found.push(path);
        }
    }
    found
}

fn body_bytes(way: &Between) -> u64 {
    way.seen().iter().map(|seen| seen.body_bytes).sum()
}

#[test]
fn of_a_large_file_that_changed_only_what_is_new_goes_over_the_line() {
    let farm = Farm::start();
    let mut project = Project::sent(&farm);
    project.wait_until_cut();
    let way = Between::start(farm.server.address(), |_, _| Deed::Pass);
    project.change(1);
    let end = project.upload(&way.url, &[]);
    assert_eq!((way.count("PUT /v1/recipes/"), way.count("PUT /v1/blobs/")), (1, 0));
    let sent = body_bytes(&way);
    assert!(sent < SIZE as u64 / 30, "{sent} bytes");
    assert_eq!(end["uploaded_files"], 1);
    let reused = end["reused_bytes"].as_u64().unwrap();
    assert!(end["uploaded_bytes"].as_u64().unwrap() - reused <= sent, "{end}");

    // Progress counts all of the file.
    project.change(5);
    let output = project.command(&way.url, &[]).output().unwrap();
    let lines = String::from_utf8(output.stdout).unwrap();
    let ended: Value = lines
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap())
        .find(|line| line["event"] == "ended" && line["phase"] == "upload")
        .unwrap();
    let all = project.bytes.len();
    assert_eq!((&ended["files"], &ended["bytes"]), (&1.into(), &all.into()), "{ended}");

    way.forget();
    project.change(3);
    let end = project.upload(&way.url, &["--delta", "never"]);
    assert_eq!((way.count("PUT /v1/recipes/"), &end["reused_bytes"]), (0, &0.into()));
    assert!(body_bytes(&way) > SIZE as u64);
}

#[test]
fn a_file_that_resembles_nothing_costs_one_question() {
    let farm = Farm::start();
    let mut project = Project::sent(&farm);
    let way = Between::start(farm.server.address(), |_, _| Deed::Pass);
    project.bytes = noise(SIZE, 99);
    project.write();
    project.upload(&way.url, &[]);
    assert_eq!((way.count("POST /v1/chunks/missing"), way.count("PUT /v1/recipes/")), (1, 0));
    assert!(body_bytes(&way) < SIZE as u64 + (1 << 20));
}

#[test]
fn whatever_is_wrong_with_a_recipe_the_file_gets_there() {
    let farm = Farm::start();
    let mut project = Project::sent(&farm);
    project.wait_until_cut();
    let rules: [fn(&str) -> Deed; 5] = [
        |request| if request.contains("/v1/chunks/") { Deed::Refuse(404) } else { Deed::Pass },
        |request| if request.contains("/v1/chunks/") { Deed::CutAnswer(30) } else { Deed::Pass },
        |request| if request.contains("/v1/recipes/") { Deed::Refuse(413) } else { Deed::Pass },
        |request| {
            if request.contains("/v1/recipes/") { Deed::CutRequest(9_000) } else { Deed::Pass }
        },
        |request| if request.contains("/v1/recipes/") { Deed::CutAnswer(10) } else { Deed::Pass },
    ];
    for (seed, rule) in rules.into_iter().enumerate() {
        let way = Between::start(farm.server.address(), move |head, _| rule(&head.first_line));
        project.change(seed as u64 * 2 + 11);
        let end = project.upload(&way.url, &[]);
        assert_eq!((&end["uploaded_files"], &end["reused_bytes"]), (&1.into(), &0.into()));
        assert!(way.count("POST /v1/chunks/") <= 2, "{:?}", way.seen());
    }
}

#[test]
fn a_blob_that_is_not_what_it_was_cut_to_spoils_no_other() {
    let farm = Farm::start();
    let mut project = Project::sent(&farm);
    project.wait_until_cut();
    // All of what the chunks are in, so that nobody notices.
    let sum = sha256_hex(&project.bytes);
    let (first, rest) = sum.split_at(2);
    let name = format!("{}.blob", project.bytes.len());
    let path = farm.path("storage/file-store/stored").join(first).join(rest).join(name);
    let modified = path.metadata().unwrap().modified().unwrap();
    let mut spoiled = std::fs::read(&path).unwrap();
    spoiled[5_000_000..6_000_000].fill(0);
    std::fs::remove_file(&path).unwrap();
    std::fs::write(&path, spoiled).unwrap();
    let file = std::fs::File::options().write(true).open(&path).unwrap();
    file.set_times(FileTimes::new().set_modified(modified)).unwrap();

    let way = Between::start(farm.server.address(), |_, _| Deed::Pass);
    project.change(51);
    project.upload(&way.url, &[]);
    let told: Vec<u16> = way
        .seen()
        .iter()
        .filter(|seen| seen.request.starts_with("PUT /v1/recipes/"))
        .map(|seen| seen.status)
        .collect();
    assert_eq!(told.first(), Some(&409), "{told:?}");
}
