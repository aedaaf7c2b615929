//! Memory of a server that does nothing, and of one with 1,000 uploads at once.

use std::io::Write as _;
use std::net::TcpStream;
use std::path::Path;
use std::time::Duration;

use super::farm::{Farm, fresh};
use crate::process;

const UPLOADS: usize = 1_000;

/// Of each, whose first half is sent before any is finished.
const UPLOAD_BYTES: usize = 1 << 20;

/// Bodies that differ; a second sender of a blob gets a file of its own.
const BODIES: usize = 10;

pub(super) fn rows(folder: &Path) -> anyhow::Result<()> {
    // All of them come from one address, which has a bound of its own.
    let farm = Farm::configured(
        folder,
        "limits: {connections_per_address: 1500, uploads_per_client: 1000}\n",
    )?;
    let idle_kib = process::peak_kib(farm.server.id())?;
    let blobs = fresh(BODIES, UPLOAD_BYTES)?;
    let address = &farm.server.address;
    let mut streams = Vec::with_capacity(UPLOADS);
    for number in 0..UPLOADS {
        let blob = &blobs[number % BODIES];
        let mut stream = TcpStream::connect(address)?;
        let head = format!(
            "POST /api/v3/shaman/files/{}/{} HTTP/1.1\r\nHost: {address}\r\nContent-Type: application/octet-stream\r\nContent-Length: {UPLOAD_BYTES}\r\n\r\n",
            blob.name.digest, blob.name.size
        );
        stream.write_all(head.as_bytes())?;
        stream.write_all(&blob.bytes[..UPLOAD_BYTES / 2])?;
        streams.push(stream);
    }
    // Until all of that is taken in.
    std::thread::sleep(Duration::from_secs(1));
    for (number, stream) in streams.iter_mut().enumerate() {
        // The first of a kind ends the others of it: they get their answer early.
        stream.write_all(&blobs[number % BODIES].bytes[UPLOAD_BYTES / 2..]).ok();
    }
    std::thread::sleep(Duration::from_secs(1));
    let busy_kib = process::peak_kib(farm.server.id())?;
    println!("{:44} {:>6} MiB {:>14}", "memory, idle", idle_kib >> 10, "limit 48 MiB");
    println!("{:44} {:>6} MiB {:>14}", "memory, 1,000 uploads at once", busy_kib >> 10, "256 MiB");
    Ok(())
}
