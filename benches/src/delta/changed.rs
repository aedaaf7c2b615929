//! A file of 1 GiB of which 1 % changes in ten places.
#![expect(clippy::disallowed_methods, reason = "a farm of its own, which goes after each round")]

use std::fs::File;
use std::io::{Read as _, Seek as _, SeekFrom, Write as _};
use std::net::SocketAddr;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use serde_json::Value;
use shaman_proto::wire::chunks::{CHUNKS_TYPE, encode_chunks};
use shaman_proto::{Chunk, Cutter};
use shaman_tests::between::{Between, Deed};
use shaman_tests::wire::Connection;

use crate::process::{Server, ensure_built, program};

const BYTES: u64 = 1 << 30;

/// Places that change.
const PLACES: u64 = 10;

/// Rounds of each.
const ROUNDS: usize = 3;

/// A line of 1 Gbit/s.
const SLOWLY: usize = 125_000_000;

/// More than anything here takes.
const PATIENCE: Duration = Duration::from_mins(5);

pub(super) fn run() -> anyhow::Result<()> {
    ensure_built(&["shaman", "shaman-server"])?;
    let folder = tempfile::tempdir()?;
    let dir = folder.path().join("project");
    std::fs::create_dir(&dir)?;
    let file = dir.join("cache.vdb");
    write(&file)?;
    println!("1 GiB, of which 1 % changes in {PLACES} places; {ROUNDS} rounds");
    println!("{:34} {:>10} {:>10} {:>12} {:>8}", "", "whole", "in part", "bytes sent", "share");
    for (name, slowly) in [("no line in between", None), ("a line of 1 Gbit/s", Some(SLOWLY))] {
        for round in 0..ROUNDS {
            let [whole, part] = ["never", "always"].map(|delta| {
                let farm = folder.path().join(format!("{name}-{round}-{delta}").replace(' ', "-"));
                once(&farm, &dir, &file, delta, slowly)
            });
            let (whole, part) = (whole?, part?);
            #[expect(clippy::cast_precision_loss, reason = "a percentage")]
            let share = part.bytes as f64 / BYTES as f64 * 100.0;
            println!(
                "{name:34} {:>8.3} s {:>8.3} s {:>12} {share:>6.2} %",
                whole.time.as_secs_f64(),
                part.time.as_secs_f64(),
                part.bytes,
            );
        }
    }
    println!();
    cutting(&file)
}

struct Ran {
    time: Duration,
    /// Of all bodies of requests.
    bytes: u64,
}

/// A server that has the file; then the file changes, and is sent again.
fn once(
    farm: &Path,
    dir: &Path,
    file: &Path,
    delta: &str,
    slowly: Option<usize>,
) -> anyhow::Result<Ran> {
    let server = Server::start(&farm.join("storage"), &farm.join("state"))?;
    let address: SocketAddr = server.address.parse()?;
    upload(&format!("http://{address}"), farm, dir, "never")?;
    wait_until_cut(&server.address, file)?;
    change(file)?;
    let way = Between::start(address, move |head, _| match slowly {
        Some(rate) if head.first_line.starts_with("PUT") => Deed::Slowly(rate),
        _ => Deed::Pass,
    });
    // Hashing is the same in both ways, and is not what is measured.
    hash(farm, dir)?;
    // Without a line nothing stands in between, so that the server says what did not travel.
    let url = if slowly.is_some() { way.url.clone() } else { format!("http://{address}") };
    let start = Instant::now();
    let end = upload(&url, farm, dir, delta)?;
    let time = start.elapsed();
    let number = |field: &str| end[field].as_u64().unwrap_or_default();
    let bytes = match slowly {
        Some(_) => way.seen().iter().map(|seen| seen.body_bytes).sum(),
        None => number("uploaded_bytes") - number("reused_bytes"),
    };
    drop(server);
    std::fs::remove_dir_all(farm)?;
    Ok(Ran { time, bytes })
}

fn upload(url: &str, farm: &Path, dir: &Path, delta: &str) -> anyhow::Result<Value> {
    let mut shaman = program("shaman");
    shaman.arg("upload").arg(dir).args(["--server", url, "--name", "job", "--json"]);
    shaman.args(["--delta", delta]).env("SHAMAN_CACHE", farm.join("cache"));
    let output = shaman.output()?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    anyhow::ensure!(output.status.success(), "{text}{}", String::from_utf8_lossy(&output.stderr));
    Ok(serde_json::from_str(text.lines().last().context("it said nothing")?)?)
}

/// Puts the file's name into the client's cache.
fn hash(farm: &Path, dir: &Path) -> anyhow::Result<()> {
    // A server of its own, so that the other one does not get it.
    let server = Server::start(&farm.join("other/storage"), &farm.join("other/state"))?;
    std::thread::sleep(Duration::from_millis(2_100));
    upload(&format!("http://{}", server.address), farm, dir, "never")?;
    Ok(())
}

fn write(path: &Path) -> anyhow::Result<()> {
    let mut file = File::create(path)?;
    let mut piece = vec![0; 1 << 20];
    for _ in 0..BYTES >> 20 {
        fastrand::fill(&mut piece);
        file.write_all(&piece)?;
    }
    Ok(())
}

fn change(path: &Path) -> anyhow::Result<()> {
    let mut file = File::options().write(true).open(path)?;
    let mut new = vec![0; usize::try_from(BYTES / 100 / PLACES)?];
    for place in 0..PLACES {
        fastrand::fill(&mut new);
        file.seek(SeekFrom::Start(BYTES / PLACES * place + fastrand::u64(0..BYTES / PLACES / 2)))?;
        file.write_all(&new)?;
    }
    Ok(())
}

fn chunks(path: &Path) -> anyhow::Result<Vec<Chunk>> {
    let (mut cutter, mut chunks) = (Cutter::default(), Vec::new());
    let mut add = |bytes: &[u8]| chunks.extend(Chunk::of(bytes));
    let (mut file, mut piece) = (File::open(path)?, vec![0; 1 << 20]);
    loop {
        let read = file.read(&mut piece)?;
        if read == 0 {
            break;
        }
        cutter.push(&piece[..read], &mut add);
    }
    cutter.finish(&mut add);
    Ok(chunks)
}

fn wait_until_cut(address: &str, file: &Path) -> anyhow::Result<()> {
    let body = encode_chunks(&chunks(file)?);
    let (ip, port) = address.rsplit_once(':').context("no port")?;
    let mut connection = Connection::open(ip, port.parse()?, PATIENCE)?;
    let head = format!(
        "POST /v1/chunks/missing HTTP/1.1\r\nHost: {address}\r\nContent-Type: {CHUNKS_TYPE}\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    let start = Instant::now();
    loop {
        connection.send(head.as_bytes(), &body)?;
        let (answer, _) = connection.receive("POST")?;
        anyhow::ensure!(answer.status == 200, "the chunks were answered {}", answer.status);
        if answer.body.iter().all(|bits| *bits == 0) {
            return Ok(());
        }
        anyhow::ensure!(start.elapsed() < PATIENCE, "the file was not cut");
        std::thread::sleep(Duration::from_millis(200));
    }
}

/// What cutting costs.
fn cutting(file: &Path) -> anyhow::Result<()> {
    let start = Instant::now();
    let count = chunks(file)?.len();
    #[expect(clippy::cast_precision_loss, reason = "a rate")]
    let rate = BYTES as f64 / start.elapsed().as_secs_f64() / 1e9;
    println!("cutting and naming {count} chunks: {rate:.2} GB/s");
    Ok(())
}
