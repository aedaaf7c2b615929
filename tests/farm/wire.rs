//! What a submit costs on the line, and what it makes of things that stand in between.

use std::io::{Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use serde_json::Value;
use shaman_tests::between::{Between, Deed};
use shaman_tests::manager::{Manager, Setup};
use shaman_tests::server::program;
use shaman_tests::wire::sha256_hex;

use crate::support::{Farm, copy_tree, last_line, project_root};

/// Files that were written just now are read again the next time, since they might be written again
/// within the same tick of the clock.
const SETTLING: Duration = Duration::from_millis(2_100);

/// Says for a path and so many bytes with which status a proxy refuses it.
type Limit = fn(&str, u64) -> Option<u16>;

/// A directory with these files.
fn folder(farm: &Farm, files: &[(&str, Vec<u8>)]) -> PathBuf {
    let dir = farm.path("folder");
    for (name, bytes) in files {
        let path = dir.join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, bytes).unwrap();
    }
    dir
}

/// Bytes that do not repeat and do not compress.
fn noise(bytes: usize, seed: u64) -> Vec<u8> {
    let mut random = seed * 2 + 1;
    let mut all = Vec::with_capacity(bytes + 8);
    while all.len() < bytes {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        all.extend_from_slice(&random.to_le_bytes());
    }
    all.truncate(bytes);
    all
}

fn small(files: usize) -> Vec<(String, Vec<u8>)> {
    (0..files).map(|at| (format!("tex/{at}.png"), noise(2_000 + at, at as u64 * 7 + 3))).collect()
}

fn command(farm: &Farm, url: &str, dir: &Path) -> Command {
    let mut command = Command::new(program("shaman"));
    command.env("SHAMAN_URL", url).env("SHAMAN_CACHE", farm.path("cache"));
    command.arg("upload").arg(dir).args(["--name", "job", "--json"]);
    command
}

fn upload(farm: &Farm, url: &str, dir: &Path) -> Value {
    last_line(&command(farm, url, dir).output().unwrap())
}

/// The checkout has the bytes that the directory has.
fn assert_same(farm: &Farm, end: &Value, dir: &Path, files: &[&str]) {
    let checkout = farm.jobs().join(end["checkout"].as_str().unwrap());
    for file in files {
        let (sent, there) = (std::fs::read(dir.join(file)), std::fs::read(checkout.join(file)));
        assert!(sent.unwrap() == there.unwrap(), "{file}");
    }
}

fn requests(way: &Between) -> Vec<String> {
    way.seen().into_iter().map(|seen| seen.request).collect()
}

fn told(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// The example project, whose files nobody takes for young, and the way to the server.
fn settled_studio(farm: &Farm) -> (PathBuf, Between) {
    let studio = farm.path("studio");
    copy_tree(&project_root().join("examples/studio"), &studio);
    std::thread::sleep(SETTLING);
    (studio, Between::start(farm.server.address(), |_, _| Deed::Pass))
}

fn submit_shot(farm: &Farm, way: &Between, studio: &Path, project: &Path) -> Output {
    let mut shaman = farm.shaman();
    shaman.env("SHAMAN_URL", &way.url).arg("submit").arg(studio.join("shots/shot_010.blend"));
    shaman.arg("--project").arg(project).args(["--name", "shot", "--json"]);
    shaman.output().unwrap()
}

#[test]
fn a_submit_in_which_nothing_changed_makes_two_requests_and_sends_no_blob() {
    let farm = Farm::start();
    let (studio, way) = settled_studio(&farm);
    let submit = || last_line(&submit_shot(&farm, &way, &studio, &studio));
    let first = submit();
    assert_eq!((&first["uploaded_files"], &first["missing"]), (&27.into(), &0.into()));
    let asked = requests(&way);
    assert!(asked.iter().all(|request| !request.contains("/shaman/files/")), "in packs: {asked:?}");
    assert!(asked.len() <= 5, "storage, missing, one or two packs, checkout: {asked:?}");

    way.forget();
    let second = submit();
    assert_eq!((&second["uploaded_files"], &second["files"]), (&0.into(), &27.into()));
    let asked = requests(&way);
    assert_eq!(asked.len(), 2, "{asked:?}");
    assert!(asked[0].contains("/configuration/shared-storage/"), "{asked:?}");
    assert_eq!(asked[1], "POST /v1/checkouts");

    // What the server has lost meanwhile is told by the checkout, and sent.
    let texture = studio.join("textures/poster.png");
    let sum = sha256_hex(&std::fs::read(&texture).unwrap());
    let (first, rest) = sum.split_at(2);
    std::fs::remove_dir_all(farm.path("storage/file-store/stored").join(first).join(rest)).unwrap();
    way.forget();
    assert_eq!(submit()["uploaded_files"], 1);
    assert_eq!((way.count("POST /v1/missing"), way.count("POST /v1/checkouts")), (0, 2));

    let size = texture.metadata().unwrap().len();
    std::fs::write(&texture, noise(usize::try_from(size).unwrap(), 99)).unwrap();
    way.forget();
    assert_eq!(submit()["uploaded_files"], 1);
    assert_eq!((way.count("POST /v1/missing"), way.count("POST /v1/checkouts")), (1, 1));
}

#[test]
fn copies_of_blend_files_are_known_at_once() {
    let farm = Farm::start();
    let (studio, way) = settled_studio(&farm);
    // All but the shot itself is outside.
    let submit = || submit_shot(&farm, &way, &studio, &studio.join("shots"));
    let first = submit();
    assert!(String::from_utf8_lossy(&first.stdout).contains("with other paths than on disk"));
    assert_eq!(last_line(&first)["uploaded_files"], 27);
    way.forget();
    assert_eq!(last_line(&submit())["uploaded_files"], 0);
    assert_eq!(requests(&way).len(), 2, "{:?}", requests(&way));
}

#[test]
fn flamencos_own_server_gets_all_of_it_in_its_own_words() {
    let farm = Farm::start();
    let files = small(20);
    let mut files: Vec<(&str, Vec<u8>)> =
        files.iter().map(|(name, bytes)| (name.as_str(), bytes.clone())).collect();
    files.push(("cache.vdb", noise(3 << 20, 21)));
    let dir = folder(&farm, &files);
    let manager = Manager::start(Setup::new(&farm.path("flamenco")).with_shaman()).unwrap();
    for uploaded in [21, 0] {
        let end = upload(&farm, &manager.url(), &dir);
        assert_eq!((&end["files"], &end["uploaded_files"]), (&21.into(), &uploaded.into()));
        let location = Path::new(end["location"].as_str().unwrap());
        for (name, bytes) in &files {
            assert!(std::fs::read(location.join(name)).unwrap() == *bytes, "{name}");
        }
    }
}

#[test]
fn many_small_files_go_in_few_requests() {
    let farm = Farm::start();
    let files = small(600);
    let files: Vec<(&str, Vec<u8>)> =
        files.iter().map(|(name, bytes)| (name.as_str(), bytes.clone())).collect();
    let dir = folder(&farm, &files);
    let way = Between::start(farm.server.address(), |_, _| Deed::Pass);
    let end = upload(&farm, &way.url, &dir);
    assert_eq!(end["uploaded_files"], 600);
    assert!(way.seen().len() < 12, "{:?}", requests(&way));
    assert_same(&farm, &end, &dir, &["tex/0.png", "tex/599.png"]);
}

#[test]
fn a_proxy_with_limits_costs_requests_and_nothing_else() {
    let farm = Farm::start();
    let files = small(60);
    let mut files: Vec<(&str, Vec<u8>)> =
        files.iter().map(|(name, bytes)| (name.as_str(), bytes.clone())).collect();
    files.extend((0..12).map(|at| {
        let name = ["a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k", "l"][at];
        (name, noise(200_000, at as u64 + 1_000))
    }));
    let dir = folder(&farm, &files);
    let names: Vec<&str> = files.iter().map(|(name, _)| *name).collect();
    // 1 MiB a request, as nginx has it; no packs at all; and nothing that is not Flamenco's.
    let limits: [(&str, Limit); 4] = [
        ("1 MiB", |_, bytes| (bytes > 1 << 20).then_some(413)),
        ("300 kB", |_, bytes| (bytes > 300_000).then_some(413)),
        ("no packs", |path, _| (path == "/v1/blobs").then_some(405)),
        ("Flamenco", |path, _| path.starts_with("/v1/").then_some(403)),
    ];
    for (what, refuses) in limits {
        let farm = Farm::start();
        let way = Between::start(farm.server.address(), move |head, _| {
            let path = head.first_line.split(' ').nth(1).unwrap_or_default();
            let bytes = head.text("Content-Length").and_then(|text| text.parse().ok());
            match refuses(path, bytes.unwrap_or(0)) {
                Some(status) => Deed::Refuse(status),
                None => Deed::Pass,
            }
        });
        let end = upload(&farm, &way.url, &dir);
        assert_eq!(end["uploaded_files"], files.len(), "{what}");
        assert_same(&farm, &end, &dir, &names);
        let packs = way
            .seen()
            .iter()
            .filter(|seen| seen.request == "POST /v1/blobs" && seen.status == 200)
            .count();
        assert_eq!(packs > 0, what == "1 MiB", "{what}: {:?}", requests(&way));
    }
}

#[test]
fn a_line_that_breaks_in_packs_costs_what_was_under_way() {
    let farm = Farm::start();
    let files = small(300);
    let files: Vec<(&str, Vec<u8>)> =
        files.iter().map(|(name, bytes)| (name.as_str(), bytes.clone())).collect();
    let dir = folder(&farm, &files);
    let way = Between::start(farm.server.address(), |head, before| {
        let is_pack = head.first_line.starts_with("POST /v1/blobs ");
        if is_pack && before == 0 { Deed::CutRequest(300_000) } else { Deed::Pass }
    });
    let end = upload(&farm, &way.url, &dir);
    assert_eq!(end["uploaded_files"], 300);
    let all: u64 = files.iter().map(|(_, bytes)| bytes.len() as u64 + 40).sum();
    let sent: u64 = way
        .seen()
        .iter()
        .filter(|seen| seen.request == "POST /v1/blobs")
        .map(|seen| seen.body_bytes)
        .sum();
    assert!(sent < all + 64_000, "what had arrived was not sent again: {sent} of {all}");
    assert_same(&farm, &end, &dir, &["tex/0.png", "tex/299.png"]);
}

#[test]
fn sending_begins_while_hashing_goes_on() {
    let farm = Farm::start();
    let mut files = small(40);
    // Sparse: hashed at the speed of the processor, and never sent before that ends.
    files.push(("z-cache.vdb".into(), Vec::new()));
    let files: Vec<(&str, Vec<u8>)> =
        files.iter().map(|(name, bytes)| (name.as_str(), bytes.clone())).collect();
    let dir = folder(&farm, &files);
    let large = std::fs::File::options().write(true).open(dir.join("z-cache.vdb")).unwrap();
    large.set_len(1 << 30).unwrap();
    let packed = Arc::new(AtomicBool::new(false));
    let way = Between::start(farm.server.address(), {
        let packed = packed.clone();
        move |head, _| {
            packed.fetch_or(head.first_line.starts_with("POST /v1/blobs "), Ordering::Relaxed);
            Deed::Pass
        }
    });
    let mut child = command(&farm, &way.url, &dir);
    let mut child = child.stdout(std::process::Stdio::piped()).spawn().unwrap();
    let end = Instant::now() + Duration::from_mins(1);
    while !packed.load(Ordering::Relaxed) {
        assert!(Instant::now() < end);
        std::thread::sleep(Duration::from_millis(1));
    }
    // The large one is being hashed; nobody has asked about it yet.
    let names: u64 = way
        .seen()
        .iter()
        .filter(|seen| seen.request == "POST /v1/missing")
        .map(|seen| seen.body_bytes / 40)
        .sum();
    child.kill().unwrap();
    child.wait().unwrap();
    assert!((1..=40).contains(&names), "small ones, and not the large one: {names}");
}

#[test]
fn ctrl_c_makes_no_checkout_and_the_next_submit_sends_the_rest() {
    let farm = Farm::start();
    let files = [("a", noise(3 << 20, 1)), ("b", noise(5 << 20, 2)), ("c", noise(300, 3))];
    let dir = folder(&farm, &files);
    let way = Between::start(farm.server.address(), |head, _| {
        let is_b =
            head.text("Content-Length").is_some_and(|length| length == (5 << 20).to_string());
        if is_b { Deed::Slowly(1 << 20) } else { Deed::Pass }
    });
    let child = command(&farm, &way.url, &dir)
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let end = Instant::now() + Duration::from_secs(30);
    while way
        .seen()
        .iter()
        .filter(|seen| !seen.request.contains("/v1/chunks/"))
        .filter(|seen| matches!(seen.status, 200..=204) && seen.request.starts_with('P'))
        .count()
        < 3
    {
        assert!(Instant::now() < end, "{:?}", way.seen());
        std::thread::sleep(Duration::from_millis(5));
    }
    let id = child.id().to_string();
    assert!(Command::new("kill").args(["-INT", &id]).status().unwrap().success());
    let stopped = child.wait_with_output().unwrap();
    assert_eq!(stopped.status.code(), Some(1));
    assert!(told(&stopped).contains("stopped; nothing was checked out"), "{}", told(&stopped));
    assert_eq!(std::fs::read_dir(farm.jobs()).unwrap().count(), 0);
    let next = upload(&farm, &farm.url, &dir);
    assert_eq!((&next["uploaded_files"], &next["files"]), (&1.into(), &3.into()));
    assert_same(&farm, &next, &dir, &["a", "b", "c"]);
}

/// Bytes of bodies that came with requests that begin so.
fn body_bytes(way: &Between, beginning: &str) -> u64 {
    let seen = way.seen().into_iter().filter(|seen| seen.request.starts_with(beginning));
    seen.map(|seen| seen.body_bytes).sum()
}

#[test]
fn a_large_file_goes_on_where_the_line_broke() {
    let farm = Farm::start();
    let bytes = 40 << 20;
    let dir = folder(&farm, &[("cache.vdb", noise(bytes, 5))]);
    let way = Between::start(farm.server.address(), |head, before| {
        let is_put = head.first_line.starts_with("PUT ");
        if is_put && (1..4).contains(&before) { Deed::CutRequest(8 << 20) } else { Deed::Pass }
    });
    let end = upload(&farm, &way.url, &dir);
    assert_eq!(end["uploaded_files"], 1);
    assert_same(&farm, &end, &dir, &["cache.vdb"]);
    let sent = body_bytes(&way, "PUT ");
    assert!(sent < (bytes + (3 << 20)) as u64, "{sent} of {bytes}: {:?}", way.seen());
}

#[test]
fn a_submit_that_was_killed_in_a_large_file_goes_on_in_the_next_one() {
    let farm = Farm::start();
    let bytes = 24 << 20;
    let dir = folder(&farm, &[("cache.vdb", noise(bytes, 6))]);
    let way = Between::start(farm.server.address(), |head, _| {
        if head.first_line.starts_with("PUT ") { Deed::Slowly(20 << 20) } else { Deed::Pass }
    });
    let mut child = command(&farm, &way.url, &dir);
    let mut child = child.stdout(std::process::Stdio::piped()).spawn().unwrap();
    let end = Instant::now() + Duration::from_mins(1);
    while body_bytes(&way, "PUT ") < 12 << 20 {
        assert!(Instant::now() < end, "{:?}", way.seen());
        std::thread::sleep(Duration::from_millis(5));
    }
    child.kill().unwrap();
    child.wait().unwrap();
    let second = Between::start(farm.server.address(), |_, _| Deed::Pass);
    let end = upload(&farm, &second.url, &dir);
    assert_same(&farm, &end, &dir, &["cache.vdb"]);
    let sent = body_bytes(&second, "PUT ");
    assert!(sent < 14 << 20, "{sent} of {bytes}: {:?}", second.seen());
}

#[test]
fn on_a_slow_line_what_compresses_is_compressed_where_that_is_let_by() {
    for refuses_chunks in [false, true] {
        let farm = Farm::start();
        let letters: Vec<u8> = noise(16 << 20, 8).into_iter().map(|byte| b'a' + byte % 8).collect();
        let dir = folder(&farm, &[("text.abc", letters), ("noise.png", noise(9 << 20, 9))]);
        let way = Between::start(farm.server.address(), move |head, _| {
            let is_put = head.first_line.starts_with("PUT ");
            if is_put && refuses_chunks && head.says("Transfer-Encoding", "chunked") {
                Deed::Refuse(411)
            } else if is_put {
                Deed::Slowly(6 << 20)
            } else {
                Deed::Pass
            }
        });
        let end = upload(&farm, &way.url, &dir);
        assert_eq!(end["uploaded_files"], 2);
        assert_same(&farm, &end, &dir, &["text.abc", "noise.png"]);
        let seen = way.seen();
        let packed = seen.iter().filter(|seen| seen.encoding.is_some());
        let taken = packed.filter(|seen| seen.status == 201).count();
        assert_eq!(taken, usize::from(!refuses_chunks), "the text only: {seen:?}");
        if !refuses_chunks {
            let sent = body_bytes(&way, "PUT ");
            assert!(sent < 20 << 20, "of 25 MiB: {sent}");
        }
    }
}

#[test]
fn large_files_pass_a_proxy_that_takes_small_requests_only() {
    let farm = Farm::start();
    let dir = folder(&farm, &[("a.vdb", noise(5 << 20, 11)), ("b.png", noise(700_000, 12))]);
    let way = Between::start(farm.server.address(), |head, _| {
        let bytes = head.text("Content-Length").and_then(|text| text.parse::<u64>().ok());
        match bytes {
            Some(bytes) if bytes > 1 << 20 => Deed::Refuse(413),
            _ => Deed::Pass,
        }
    });
    let end = upload(&farm, &way.url, &dir);
    assert_eq!(end["uploaded_files"], 2);
    assert_same(&farm, &end, &dir, &["a.vdb", "b.png"]);
}

#[test]
fn a_file_that_changes_while_it_is_sent_is_checked_out_as_what_it_became() {
    let farm = Farm::start();
    let before = noise(24 << 20, 13);
    let mut after = before.clone();
    if let Some(last) = after.last_mut() {
        *last ^= 1;
    }
    let dir = folder(&farm, &[("cache.vdb", before), ("a.png", noise(5_000, 15))]);
    let (file, last) = (dir.join("cache.vdb"), after.last().copied());
    let changed = AtomicBool::new(false);
    let way = Between::start(farm.server.address(), move |head, _| {
        if head.first_line.starts_with("PUT ") && !changed.swap(true, Ordering::Relaxed) {
            // One byte, in one step: whoever reads sees the one file or the other.
            let mut file = std::fs::File::options().write(true).open(&file).unwrap();
            file.seek(SeekFrom::End(-1)).unwrap();
            file.write_all(last.as_slice()).unwrap();
        }
        Deed::Pass
    });
    let output = command(&farm, &way.url, &dir).output().unwrap();
    let end = last_line(&output);
    let checkout = farm.jobs().join(end["checkout"].as_str().unwrap());
    let there = std::fs::read(checkout.join("cache.vdb")).unwrap();
    assert!(there == after, "{:?}", way.seen());
    assert!(
        String::from_utf8_lossy(&output.stdout).contains("changed while it was being submitted")
    );
}

#[test]
fn a_list_that_is_too_long_for_a_proxy_goes_as_a_blob() {
    let farm = Farm::start();
    // With paths that make a list of 2 MB.
    let folders = "a-directory-with-a-long-name/".repeat(12);
    let files: Vec<(String, Vec<u8>)> = (0..4_500)
        .map(|at| (format!("{folders}{at}.png"), format!("pixels {}", at % 5).into_bytes()))
        .collect();
    let files: Vec<(&str, Vec<u8>)> =
        files.iter().map(|(name, bytes)| (name.as_str(), bytes.clone())).collect();
    let dir = folder(&farm, &files);
    let way = Between::start(farm.server.address(), |head, _| {
        let bytes = head.text("Content-Length").and_then(|text| text.parse::<u64>().ok());
        if bytes.is_some_and(|bytes| bytes > 1 << 20) { Deed::Refuse(413) } else { Deed::Pass }
    });
    let end = upload(&farm, &way.url, &dir);
    assert_eq!((&end["files"], &end["uploaded_files"]), (&4_500.into(), &5.into()));
    assert_same(&farm, &end, &dir, &[files[0].0, files[4_499].0]);
    let made: Vec<u16> = way
        .seen()
        .iter()
        .filter(|seen| seen.request == "POST /v1/checkouts")
        .map(|seen| seen.status)
        .collect();
    assert_eq!(made, [413, 201]);
    assert!(way.count("PUT ") > 2, "in parts: {:?}", requests(&way));
}
