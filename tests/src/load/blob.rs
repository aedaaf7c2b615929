//! `Blob`: bytes with a name.

use std::sync::{Arc, OnceLock};

use crate::wire::sha256_hex;

/// Blobs that all clients use: few enough that many are asked for while they are swept.
const SHARED: usize = 60;

/// Most bytes in one.
const BYTES_MAX: usize = 40_000;

/// Bytes and their SHA-256.
#[derive(Debug, Clone)]
pub(super) struct Blob {
    pub(super) sha: String,
    pub(super) bytes: Arc<[u8]>,
}

impl Blob {
    /// One that nobody else has.
    pub(super) fn fresh(random: &mut fastrand::Rng) -> Self {
        let mut bytes = vec![0; random.usize(0..BYTES_MAX)];
        random.fill(&mut bytes);
        Self { sha: sha256_hex(&bytes), bytes: bytes.into() }
    }

    /// One of those that all clients use.
    pub(super) fn shared(random: &mut fastrand::Rng) -> Self {
        static BLOBS: OnceLock<Vec<Blob>> = OnceLock::new();
        let blobs = BLOBS.get_or_init(|| {
            let mut random = fastrand::Rng::with_seed(1);
            std::iter::repeat_with(|| Self::fresh(&mut random)).take(SHARED).collect()
        });
        blobs[random.usize(..SHARED)].clone()
    }

    pub(super) fn url(&self) -> String {
        format!("/api/v3/shaman/files/{}/{}", self.sha, self.bytes.len())
    }
}
