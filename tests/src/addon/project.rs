//! What an artist submits.

use crate::wire::sha256_hex;

/// Files of a project by their path below its root, with slashes, and the .blend to render.
#[derive(Debug, Clone, Default)]
pub struct Project {
    /// Relative path and bytes.
    pub files: Vec<(String, Vec<u8>)>,
    /// The path of the .blend among them.
    pub blend: String,
    /// Bytes that the hash cache remembers of files that were edited without a change of time.
    pub remembered: Vec<(String, Vec<u8>)>,
}

impl Project {
    /// The first file is the .blend.
    pub fn new(files: &[(&str, &[u8])]) -> Self {
        let files: Vec<_> =
            files.iter().map(|(path, bytes)| ((*path).to_owned(), bytes.to_vec())).collect();
        Self {
            blend: files.first().map(|(path, _)| path.clone()).unwrap_or_default(),
            files,
            remembered: Vec::new(),
        }
    }

    /// The same, but the hash cache of the add-on holds what this file was before: it announces the
    /// old digest and size, and sends the new bytes.
    #[must_use]
    pub fn remembering(mut self, path: &str, old: &[u8]) -> Self {
        self.remembered.push((path.to_owned(), old.to_vec()));
        self
    }

    /// One file, under the path that stands in requests.
    pub(super) fn spec(&self, path: &str, sent_as: &str, bytes: &[u8]) -> Spec {
        let old = self.remembered.iter().find(|(remembered, _)| remembered == path);
        let hashed = old.map_or(bytes, |(_, old)| old);
        Spec { bytes: bytes.to_vec(), ..Spec::new(sent_as, hashed) }
    }
}

/// A file as a transfer sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Spec {
    /// SHA-256, 64 lower-case hex digits.
    pub sha: String,
    /// In bytes.
    pub size: u64,
    /// As it stands in requests: with backslashes from BAT 2 on Windows.
    pub path: String,
    /// What is sent.
    pub bytes: Vec<u8>,
}

impl Spec {
    /// Hashes the bytes.
    pub fn new(path: &str, bytes: &[u8]) -> Self {
        let (sha, size) = (sha256_hex(bytes), bytes.len() as u64);
        Self { sha, size, path: path.to_owned(), bytes: bytes.to_vec() }
    }
}
