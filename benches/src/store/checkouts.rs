//! A checkout of 50,000 files in 500 directories, against links made by hand and `cp -al`; its
//! erasing; what a sweep decides.

use std::fs::File;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use rustix::fs::{AtFlags, Mode, OFlags, linkat, mkdirat, openat};
use serde_json::json;
use shaman_proto::ManifestEntry;
use shaman_proto::wire::checkouts::{CheckOutAnswer, CheckOutRequest};

use super::farm::{Blob, Farm, fresh};
use super::{ROUNDS, Round, say};

const FILES: usize = 50_000;
const DIRS: usize = 500;

pub(super) fn rows(folder: &Path) -> anyhow::Result<()> {
    let farm = Farm::start(folder)?;
    let blobs = fresh(FILES, 16)?;
    farm.store(&blobs)?;
    let request = serde_json::to_vec(&wanted(&blobs)?)?;
    let mut caller = farm.connect()?;
    // What is not flushed yet is no part of this.
    caller.send("POST", "/v1/checkouts", "application/json", &request)?;
    let (mut raw, mut copied, mut erased) = (Vec::new(), Vec::new(), Vec::new());
    let mut answers = Vec::new();
    for round in 0..ROUNDS {
        let by_hand = farm.beside(&format!("by-hand-{round}"))?;
        let limit = link(&farm, &by_hand, &blobs)?;
        let start = Instant::now();
        let answer = caller.send("POST", "/v1/checkouts", "application/json", &request)?;
        let ours = start.elapsed();
        raw.push(Round { ours, limit });
        let made: CheckOutAnswer = serde_json::from_slice(&answer.body)?;
        let copy = folder.join(format!("copied-{round}"));
        let start = Instant::now();
        run(Command::new("cp").arg("-al").arg(&by_hand).arg(&copy))?;
        copied.push(Round { ours, limit: start.elapsed() });

        let start = Instant::now();
        caller.send("DELETE", &format!("/v1/checkouts/{}", made.checkout), "text/plain", b"")?;
        let ours = start.elapsed();
        answers.push(ours);
        farm.wait_until_deleted()?;
        let start = Instant::now();
        run(Command::new("rm").arg("-rf").arg(&copy))?;
        erased.push(Round { ours, limit: start.elapsed() });
    }
    say("50,000 files / mkdirat + linkat, 2 threads", &raw, "0.85");
    say("the same / cp -al", &copied, "1.3");
    say("erase, until the answer / rm -rf", &erased, "");
    answers.sort();
    println!("{:44} {:>8.1} ms", "  its answer (asked: 50 ms)", millis(answers[ROUNDS / 2]));
    let start = Instant::now();
    let order = json!({"dry_run": true, "force": true}).to_string();
    caller.send("POST", "/v1/sweep", "application/json", order.as_bytes())?;
    println!("{:44} {:>8.3} s", "sweep, dry, of 50,000 blobs", start.elapsed().as_secs_f64());
    Ok(())
}

fn millis(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}

fn run(command: &mut Command) -> anyhow::Result<()> {
    anyhow::ensure!(command.status()?.success(), "{command:?} failed");
    Ok(())
}

fn place(number: usize) -> (String, String) {
    (format!("{:03}", number % DIRS), format!("{number:05}.png"))
}

fn wanted(blobs: &[Blob]) -> anyhow::Result<CheckOutRequest> {
    let entry = |(number, blob): (usize, &Blob)| {
        let (dir, name) = place(number);
        let path = format!("{dir}/{name}").parse()?;
        Ok(ManifestEntry { path, size: blob.name.size, sha256: blob.name.digest })
    };
    let files = blobs.iter().enumerate().map(entry).collect::<anyhow::Result<_>>()?;
    Ok(CheckOutRequest { checkout: "job".into(), files: Some(files), ..CheckOutRequest::default() })
}

/// The same links, half of the directories by each of two threads.
fn link(farm: &Farm, to: &Path, blobs: &[Blob]) -> anyhow::Result<Duration> {
    let stored = File::open(farm.storage().join("file-store/stored"))?;
    let root = File::open(to)?;
    let mut by_dir: Vec<Vec<(String, String)>> = vec![Vec::new(); DIRS];
    for (number, blob) in blobs.iter().enumerate() {
        let digest = blob.name.digest.to_string();
        let (first, rest) = digest.split_at(2);
        let from = format!("{first}/{rest}/{}.blob", blob.name.size);
        by_dir[number % DIRS].push((from, place(number).1));
    }
    let start = Instant::now();
    std::thread::scope(|scope| {
        let half = |part: usize| {
            let (stored, root, by_dir) = (&stored, &root, &by_dir);
            scope.spawn(move || -> anyhow::Result<()> {
                for (number, links) in by_dir.iter().enumerate().filter(|(n, _)| n % 2 == part) {
                    let name = format!("{number:03}");
                    mkdirat(root, &name, Mode::from_raw_mode(0o755))?;
                    let flags = OFlags::DIRECTORY | OFlags::RDONLY;
                    let dir = openat(root, &name, flags, Mode::empty())?;
                    for (from, name) in links {
                        linkat(stored, from, &dir, name, AtFlags::empty())?;
                    }
                }
                Ok(())
            })
        };
        [half(0), half(1)].into_iter().try_for_each(|half| {
            half.join().unwrap_or_else(|_| Err(anyhow::anyhow!("a thread panicked")))
        })
    })?;
    Ok(start.elapsed())
}
