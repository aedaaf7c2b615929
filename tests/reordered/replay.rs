//! Disks as they may be after a power cut, each mounted, served and looked through.

use std::collections::BTreeMap;
use std::fs::File;
use std::os::unix::fs::FileExt as _;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use serde_json::Value;
use shaman_tests::disk::Mount;
use shaman_tests::load::{leftovers, torn_blobs};
use shaman_tests::server::Server;
use shaman_tests::wire::{ask, sha256_hex};

use super::log::{Entry, Write, entries};
use super::promises::{Files, Promises};

/// What a disk writes at once, in bytes: a larger write may be there in parts.
const PART: u64 = 4_096;

const YAML: &str = "reserve: 0\n";

/// How long a server may take for what it does behind a start.
const PATIENCE: Duration = Duration::from_secs(30);

/// What was seen.
#[derive(Debug, Default)]
struct Seen {
    points: usize,
    writes: usize,
    left_out: usize,
    compared: usize,
    unpromised: usize,
    torn: usize,
    left: usize,
}

/// Writes between two flushes, and the promises that were noted before the second one.
struct Interval {
    writes: Vec<Write>,
    promises: usize,
    is_marked: bool,
}

/// Tries about `points` disks. `image` is the one before the first write, and is written to.
pub(crate) fn replay(image: &Path, log: &Path, promises: &Path, points: usize) {
    let promises = Promises::read(promises);
    let intervals = intervals(entries(log));
    // Where nothing was promised yet there is little to break.
    let first = intervals.iter().position(|interval| interval.promises > 0).unwrap();
    let (disk, log) = (File::options().write(true).open(image).unwrap(), File::open(log).unwrap());
    let mut random = fastrand::Rng::with_seed(3);
    let mut seen = Seen::default();
    let is_tried = chosen(&intervals[first..], points);
    for (number, interval) in intervals.iter().enumerate() {
        if number >= first && is_tried[number - first] {
            let crashed = image.with_extension("crashed");
            // Nobody has bytes of the one before in memory.
            drop(std::fs::remove_file(&crashed));
            let copied = Command::new("cp")
                .args(["--sparse=always", "--reflink=auto"])
                .args([image, &crashed])
                .status();
            assert!(copied.unwrap().success(), "an image can be copied");
            let at = format!("at flush {number}");
            apply_some(&interval.writes, &log, &crashed, &mut random, &mut seen);
            let promised = promises.after(interval.promises);
            look(&crashed, &promised, &mut seen).unwrap_or_else(|wrong| {
                panic!("{at}, see {}: {wrong:#?}", crashed.display());
            });
            seen.points += 1;
        }
        for write in &interval.writes {
            apply(write, 0..write.bytes, &log, &disk);
        }
    }
    let Seen { points, writes, left_out, compared, unpromised, torn, left } = seen;
    eprintln!(
        "{points} disks of {} flushes: of {writes} writes behind the last flush {left_out} were left out in part or whole; \
         {compared} promised checkouts compared and {unpromised} that nobody was told of yet, 0 broken; {torn} torn blobs, all found by the server; {left} leftovers, none behind the start",
        intervals.len(),
    );
}

fn intervals(entries: Vec<Entry>) -> Vec<Interval> {
    let mut intervals = Vec::new();
    let (mut writes, mut promises, mut is_marked) = (Vec::new(), 0, false);
    for entry in entries {
        match entry {
            Entry::Write(write) => writes.push(write),
            Entry::Mark(mark) => {
                if let Ok(number) = mark.parse() {
                    promises = number;
                    is_marked = true;
                }
            }
            Entry::Flush => {
                let writes = std::mem::take(&mut writes);
                intervals.push(Interval { writes, promises, is_marked });
                is_marked = false;
            }
        }
    }
    intervals
}

/// Which intervals are tried: those with something in them, evenly; of these rather those in which
/// a promise was made.
fn chosen(intervals: &[Interval], points: usize) -> Vec<bool> {
    let mut chosen = vec![false; intervals.len()];
    for (is_marked, points) in [(true, points / 2), (false, points - points / 2)] {
        let fit: Vec<usize> = (0..intervals.len())
            .filter(|n| intervals[*n].is_marked == is_marked && !intervals[*n].writes.is_empty())
            .collect();
        for point in 0..points.min(fit.len()) {
            chosen[fit[point * fit.len() / points.min(fit.len())]] = true;
        }
    }
    chosen
}

/// Applies any of these writes, each whole, in parts, or not at all.
fn apply_some(
    writes: &[Write],
    log: &File,
    image: &Path,
    random: &mut fastrand::Rng,
    seen: &mut Seen,
) {
    let disk = File::options().write(true).open(image).unwrap();
    // Now and then few are left out, now and then nearly all.
    let share = random.u8(10..90);
    for write in writes {
        seen.writes += 1;
        if write.is_safe || random.u8(..100) < share {
            apply(write, 0..write.bytes, log, &disk);
            continue;
        }
        seen.left_out += 1;
        if random.bool() {
            for start in
                (0..write.bytes.div_ceil(PART)).map(|part| part * PART).filter(|_| random.bool())
            {
                apply(write, start..write.bytes.min(start + PART), log, &disk);
            }
        }
    }
}

fn apply(write: &Write, part: std::ops::Range<u64>, log: &File, disk: &File) {
    let mut bytes = vec![0; usize::try_from(part.end - part.start).unwrap()];
    if let Some(from) = write.from {
        log.read_exact_at(&mut bytes, from + part.start).unwrap();
    }
    disk.write_all_at(&bytes, write.to + part.start).unwrap();
}

/// Mounts a disk, compares, serves it, and compares again.
fn look(image: &Path, promised: &BTreeMap<String, Files>, seen: &mut Seen) -> Result<(), String> {
    let at = image.with_extension("mount");
    let _mounted = Mount::new(image, &at).ok_or("it cannot be mounted")?;
    let storage = at.join("storage");
    compare(&storage, promised)?;
    seen.compared += promised.len();
    seen.unpromised += whole(&storage, promised)?;
    seen.left += leftovers(&storage, 0).len();
    let torn = torn_blobs(&storage).0.len();
    let server = Server::start(&storage, &at, YAML);
    let mut wrong = Vec::new();
    let end = Instant::now() + PATIENCE;
    while Instant::now() < end {
        wrong = unsettled(&server, &storage, promised);
        if wrong.is_empty() {
            break;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    if !wrong.is_empty() {
        return Err(format!("{wrong:#?}\n{}", server.log()));
    }
    let quarantined = std::fs::read_dir(storage.join("file-store/quarantine")).unwrap().count();
    if quarantined < torn {
        return Err(format!("{torn} blobs were torn, and {quarantined} are in quarantine"));
    }
    seen.torn += torn;
    compare(&storage, promised)
}

/// What the server has not put right yet.
fn unsettled(server: &Server, storage: &Path, promised: &BTreeMap<String, Files>) -> Vec<String> {
    let mut wrong = leftovers(storage, 1);
    wrong.retain(|path| !path.contains("/quarantine/"));
    wrong.extend(torn_blobs(storage).0.iter().map(|torn| format!("torn: {}", torn.display())));
    let answer = ask(server.address(), "GET", "/v1/checkouts", &[], b"").unwrap();
    let list: Value = serde_json::from_slice(&answer.body).unwrap();
    let listed: Vec<&str> = list["checkouts"]
        .as_array()
        .map(|rows| rows.iter().filter_map(|row| row["checkout"].as_str()).collect())
        .unwrap_or_default();
    let unlisted = promised.keys().filter(|checkout| !listed.contains(&checkout.as_str()));
    wrong.extend(unlisted.map(|checkout| format!("{checkout} is not listed")));
    wrong
}

/// Compares what stands at its path and was not promised with its own manifest: workers see it. Gives
/// how many there were.
fn whole(storage: &Path, promised: &BTreeMap<String, Files>) -> Result<usize, String> {
    let mut others = BTreeMap::new();
    let mut left = vec![storage.join("jobs")];
    while let Some(dir) = left.pop() {
        let Ok(text) = std::fs::read_to_string(dir.join(".shaman-manifest.json")) else {
            let below = std::fs::read_dir(&dir).map_err(|error| error.to_string())?.flatten();
            left.extend(below.map(|entry| entry.path()).filter(|path| path.is_dir()));
            continue;
        };
        let manifest: Value = serde_json::from_str(&text)
            .map_err(|error| format!("the manifest of {} is torn: {error}", dir.display()))?;
        let checkout = manifest["checkout"].as_str().unwrap_or_default().to_owned();
        if promised.contains_key(&checkout) {
            continue;
        }
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let files = manifest["files"].as_array().unwrap().iter();
        let files: Files = files.map(|file| (text(&file["path"]), text(&file["sha256"]))).collect();
        others.insert(checkout, files);
    }
    compare(storage, &others)?;
    Ok(others.len())
}

fn compare(storage: &Path, promised: &BTreeMap<String, Files>) -> Result<(), String> {
    for (checkout, files) in promised {
        let dir = storage.join("jobs").join(checkout);
        for (path, sha) in files {
            let bytes = std::fs::read(dir.join(path))
                .map_err(|error| format!("{checkout}/{path}: {error}"))?;
            if sha256_hex(&bytes) != *sha {
                return Err(format!("{checkout}/{path} is not what was promised"));
            }
        }
        if !dir.join(".shaman-manifest.json").is_file() {
            return Err(format!("{checkout} has no manifest"));
        }
    }
    Ok(())
}
