//! What many small blobs cost: `POST /v1/blobs`, and a request for each, against a loop that only
//! makes files and renames them. A real server on a real storage; every round has its own.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use sha2::{Digest as _, Sha256};
use shaman_proto::wire::blobs::{FRAMES_TYPE, encode_name};
use shaman_proto::{BlobRef, BlobSize, Digest};

const BLOBS: u64 = 10_000;
const BYTES: usize = 4 << 10;
const ROUNDS: u64 = 5;
/// Sent in a request each, for comparison.
const SINGLE: usize = 1_000;

type Blob = (BlobRef, Vec<u8>);

pub(crate) fn run() -> anyhow::Result<()> {
    println!(
        "{BLOBS} blobs of {BYTES} bytes, {ROUNDS} rounds in turns; the floor makes and renames as many files"
    );
    let mut rounds = Vec::new();
    for round in 0..ROUNDS {
        let blobs = blobs(round);
        let (flat, sharded) = (floor(&blobs, Layout::Flat)?, floor(&blobs, Layout::Sharded)?);
        let frames = with_server(|address| in_frames(address, &blobs))?;
        let single = with_server(|address| one_by_one(address, &blobs[..SINGLE]))?;
        println!(
            "floor {:>5.0} ms, with the store's directories {:>5.0} ms; frames {:>5.0} ms; {SINGLE} of them in a request each {:>5.0} ms",
            millis(flat),
            millis(sharded),
            millis(frames),
            millis(single)
        );
        rounds.push((flat, sharded, frames));
    }
    let middle = |mut ratios: Vec<f64>| {
        ratios.sort_by(f64::total_cmp);
        ratios[ratios.len() / 2]
    };
    let of = |floor: Duration, frames: Duration| floor.as_secs_f64() / frames.as_secs_f64();
    println!(
        "rate of frames against the floor: {:.2}; against one with the store's directories: {:.2} (medians)",
        middle(rounds.iter().map(|(flat, _, frames)| of(*flat, *frames)).collect()),
        middle(rounds.iter().map(|(_, sharded, frames)| of(*sharded, *frames)).collect()),
    );
    Ok(())
}

fn millis(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}

fn blobs(round: u64) -> Vec<Blob> {
    let blob = |number: u64| {
        let mut bytes = vec![0; BYTES];
        for (place, word) in bytes.chunks_exact_mut(8).enumerate() {
            let seed = (round * BLOBS + number) * 1_024 + place as u64;
            word.copy_from_slice(&seed.wrapping_mul(0x9e37_79b9_7f4a_7c15).to_le_bytes());
        }
        let digest = Digest::from_bytes(Sha256::digest(&bytes).into());
        let size = BlobSize::new(BYTES as u64).expect("a small size");
        (BlobRef::new(digest, size), bytes)
    };
    (0..BLOBS).map(blob).collect()
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Layout {
    /// All in one directory.
    Flat,
    /// A directory for each, as the store has it.
    Sharded,
}

/// Makes a file, writes it, renames it; nothing is hashed.
fn floor(blobs: &[Blob], layout: Layout) -> anyhow::Result<Duration> {
    let folder = tempfile::tempdir()?;
    let (staging, stored) = (folder.path().join("staging"), folder.path().join("stored"));
    std::fs::create_dir(&staging)?;
    std::fs::create_dir(&stored)?;
    let began = Instant::now();
    for (number, (blob, bytes)) in blobs.iter().enumerate() {
        let from = staging.join(format!("{number}.tmp"));
        make(&from, bytes)?;
        let hex = blob.digest.to_string();
        let to = match layout {
            Layout::Flat => stored.join(hex),
            Layout::Sharded => {
                let (first, rest) = hex.split_at(2);
                let dir = stored.join(first).join(rest);
                std::fs::create_dir_all(&dir)?;
                dir.join("4096.blob")
            }
        };
        rename(&from, &to)?;
    }
    Ok(began.elapsed())
}

#[expect(clippy::disallowed_methods, reason = "the floor is what the store could do at best")]
fn make(path: &Path, bytes: &[u8]) -> anyhow::Result<()> {
    Ok(std::fs::write(path, bytes)?)
}

#[expect(clippy::disallowed_methods, reason = "the floor is what the store could do at best")]
fn rename(from: &Path, to: &Path) -> anyhow::Result<()> {
    Ok(std::fs::rename(from, to)?)
}

/// A server that ends with the round.
struct Server(Child);

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

fn with_server(work: impl FnOnce(&str) -> anyhow::Result<Duration>) -> anyhow::Result<Duration> {
    let folder = tempfile::tempdir()?;
    let program = std::env::current_exe()?.with_file_name("shaman-server");
    let mut child = Command::new(&program)
        .args(["serve", "--listen", "127.0.0.1:0", "--log", "warn", "--storage"])
        .arg(folder.path().join("storage"))
        .arg("--state")
        .arg(folder.path().join("state"))
        .stdout(Stdio::piped())
        .spawn()
        .with_context(|| format!("cannot start {}; build the workspace", program.display()))?;
    let out = child.stdout.take().context("a pipe")?;
    let server = Server(child);
    let mut line = String::new();
    BufReader::new(out).read_line(&mut line)?;
    let address = line.trim_end().rsplit('/').next().context("the address")?;
    let time = work(address)?;
    drop(server);
    Ok(time)
}

fn in_frames(address: &str, blobs: &[Blob]) -> anyhow::Result<Duration> {
    let mut body = Vec::new();
    for (blob, bytes) in blobs {
        body.extend_from_slice(&encode_name(blob));
        body.extend_from_slice(bytes);
    }
    let mut stream = BufReader::new(TcpStream::connect(address)?);
    let began = Instant::now();
    let head = format!(
        "POST /v1/blobs HTTP/1.1\r\nHost: bench\r\nContent-Type: {FRAMES_TYPE}\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    stream.get_mut().write_all(head.as_bytes())?;
    stream.get_mut().write_all(&body)?;
    let (status, answer) = answer(&mut stream)?;
    let time = began.elapsed();
    let stored = String::from_utf8(answer)?.matches("\"stored\"").count();
    ensure!(status == 200 && stored == blobs.len(), "{status}: {stored} were stored");
    Ok(time)
}

fn one_by_one(address: &str, blobs: &[Blob]) -> anyhow::Result<Duration> {
    let mut stream = BufReader::new(TcpStream::connect(address)?);
    stream.get_ref().set_nodelay(true)?;
    let began = Instant::now();
    for (blob, bytes) in blobs {
        let mut request = format!(
            "POST /api/v3/shaman/files/{}/{} HTTP/1.1\r\nHost: bench\r\nContent-Length: {}\r\n\r\n",
            blob.digest,
            blob.size,
            bytes.len()
        )
        .into_bytes();
        request.extend_from_slice(bytes);
        stream.get_mut().write_all(&request)?;
        let (status, _) = answer(&mut stream)?;
        ensure!(status == 204, "{status}");
    }
    Ok(began.elapsed())
}

fn answer(stream: &mut BufReader<TcpStream>) -> anyhow::Result<(u16, Vec<u8>)> {
    let mut line = String::new();
    stream.read_line(&mut line)?;
    let status = line.split(' ').nth(1).and_then(|word| word.parse().ok()).context("a status")?;
    let mut length = 0;
    loop {
        line.clear();
        stream.read_line(&mut line)?;
        let Some((name, value)) = line.trim_end().split_once(':') else { break };
        if name.eq_ignore_ascii_case("content-length") {
            length = value.trim().parse()?;
        }
    }
    let mut body = vec![0; length];
    stream.read_exact(&mut body)?;
    Ok((status, body))
}
