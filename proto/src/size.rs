//! `BlobSize`: bytes, bounded.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize};

use crate::digest::shorten;

/// The length of a blob in bytes, 0 to 2^63 − 1 (what Flamenco's 64-bit signed numbers can say).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[cfg_attr(
    feature = "openapi",
    derive(utoipa::ToSchema),
    schema(value_type = i64, minimum = 0)
)]
pub struct BlobSize(u64);

/// A text or number that is no size.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{shown}` is not a file size: it takes a whole number from 0 to 9223372036854775807")]
pub struct SizeError {
    shown: String,
}

impl BlobSize {
    /// Largest size that can be named.
    pub const MAX: Self = Self(i64::MAX as u64);

    /// The size of so many bytes.
    pub fn new(bytes: u64) -> Result<Self, SizeError> {
        if bytes > Self::MAX.0 {
            return Err(SizeError { shown: bytes.to_string() });
        }
        Ok(Self(bytes))
    }

    /// Bytes.
    pub const fn bytes(self) -> u64 {
        self.0
    }
}

impl FromStr for BlobSize {
    type Err = SizeError;

    /// Reads decimal digits and nothing else: no sign, no blank, no exponent.
    fn from_str(text: &str) -> Result<Self, SizeError> {
        let refused = || SizeError { shown: shorten(text) };
        if text.is_empty() || !text.bytes().all(|b| b.is_ascii_digit()) {
            return Err(refused());
        }
        text.parse().ok().and_then(|bytes| Self::new(bytes).ok()).ok_or_else(refused)
    }
}

impl fmt::Display for BlobSize {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl<'de> Deserialize<'de> for BlobSize {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        Self::new(u64::deserialize(from)?).map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_whole_range_and_nothing_else_is_a_size() {
        assert_eq!("0".parse::<BlobSize>().unwrap().bytes(), 0);
        assert_eq!("9223372036854775807".parse::<BlobSize>().unwrap(), BlobSize::MAX);
        for text in
            ["", "-1", "+1", " 1", "1e3", "1.0", "9223372036854775808", "99999999999999999999", "٣"]
        {
            assert!(text.parse::<BlobSize>().is_err(), "{text}");
        }
    }

    #[test]
    fn json_sizes_are_whole_and_bounded() {
        assert!(serde_json::from_str::<BlobSize>("12").is_ok());
        for json in ["-1", "1.5", "\"1\"", "9223372036854775808", "null"] {
            assert!(serde_json::from_str::<BlobSize>(json).is_err(), "{json}");
        }
    }
}
