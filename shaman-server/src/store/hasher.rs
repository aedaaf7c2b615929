//! `Hasher`: the digest of bytes on their way, which may be made on another thread than the one that
//! writes them.

use sha2::{Digest as _, Sha256};
use shaman_proto::Digest;

/// Hashes what it is given, in order. Bytes that it was not given make another digest, so nothing
/// that was written past it becomes a blob.
#[derive(Debug, Default)]
pub struct Hasher(Sha256);

impl Hasher {
    /// Takes further bytes in.
    pub fn update(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    /// The digest of everything so far.
    pub(super) fn digest(&self) -> Digest {
        Digest::from_bytes(self.0.clone().finalize().into())
    }
}
