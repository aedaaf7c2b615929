//! A server of a few lines with one checkout, whose blobs can be had.

use std::collections::HashMap;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use serde_json::json;
use sha2::{Digest as _, Sha256};

/// What the test does with a request for a blob.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// Sends this many bytes of what was asked for and cuts the connection.
    CutAfter(usize),
    /// Sends this many bytes and then nothing any more, until the test is over.
    HangAfter(usize),
    /// Sends all of it, whatever part was asked for.
    Whole,
    /// Sends other bytes.
    Wrong,
    /// Sends no bytes and this status.
    Status(u16),
}

/// Says what goes wrong with a request for the blob with these bytes, so many having come before.
type Meddle = Box<dyn Fn(&[u8], usize) -> Option<Fault> + Send + Sync>;

#[derive(Clone)]
pub(crate) struct Blobs {
    pub(crate) url: String,
    stored: Arc<HashMap<String, Vec<u8>>>,
    manifest: Arc<Mutex<String>>,
    /// Requests for blobs, each with the first byte that was asked for.
    pub(crate) asked: Arc<Mutex<Vec<(String, usize)>>>,
    meddle: Arc<Meddle>,
}

impl Blobs {
    /// Starts one with the checkout `film/shot`.
    pub(crate) fn start(
        files: &[(&str, &[u8])],
        meddle: impl Fn(&[u8], usize) -> Option<Fault> + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let stored = files.iter().map(|(_, bytes)| (name(bytes), bytes.to_vec())).collect();
        let peer = Self {
            url,
            stored: Arc::new(stored),
            manifest: Arc::new(Mutex::new(manifest(files))),
            asked: Arc::default(),
            meddle: Arc::new(Box::new(meddle)),
        };
        let answering = peer.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let peer = answering.clone();
                std::thread::spawn(move || while peer.answer(&stream).is_some() {});
            }
        });
        peer
    }

    /// Makes another checkout of it.
    pub(crate) fn say(&self, manifest: String) {
        *self.manifest.lock().unwrap() = manifest;
    }

    /// How many requests for blobs it got.
    pub(crate) fn count(&self) -> usize {
        self.asked.lock().unwrap().len()
    }

    fn answer(&self, mut stream: &TcpStream) -> Option<()> {
        let mut reader = BufReader::new(stream);
        let mut line = String::new();
        reader.read_line(&mut line).ok().filter(|read| *read > 0)?;
        let mut from = None;
        loop {
            let mut header = String::new();
            reader.read_line(&mut header).ok()?;
            let Some((name, value)) = header.trim_end().split_once(':') else { break };
            if name.eq_ignore_ascii_case("range") {
                let value = value.trim().strip_prefix("bytes=").unwrap();
                from = Some(value.strip_suffix('-').unwrap().parse::<usize>().unwrap());
            }
        }
        let path = line.split(' ').nth(1)?;
        if path == "/v1/checkouts/film/shot" {
            let text = self.manifest.lock().unwrap().clone();
            write!(stream, "HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{text}", text.len())
                .ok()?;
            return Some(());
        }
        let found =
            path.strip_prefix("/v1/blobs/").and_then(|name| self.stored.get_key_value(name));
        let Some((name, bytes)) = found else {
            let text = r#"{"code": 404, "message": "there is no checkout of that name"}"#;
            write!(stream, "HTTP/1.1 404 X\r\nContent-Length: {}\r\n\r\n{text}", text.len())
                .ok()?;
            return Some(());
        };
        let before = {
            let mut asked = self.asked.lock().unwrap();
            asked.push((name.clone(), from.unwrap_or(0)));
            asked.iter().filter(|(other, _)| other == name).count() - 1
        };
        let fault = (self.meddle)(bytes, before);
        let first = from.filter(|_| fault != Some(Fault::Whole));
        let mut part = bytes[first.unwrap_or(0)..].to_vec();
        match fault {
            Some(Fault::Status(status)) => {
                write!(stream, "HTTP/1.1 {status} X\r\nContent-Length: 0\r\n\r\n").ok()?;
                return Some(());
            }
            Some(Fault::Wrong) => part.iter_mut().for_each(|byte| *byte ^= 1),
            _ => {}
        }
        let status = if first.is_some() { "206 Partial Content" } else { "200 OK" };
        let (first, all) = (first.unwrap_or(0), bytes.len());
        write!(
            stream,
            "HTTP/1.1 {status}\r\nContent-Length: {}\r\nContent-Range: bytes {first}-{}/{all}\r\n\r\n",
            part.len(),
            all.saturating_sub(1)
        )
        .ok()?;
        let most = match fault {
            Some(Fault::CutAfter(most) | Fault::HangAfter(most)) => most.min(part.len()),
            _ => part.len(),
        };
        stream.write_all(&part[..most]).ok()?;
        match fault {
            Some(Fault::CutAfter(_)) => {
                stream.shutdown(Shutdown::Both).ok()?;
                None
            }
            Some(Fault::HangAfter(_)) => {
                std::thread::sleep(std::time::Duration::from_mins(1));
                None
            }
            _ => Some(()),
        }
    }
}

/// The name of the blob with these bytes, as URLs have it.
pub(crate) fn name(bytes: &[u8]) -> String {
    let digest = shaman_proto::Digest::from_bytes(Sha256::digest(bytes).into());
    format!("{digest}-{}", bytes.len())
}

/// What a server says of a checkout with these files.
pub(crate) fn manifest(files: &[(&str, &[u8])]) -> String {
    let entry = |(path, bytes): &(&str, &[u8])| {
        let name = name(bytes);
        let (digest, size) = name.split_once('-').unwrap();
        json!({"path": path, "size": size.parse::<u64>().unwrap(), "sha256": digest})
    };
    let files: Vec<_> = files.iter().map(entry).collect();
    let space = json!({"logical_bytes": 0, "shared_bytes": null, "exclusive_bytes": null});
    json!({
        "format": 1, "checkout": "film/shot", "blend": files[0]["path"],
        "created": "2026-11-24T08:15:02Z", "server": "test", "files": files, "space": space,
    })
    .to_string()
}
