//! 10,000 blobs of 4 KiB, against a loop that creates and renames as many files.

use std::fs::File;
use std::io::Write as _;
use std::path::Path;
use std::time::{Duration, Instant};

use shaman_proto::ManifestEntry;
use shaman_proto::wire::blobs::FRAMES_TYPE;
use shaman_proto::wire::checkouts::CheckOutRequest;

use super::farm::{Blob, Caller, Farm, frames, fresh};
use super::{ROUNDS, Round, say};
use crate::discard::Discard;

const BLOBS: usize = 10_000;
const BLOB_BYTES: usize = 4 << 10;

/// Directories of the checkout, and of what the loop makes.
const DIRS: usize = 100;

/// As the add-on has.
const CONNECTIONS: usize = 8;

pub(super) fn rows(folder: &Path) -> anyhow::Result<()> {
    let (mut stored, mut as_stored) = (Vec::new(), Vec::new());
    let (mut durable, mut flamenco) = (Vec::new(), Vec::new());
    let discard = Discard::start()?;
    for _ in 0..ROUNDS {
        let farm = Farm::start(folder)?;
        let blobs = fresh(BLOBS, BLOB_BYTES)?;
        let dir = farm.beside("loop")?;
        let limit = create_and_rename(&dir, &blobs)?;
        let in_dirs = create_and_rename_as_stored(&farm.beside("loop-as-stored")?, &blobs)?;
        let start = Instant::now();
        rustix::fs::syncfs(File::open(&dir)?)?;
        let flushing = start.elapsed();

        let (body, request) = (frames(&blobs), serde_json::to_vec(&checkout(&blobs)?)?);
        let mut caller = farm.connect()?;
        let start = Instant::now();
        caller.send("POST", "/v1/blobs", FRAMES_TYPE, &body)?;
        let ours = start.elapsed();
        stored.push(Round { ours, limit });
        as_stored.push(Round { ours, limit: in_dirs });
        caller.send("POST", "/v1/checkouts", "application/json", &request)?;
        durable.push(Round { ours: start.elapsed(), limit: limit + flushing });

        let blobs = fresh(BLOBS, BLOB_BYTES)?;
        let limit = each_by_itself(&discard.address.to_string(), &blobs)?;
        let ours = each_by_itself(&farm.server.address, &blobs)?;
        flamenco.push(Round { ours, limit });
    }
    say("10,000 x 4 KiB in packs / create + rename", &stored, "0.6");
    say("the same / with directories as the store has", &as_stored, "");
    say("the same, in a checkout / the same + syncfs", &durable, "0.6");
    say("the same through /api/v3 / hyper, discarding", &flamenco, "0.5");
    Ok(())
}

fn create_and_rename(dir: &Path, blobs: &[Blob]) -> anyhow::Result<Duration> {
    for number in 0..DIRS {
        std::fs::create_dir(dir.join(number.to_string()))?;
    }
    let start = Instant::now();
    for (number, blob) in blobs.iter().enumerate() {
        let temporary = dir.join("temporary");
        File::create_new(&temporary)?.write_all(&blob.bytes)?;
        let to = dir.join((number % DIRS).to_string()).join(number.to_string());
        rustix::fs::rename(&temporary, &to)?;
    }
    Ok(start.elapsed())
}

/// The same with a directory for each, as the store has it.
fn create_and_rename_as_stored(dir: &Path, blobs: &[Blob]) -> anyhow::Result<Duration> {
    let start = Instant::now();
    for blob in blobs {
        let temporary = dir.join("temporary");
        File::create_new(&temporary)?.write_all(&blob.bytes)?;
        let hex = blob.name.digest.to_string();
        let (first, rest) = hex.split_at(2);
        let to = dir.join(first).join(rest);
        std::fs::create_dir_all(&to)?;
        rustix::fs::rename(&temporary, to.join("blob"))?;
    }
    Ok(start.elapsed())
}

fn checkout(blobs: &[Blob]) -> anyhow::Result<CheckOutRequest> {
    let entry = |(number, blob): (usize, &Blob)| {
        let path = format!("dir{}/{number}.png", number % DIRS).parse()?;
        Ok(ManifestEntry { path, size: blob.name.size, sha256: blob.name.digest })
    };
    let files = blobs.iter().enumerate().map(entry).collect::<anyhow::Result<_>>()?;
    Ok(CheckOutRequest { checkout: "job".into(), files: Some(files), ..CheckOutRequest::default() })
}

fn each_by_itself(address: &str, blobs: &[Blob]) -> anyhow::Result<Duration> {
    let start = Instant::now();
    std::thread::scope(|scope| {
        let senders: Vec<_> = blobs
            .chunks(blobs.len() / CONNECTIONS)
            .map(|part| scope.spawn(|| send_all(address, part)))
            .collect();
        senders.into_iter().try_for_each(|sender| {
            sender.join().unwrap_or_else(|_| Err(anyhow::anyhow!("a sender panicked")))
        })
    })?;
    Ok(start.elapsed())
}

fn send_all(address: &str, blobs: &[Blob]) -> anyhow::Result<()> {
    let mut caller = Caller::to(address)?;
    for blob in blobs {
        let (digest, size) = (blob.name.digest, blob.name.size);
        let url = format!("/api/v3/shaman/files/{digest}/{size}");
        caller.send("POST", &url, "application/octet-stream", &blob.bytes)?;
    }
    Ok(())
}
