//! A server in a temporary folder, a client that says exactly what a test wants, and blobs.

mod client;
mod collector;
mod disk;
mod folding;
mod http2;
mod server;
mod small;
mod tls;
mod verbs;

use std::time::{Duration, Instant};

use sha2::{Digest as _, Sha256};

pub(crate) use client::{Answer, Connection};
pub(crate) use collector::{Collector, SILENCE, attribute};
pub(crate) use disk::{files_below, same_file, snapshot};
pub(crate) use folding::FoldingDisk;
pub(crate) use http2::{Http2, frames_to};
pub(crate) use server::TestServer;
pub(crate) use small::SmallDisk;
pub(crate) use tls::{Certificates, certificate_shown_at};
pub(crate) use verbs::{opened, upload};

/// Bytes and their name.
#[derive(Debug, Clone)]
pub(crate) struct Blob {
    pub(crate) bytes: Vec<u8>,
    pub(crate) sha: String,
}

impl Blob {
    pub(crate) fn new(bytes: impl Into<Vec<u8>>) -> Self {
        let bytes = bytes.into();
        let sha = shaman_proto::Digest::from_bytes(Sha256::digest(&bytes).into()).to_string();
        Self { bytes, sha }
    }

    pub(crate) fn size(&self) -> usize {
        self.bytes.len()
    }

    pub(crate) fn url(&self) -> String {
        format!("/api/v3/shaman/files/{}/{}", self.sha, self.size())
    }

    pub(crate) fn named(&self) -> shaman_proto::BlobRef {
        format!("{}-{}", self.sha, self.size()).parse().unwrap()
    }

    pub(crate) fn native_url(&self) -> String {
        format!("/v1/blobs/{}", self.named())
    }

    /// Where it must lie in the storage.
    pub(crate) fn below_storage(&self) -> String {
        let (first, rest) = self.sha.split_at(2);
        format!("file-store/stored/{first}/{rest}/{}.blob", self.size())
    }

    pub(crate) fn entry(&self, path: &str) -> serde_json::Value {
        serde_json::json!({"sha": self.sha, "size": self.size(), "path": path})
    }
}

/// Waits for something that happens beside an answer.
pub(crate) fn eventually(what: &str, mut is_true: impl FnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(20);
    while !is_true() {
        assert!(Instant::now() < deadline, "{what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}
