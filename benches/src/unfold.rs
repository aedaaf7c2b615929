//! What the adapter before the HTTP parser costs an upload: the same server, which throws bodies
//! away, with it and without it, in turns.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use shaman_server::http::{Tunnel, Unfold};
use tokio::net::TcpListener;

use crate::discard;

const BODY_BYTES: usize = 1 << 30;
const PIECE_BYTES: usize = 1 << 20;
const SMALL: usize = 20_000;
const ROUNDS: usize = 7;

pub(crate) fn run() -> anyhow::Result<()> {
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
    let with = runtime.block_on(listen(true))?;
    let without = runtime.block_on(listen(false))?;
    println!(
        "a server that throws bodies away, with the adapter and without, {ROUNDS} rounds in turns"
    );
    println!("{:34} {:>10} {:>10} {:>22}", "", "without", "with", "with / without");
    row("one upload of 1 GiB", with, without, |address| upload(address, 1, BODY_BYTES))?;
    row("20,000 uploads of 4 KiB", with, without, |address| upload(address, SMALL, 4 << 10))?;
    Ok(())
}

fn row(
    name: &str,
    with: SocketAddr,
    without: SocketAddr,
    work: impl Fn(SocketAddr) -> anyhow::Result<Duration>,
) -> anyhow::Result<()> {
    let mut rounds = Vec::new();
    for _ in 0..ROUNDS {
        rounds.push((work(without)?, work(with)?));
    }
    let middle = |mut values: Vec<f64>| {
        values.sort_by(f64::total_cmp);
        values[values.len() / 2]
    };
    let ratios: Vec<f64> = rounds.iter().map(|(w, u)| u.as_secs_f64() / w.as_secs_f64()).collect();
    let (low, high) = ratios.iter().fold((f64::MAX, 0_f64), |(l, h), r| (l.min(*r), h.max(*r)));
    println!(
        "{name:34} {:>8.3} s {:>8.3} s {:>8.2} ({low:.2} to {high:.2})",
        middle(rounds.iter().map(|(w, _)| w.as_secs_f64()).collect()),
        middle(rounds.iter().map(|(_, u)| u.as_secs_f64()).collect()),
        middle(ratios),
    );
    Ok(())
}

#[expect(clippy::disallowed_methods, reason = "a bench has no crew of tasks")]
async fn listen(is_unfolding: bool) -> anyhow::Result<SocketAddr> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            drop(stream.set_nodelay(true));
            if is_unfolding {
                discard::serve(Unfold::new(stream, Tunnel::default())).await;
            } else {
                discard::serve(stream).await;
            }
        }
    });
    Ok(address)
}

fn upload(address: SocketAddr, times: usize, bytes: usize) -> anyhow::Result<Duration> {
    let mut stream = TcpStream::connect(address)?;
    stream.set_nodelay(true)?;
    let head = format!(
        "POST /api/v3/shaman/files/{}/{bytes} HTTP/1.1\r\nHost: bench\r\nAccept: application/json\r\n\
         X-Shaman-Can-Defer-Upload: False\r\nX-Shaman-Original-Filename: =?utf-8?q?a=2Epng?=\r\n\
         Content-Length: {bytes}\r\n\r\n",
        "ab".repeat(32)
    );
    let piece = vec![7; PIECE_BYTES.min(bytes)];
    let start = Instant::now();
    for _ in 0..times {
        stream.write_all(head.as_bytes())?;
        for _ in 0..bytes / piece.len() {
            stream.write_all(&piece)?;
        }
        let mut answer = Vec::new();
        while !answer.ends_with(b"\r\n\r\n") {
            let mut bytes = [0; 512];
            let count = stream.read(&mut bytes)?;
            anyhow::ensure!(count > 0, "the server closed the connection");
            answer.extend_from_slice(&bytes[..count]);
        }
    }
    Ok(start.elapsed())
}
