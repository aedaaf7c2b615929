//! A server on a storage of its own, and connections to it.

use std::path::{Path, PathBuf};
use std::time::Duration;

use shaman_proto::wire::blobs::{FRAMES_TYPE, encode_name};
use shaman_proto::{BlobRef, BlobSize, Digest};
use shaman_tests::wire::{Answer, Connection};

use crate::process::Server;

/// More than any request takes.
const PATIENCE: Duration = Duration::from_mins(5);

/// A running server; it and its files go when this is dropped.
#[derive(Debug)]
pub(super) struct Farm {
    pub(super) server: Server,
    folder: tempfile::TempDir,
}

impl Farm {
    pub(super) fn start(within: &Path) -> anyhow::Result<Self> {
        let folder = tempfile::tempdir_in(within)?;
        let server = Server::start(&folder.path().join("storage"), &folder.path().join("state"))?;
        Ok(Self { server, folder })
    }

    /// With a configuration.
    #[expect(clippy::disallowed_methods, reason = "nobody else knows this file yet")]
    pub(super) fn configured(within: &Path, yaml: &str) -> anyhow::Result<Self> {
        let folder = tempfile::tempdir_in(within)?;
        let config = folder.path().join("shaman.yaml");
        std::fs::write(&config, yaml)?;
        let (storage, state) = (folder.path().join("storage"), folder.path().join("state"));
        let config = config.to_string_lossy();
        let server = Server::start_with(&storage, &state, &["--config", &config])?;
        Ok(Self { server, folder })
    }

    /// Another server on the same files, after the first one has ended.
    pub(super) fn restart(self, arguments: &[&str]) -> anyhow::Result<Self> {
        let Self { server, folder } = self;
        drop(server);
        let (storage, state) = (folder.path().join("storage"), folder.path().join("state"));
        Ok(Self { server: Server::start_with(&storage, &state, arguments)?, folder })
    }

    pub(super) fn storage(&self) -> PathBuf {
        self.folder.path().join("storage")
    }

    /// Waits until what was erased is deleted, so that it is in nobody's way.
    pub(super) fn wait_until_deleted(&self) -> anyhow::Result<()> {
        let staging = self.storage().join("file-store/staging");
        for _ in 0..600 {
            let is_tree = |entry: std::io::Result<std::fs::DirEntry>| {
                entry.is_ok_and(|entry| entry.path().is_dir())
            };
            if !std::fs::read_dir(&staging)?.any(is_tree) {
                return Ok(());
            }
            std::thread::sleep(Duration::from_millis(100));
        }
        anyhow::bail!("an erased checkout is not deleted after a minute")
    }

    /// A directory on the same file system for what the limit needs.
    pub(super) fn beside(&self, name: &str) -> anyhow::Result<PathBuf> {
        let dir = self.folder.path().join(name);
        std::fs::create_dir(&dir)?;
        Ok(dir)
    }

    pub(super) fn connect(&self) -> anyhow::Result<Caller> {
        Caller::to(&self.server.address)
    }

    /// Stores blobs, many in one body.
    pub(super) fn store(&self, blobs: &[Blob]) -> anyhow::Result<()> {
        let mut caller = self.connect()?;
        for part in blobs.chunks(50_000) {
            caller.send("POST", "/v1/blobs", FRAMES_TYPE, &frames(part))?;
        }
        Ok(())
    }
}

/// A kept connection.
#[derive(Debug)]
pub(super) struct Caller {
    address: String,
    connection: Connection,
}

impl Caller {
    /// To a server at `IP:PORT`.
    pub(super) fn to(address: &str) -> anyhow::Result<Self> {
        let (ip, port) = address.rsplit_once(':').unwrap_or((address, "80"));
        let connection = Connection::open(ip, port.parse()?, PATIENCE)?;
        Ok(Self { address: address.to_owned(), connection })
    }

    /// Sends and gives a good answer; any other one is a failure.
    pub(super) fn send(
        &mut self,
        method: &str,
        url: &str,
        kind: &str,
        body: &[u8],
    ) -> anyhow::Result<Answer> {
        let head = format!(
            "{method} {url} HTTP/1.1\r\nHost: {}\r\nContent-Type: {kind}\r\nContent-Length: {}\r\n\r\n",
            self.address,
            body.len()
        );
        self.connection.send(head.as_bytes(), body)?;
        let (answer, _) = self.connection.receive(method)?;
        anyhow::ensure!(
            (200..300).contains(&answer.status),
            "{method} {url} was answered {}: {}",
            answer.status,
            answer.text()
        );
        Ok(answer)
    }
}

/// Bytes with a name.
#[derive(Debug, Clone)]
pub(super) struct Blob {
    pub(super) name: BlobRef,
    pub(super) bytes: Vec<u8>,
}

/// So many blobs of this size, which nobody has had before.
pub(super) fn fresh(count: usize, bytes: usize) -> anyhow::Result<Vec<Blob>> {
    use sha2::Digest as _;
    let mut random = fastrand::Rng::new();
    let size = BlobSize::new(bytes as u64)?;
    let make = || {
        let mut content = vec![0; bytes];
        random.fill(&mut content);
        let digest = Digest::from_bytes(sha2::Sha256::digest(&content).into());
        Blob { name: BlobRef::new(digest, size), bytes: content }
    };
    Ok(std::iter::repeat_with(make).take(count).collect())
}

/// Blobs in one body, as `POST /v1/blobs` takes them.
pub(super) fn frames(blobs: &[Blob]) -> Vec<u8> {
    let mut body = Vec::new();
    for blob in blobs {
        body.extend_from_slice(&encode_name(&blob.name));
        body.extend_from_slice(&blob.bytes);
    }
    body
}
