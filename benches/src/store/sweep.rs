//! A start with 1,000,000 blobs, what a sweep decides about them, and the memory of a server that
//! does it.

use std::path::Path;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use shaman_proto::ManifestEntry;
use shaman_proto::wire::checkouts::CheckOutRequest;

use super::farm::{Blob, Caller, Farm, fresh};
use crate::process;

/// Blobs, a half of them in checkouts.
const BLOBS: usize = 1_000_000;

/// Files of a checkout.
const FILES: usize = 50_000;

pub(super) fn rows(folder: &Path) -> anyhow::Result<()> {
    let farm = Farm::start(folder)?;
    let mut caller = farm.connect()?;
    for number in 0..BLOBS / FILES {
        let blobs = fresh(FILES, 16)?;
        farm.store(&blobs)?;
        if number % 2 == 0 {
            check_out(&mut caller, number, &blobs)?;
        }
    }
    // So that all of them are old, and its memory is not that of their uploads.
    drop(caller);
    let start = Instant::now();
    let farm = farm.restart(&["--test-age-min", "0s"])?;
    farm.connect()?.send("GET", "/v1/status", "text/plain", b"")?;
    let starting = start.elapsed();
    std::thread::sleep(Duration::from_secs(2));
    let mut caller = farm.connect()?;
    let idle_kib = process::peak_kib(farm.server.id())?;
    let order = json!({"dry_run": true, "force": true, "max_age": "0s"}).to_string();
    let start = Instant::now();
    let answer = caller.send("POST", "/v1/sweep", "application/json", order.as_bytes())?;
    let time = start.elapsed();
    let said: Value = serde_json::from_slice(&answer.body)?;
    anyhow::ensure!(said["swept"]["blobs"] == BLOBS / 2, "half of them are unused: {said}");
    let peak_kib = process::peak_kib(farm.server.id())?;
    let say = |what: &str, time: Duration, asked: &str| {
        println!("{what:44} {:>8.3} s {:>27} {asked:>10}", time.as_secs_f64(), "");
    };
    say("start with 1,000,000 blobs, until it answers", starting, "2 s");
    say("sweep decision on 1,000,000 blobs", time, "3 s");
    println!(
        "{:44} {:>6} MiB (before: {} MiB) {:>13} {:>10}",
        "  its memory",
        peak_kib >> 10,
        idle_kib >> 10,
        "",
        "256 MiB"
    );
    Ok(())
}

fn check_out(caller: &mut Caller, number: usize, blobs: &[Blob]) -> anyhow::Result<()> {
    let entry = |(number, blob): (usize, &Blob)| {
        let path = format!("{:03}/{number:05}.png", number % 500).parse()?;
        Ok(ManifestEntry { path, size: blob.name.size, sha256: blob.name.digest })
    };
    let files = blobs.iter().enumerate().map(entry).collect::<anyhow::Result<_>>()?;
    let checkout = format!("job-{number}");
    let request = CheckOutRequest { checkout, files: Some(files), ..CheckOutRequest::default() };
    caller.send("POST", "/v1/checkouts", "application/json", &serde_json::to_vec(&request)?)?;
    Ok(())
}
