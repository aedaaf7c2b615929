//! A server on the logged disk, and clients that upload, check out and erase, while it is swept.

use std::net::SocketAddr;
use std::path::Path;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use shaman_tests::server::Server;
use shaman_tests::wire::{Answer, ask, sha256_hex};

use super::promises::{Book, Files};

/// Clients at once.
const CLIENTS: u64 = 3;

/// Blobs are swept when no checkout has them, and some files are copies.
const YAML: &str = "reserve: 0\ntrash_grace: 1s\nshaman: {garbageCollect: {maxAge: 3s}}\ncheckouts: {copy_globs: ['*.copy']}\n";

/// Works for so long below this folder and notes what is promised. The index lies there, too.
pub(crate) fn record(folder: &Path, promises: &Path, lasts: Duration) {
    let book = Book::new(promises);
    let server = Server::start(&folder.join("storage"), folder, YAML);
    let (address, end) = (server.address(), Instant::now() + lasts);
    std::thread::scope(|scope| {
        for number in 0..CLIENTS {
            let book = &book;
            scope.spawn(move || work(number, address, book, end));
        }
        scope.spawn(|| sweep(address, end));
    });
    eprintln!("{} promises were noted", book.count());
    server.kill();
}

fn work(number: u64, address: SocketAddr, book: &Book, end: Instant) {
    let mut random = fastrand::Rng::with_seed(number);
    let mut made: Vec<String> = Vec::new();
    let mut job = 0;
    while Instant::now() < end {
        if made.len() > 3 && random.u8(..3) == 0 {
            let checkout = made.swap_remove(random.usize(..made.len()));
            book.is_erased(&checkout);
            let answer = asked(address, "DELETE", &format!("/v1/checkouts/{checkout}"), b"");
            assert_eq!(answer.status, 204, "{}", answer.text());
            continue;
        }
        // In directories, or all in one: they are flushed in two ways.
        let is_flat = random.bool();
        let blobs: Vec<Vec<u8>> = (0..random.usize(1..7)).map(|_| bytes(&mut random)).collect();
        let place = |n: usize| {
            let dir = if is_flat { String::new() } else { format!("dir{}/", n % 3) };
            let ending = if n % 4 == 3 { ".copy" } else { "" };
            format!("{dir}{n}{ending}")
        };
        let files: Files =
            blobs.iter().enumerate().map(|(n, bytes)| (place(n), sha256_hex(bytes))).collect();
        let entries: Vec<Value> = blobs
            .iter()
            .enumerate()
            .map(|(n, bytes)| {
                json!({"sha": sha256_hex(bytes), "size": bytes.len(), "path": place(n)})
            })
            .collect();
        let name = format!("client{number}/shot{}/job{job}", job % 3);
        job += 1;
        let create = json!({"files": entries, "checkoutPath": name}).to_string();
        // A sweep may take a blob between both.
        for _ in 0..3 {
            for bytes in &blobs {
                let url = format!("/api/v3/shaman/files/{}/{}", sha256_hex(bytes), bytes.len());
                let answer = asked(address, "POST", &url, bytes);
                assert!(matches!(answer.status, 204 | 208), "{}", answer.text());
            }
            let url = "/api/v3/shaman/checkout/create";
            let answer = asked(address, "POST", url, create.as_bytes());
            if answer.status != 200 {
                continue;
            }
            let answer: Value = serde_json::from_slice(&answer.body).unwrap();
            let checkout = answer["checkoutPath"].as_str().unwrap();
            book.made(checkout, &files);
            made.push(checkout.to_owned());
            break;
        }
    }
}

/// Sometimes what others have, too.
fn bytes(random: &mut fastrand::Rng) -> Vec<u8> {
    if random.u8(..4) == 0 {
        return vec![random.u8(1..20); 5_000];
    }
    let mut bytes = vec![0; random.usize(1..60_000)];
    random.fill(&mut bytes);
    bytes
}

fn sweep(address: SocketAddr, end: Instant) {
    let order = json!({"dry_run": false, "force": true}).to_string();
    while Instant::now() < end {
        std::thread::sleep(Duration::from_millis(700));
        let answer = asked(address, "POST", "/v1/sweep", order.as_bytes());
        // The server sweeps by itself, too.
        assert!(matches!(answer.status, 200 | 409), "{}", answer.text());
    }
}

fn asked(address: SocketAddr, method: &str, url: &str, body: &[u8]) -> Answer {
    let kind = if body.first() == Some(&b'{') { "json" } else { "octet-stream" };
    let kind = format!("application/{kind}");
    ask(address, method, url, &[("Content-Type", &kind)], body).unwrap()
}
