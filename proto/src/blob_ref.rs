//! `BlobRef`: the name of a blob.

use std::fmt;

use crate::{BlobSize, Digest};

/// Digest and size together: the name of a blob, everywhere.
///
/// Holding one says nothing about whether the blob is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BlobRef {
    /// SHA-256 of the bytes.
    pub digest: Digest,
    /// Their number.
    pub size: BlobSize,
}

impl BlobRef {
    /// The name made of these two.
    pub const fn new(digest: Digest, size: BlobSize) -> Self {
        Self { digest, size }
    }
}

impl fmt::Display for BlobRef {
    /// `{64 hex digits}-{size}`, the form of URLs and logs.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.digest, self.size)
    }
}
