//! `BlobRef`: the name of a blob.

use std::fmt;
use std::str::FromStr;

use crate::digest::shorten;
use crate::{BlobSize, Digest, DigestError, SizeError};

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

/// A text that is no name of a blob.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BlobRefError {
    /// There is no dash in it.
    #[error("`{0}` is no blob: it takes 64 hex digits, a dash and the size")]
    Form(String),
    /// What stands before the dash.
    #[error(transparent)]
    Digest(#[from] DigestError),
    /// What stands behind it.
    #[error(transparent)]
    Size(#[from] SizeError),
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

impl FromStr for BlobRef {
    type Err = BlobRefError;

    /// Reads what [`fmt::Display`] writes; upper case and leading zeros are folded, so that one
    /// blob has one name.
    fn from_str(text: &str) -> Result<Self, BlobRefError> {
        let (digest, size) =
            text.split_once('-').ok_or_else(|| BlobRefError::Form(shorten(text)))?;
        Ok(Self::new(digest.parse()?, size.parse()?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_reads_back_and_nothing_else_does() {
        let name = format!("{}-12", "ab".repeat(32));
        assert_eq!(name.parse::<BlobRef>().unwrap().to_string(), name);
        let hex = "ab".repeat(32);
        for text in ["", "-", &hex, &format!("{hex}-"), &format!("{hex}--1"), &format!("{hex}-1-2")]
        {
            assert!(text.parse::<BlobRef>().is_err(), "{text}");
        }
    }
}
