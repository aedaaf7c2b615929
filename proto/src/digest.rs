//! `Digest`: 32 bytes, one spelling.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// The SHA-256 of a blob's bytes.
///
/// Holding a `Digest` says nothing about whether we have the blob; it is a name. Its text form is
/// 64 lower-case hex digits; upper case is read and folded, so that one blob has one URL and one
/// path.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(
    feature = "openapi",
    derive(utoipa::ToSchema),
    schema(value_type = String, pattern = "^[0-9a-f]{64}$")
)]
pub struct Digest([u8; 32]);

/// A text that is no digest.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{shown}` is not a SHA-256: it takes exactly 64 hex digits")]
pub struct DigestError {
    shown: String,
}

impl Digest {
    /// The digest with these bytes, as a hash function gave them.
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The 32 bytes.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// The 64 lower-case hex digits, as bytes.
    pub fn hex(&self) -> [u8; 64] {
        const DIGITS: &[u8; 16] = b"0123456789abcdef";
        let mut text = [0; 64];
        for (pair, byte) in text.chunks_exact_mut(2).zip(self.0) {
            pair[0] = DIGITS[usize::from(byte >> 4)];
            pair[1] = DIGITS[usize::from(byte & 15)];
        }
        text
    }
}

impl FromStr for Digest {
    type Err = DigestError;

    fn from_str(text: &str) -> Result<Self, DigestError> {
        let refused = || DigestError { shown: shorten(text) };
        if text.len() != 64 {
            return Err(refused());
        }
        // Lists of 100,000 blobs have 6 million digits: no branch for each of them.
        let (mut bytes, mut seen) = ([0; 32], 0);
        for (byte, pair) in bytes.iter_mut().zip(text.as_bytes().chunks_exact(2)) {
            let (high, low) = (VALUES[usize::from(pair[0])], VALUES[usize::from(pair[1])]);
            seen |= high | low;
            *byte = high << 4 | low & 15;
        }
        if seen == NO_DIGIT { Err(refused()) } else { Ok(Self(bytes)) }
    }
}

/// What stands in [`VALUES`] for what is no digit; has all bits, so that none of it is lost.
const NO_DIGIT: u8 = 0xff;

/// What each byte is worth as a hex digit.
const VALUES: [u8; 256] = {
    let mut values = [NO_DIGIT; 256];
    let mut value = 0_u8;
    while value < 16 {
        values[b"0123456789abcdef"[value as usize] as usize] = value;
        values[b"0123456789ABCDEF"[value as usize] as usize] = value;
        value += 1;
    }
    values
};

/// Gives the text as it may stand in a message: at most 80 characters, no control characters.
pub(crate) fn shorten(text: &str) -> String {
    let mut shown: String =
        text.chars().take(80).map(|c| if c.is_control() { '�' } else { c }).collect();
    if text.chars().nth(80).is_some() {
        shown.push('…');
    }
    shown
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let hex = self.hex();
        f.write_str(str::from_utf8(&hex).expect("hex digits are ASCII"))
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Serialize for Digest {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(str::from_utf8(&self.hex()).expect("hex digits are ASCII"))
    }
}

impl<'de> Deserialize<'de> for Digest {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(from)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn upper_case_is_folded() {
        let lower = "ab".repeat(32);
        let upper: Digest = "AB".repeat(32).parse().unwrap();
        assert_eq!(upper.to_string(), lower);
    }

    #[test]
    fn only_64_hex_digits_are_a_digest() {
        for text in ["", "ab", &"a".repeat(63), &"a".repeat(65), &"g".repeat(64), &"é".repeat(32)]
        {
            assert!(text.parse::<Digest>().is_err(), "{text}");
        }
        for (at, other) in (0..64).zip("/:@G`g \u{7f}".chars().cycle()) {
            let text = format!("{}{other}{}", "f".repeat(at), "0".repeat(63 - at));
            assert!(text.parse::<Digest>().is_err(), "{text}");
        }
    }

    #[test]
    fn every_digit_is_worth_what_it_says() {
        let text = "0123456789abcdefABCDEF".chars().cycle().take(64).collect::<String>();
        let digest: Digest = text.parse().unwrap();
        assert_eq!(digest.to_string(), text.to_lowercase());
        assert_eq!(digest.as_bytes()[..4], [0x01, 0x23, 0x45, 0x67]);
    }

    #[test]
    fn json_gives_and_takes_the_text_form() {
        let digest: Digest = "0f".repeat(32).parse().unwrap();
        let json = serde_json::to_string(&digest).unwrap();
        assert_eq!(serde_json::from_str::<Digest>(&json).unwrap(), digest);
        assert!(serde_json::from_str::<Digest>("\"ab\"").is_err());
    }
}
