//! One large upload, against hashing and writing the same bytes.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::time::{Duration, Instant};

use sha2::{Digest as _, Sha256};

use super::farm::Farm;
use super::{ROUNDS, Round, say};

const BYTES: u64 = 4 << 30;

/// Bytes sent at once.
const PIECE_BYTES: usize = 1 << 20;

/// How often the piece goes out.
const PIECES: u64 = BYTES / PIECE_BYTES as u64;

pub(super) fn rows(folder: &Path) -> anyhow::Result<()> {
    let mut piece = vec![0; PIECE_BYTES];
    let mut rounds = Vec::new();
    for _ in 0..ROUNDS.min(3) {
        fastrand::fill(&mut piece);
        let (hashing, digest) = hash(&piece);
        let writing = write(folder, &piece)?;
        let farm = Farm::start(folder)?;
        let ours = upload(&farm.server.address, &digest, &piece)?;
        // Whatever is slower of both is the limit.
        rounds.push(Round { ours, limit: hashing.max(writing) });
    }
    say("one upload of 4 GiB / SHA-256 or write", &rounds, "0.85");
    Ok(())
}

fn hash(piece: &[u8]) -> (Duration, String) {
    let start = Instant::now();
    let mut hasher = Sha256::new();
    for _ in 0..PIECES {
        hasher.update(piece);
    }
    let digest: [u8; 32] = hasher.finalize().into();
    (start.elapsed(), shaman_proto::Digest::from_bytes(digest).to_string())
}

fn write(folder: &Path, piece: &[u8]) -> anyhow::Result<Duration> {
    let start = Instant::now();
    let mut file = tempfile::tempfile_in(folder)?;
    for _ in 0..PIECES {
        file.write_all(piece)?;
    }
    Ok(start.elapsed())
}

fn upload(address: &str, digest: &str, piece: &[u8]) -> anyhow::Result<Duration> {
    let mut stream = TcpStream::connect(address)?;
    let head = format!(
        "PUT /v1/blobs/{digest}-{BYTES} HTTP/1.1\r\nHost: {address}\r\nContent-Length: {BYTES}\r\n\r\n"
    );
    let start = Instant::now();
    stream.write_all(head.as_bytes())?;
    for _ in 0..PIECES {
        stream.write_all(piece)?;
    }
    let mut answer = [0; 64];
    let count = stream.read(&mut answer)?;
    let time = start.elapsed();
    let line = String::from_utf8_lossy(&answer[..count]).into_owned();
    anyhow::ensure!(line.starts_with("HTTP/1.1 201"), "the upload was answered `{line}`");
    Ok(time)
}
