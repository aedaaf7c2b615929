//! Lists and frames of blobs: 40 bytes a name, in either direction.
//!
//! ```text
//! list    name name name …                        name = digest(32) size(8, little endian)
//! frames  name bytes name bytes name bytes …      as many bytes as the name says
//! ```
//!
//! Names of 100,000 blobs are 4 MB in this form and 11 MB as JSON, and cost no parsing.

use serde::{Deserialize, Serialize};

use crate::{BlobRef, BlobSize, Digest, SizeError};

/// Media type of a list of names.
pub const LIST_TYPE: &str = "application/vnd.shaman.blobs";

/// Media type of frames.
pub const FRAMES_TYPE: &str = "application/vnd.shaman.frames";

/// Bytes of a name.
pub const NAME_BYTES: usize = 40;

/// A list that is none.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ListError {
    /// Its length is no multiple of [`NAME_BYTES`].
    #[error(
        "the list has {0} bytes, which is no multiple of {NAME_BYTES}: 32 for each SHA-256 and 8 for its size"
    )]
    Torn(usize),
    /// A size that no blob has.
    #[error("entry {position} of the list: {source}")]
    Size {
        /// Which entry, from 0.
        position: usize,
        /// What is wrong.
        source: SizeError,
    },
}

/// The 40 bytes of a name.
pub fn encode_name(blob: &BlobRef) -> [u8; NAME_BYTES] {
    let mut bytes = [0; NAME_BYTES];
    let (digest, size) = bytes.split_at_mut(32);
    digest.copy_from_slice(blob.digest.as_bytes());
    size.copy_from_slice(&blob.size.bytes().to_le_bytes());
    bytes
}

/// Bytes that a blob takes as a frame.
pub fn framed_bytes(blob: &BlobRef) -> u64 {
    NAME_BYTES as u64 + blob.size.bytes()
}

/// Reads a name back. Every digest is one; a size beyond [`BlobSize::MAX`] is refused.
pub fn decode_name(bytes: &[u8; NAME_BYTES]) -> Result<BlobRef, SizeError> {
    let (mut digest, mut size) = ([0; 32], [0; 8]);
    digest.copy_from_slice(&bytes[..32]);
    size.copy_from_slice(&bytes[32..]);
    Ok(BlobRef::new(Digest::from_bytes(digest), BlobSize::new(u64::from_le_bytes(size))?))
}

/// A list of names.
pub fn encode_list<'a>(blobs: impl IntoIterator<Item = &'a BlobRef>) -> Vec<u8> {
    blobs.into_iter().flat_map(encode_name).collect()
}

/// Reads a list of names back. How long it may be is for the caller to say, before.
pub fn decode_list(bytes: &[u8]) -> Result<Vec<BlobRef>, ListError> {
    let (names, rest) = bytes.as_chunks::<NAME_BYTES>();
    if !rest.is_empty() {
        return Err(ListError::Torn(bytes.len()));
    }
    let read =
        |(position, name)| decode_name(name).map_err(|source| ListError::Size { position, source });
    names.iter().enumerate().map(read).collect()
}

/// A blob's name in JSON.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct BlobName {
    /// SHA-256 of the bytes, 64 hex digits.
    pub sha256: Digest,
    /// Their number.
    pub size: BlobSize,
}

impl From<BlobRef> for BlobName {
    fn from(blob: BlobRef) -> Self {
        Self { sha256: blob.digest, size: blob.size }
    }
}

impl From<BlobName> for BlobRef {
    fn from(name: BlobName) -> Self {
        Self::new(name.sha256, name.size)
    }
}

/// `POST /v1/missing`: which of these must I send?
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct MissingRequest {
    /// The blobs.
    pub blobs: Vec<BlobName>,
}

/// Answer to [`MissingRequest`].
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct MissingAnswer {
    /// What the server lacks, in request order, each blob once.
    pub missing: Vec<BlobName>,
}

/// Answer to `POST /v1/blobs`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct FramesAnswer {
    /// What became of each frame whose name was read, in order.
    pub frames: Vec<FrameFate>,
    /// The HTTP status again when the rest of the body was not read; null when all of it was.
    #[serde(default)]
    pub code: Option<u16>,
    /// Why not, and what to do.
    #[serde(default)]
    pub message: Option<String>,
}

/// What became of one frame.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct FrameFate {
    /// SHA-256, as it was sent.
    pub sha256: Digest,
    /// Size, as it was sent.
    pub size: BlobSize,
    /// What became of it.
    #[serde(flatten)]
    pub fate: Fate,
}

/// What became of bytes that were sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(tag = "fate", rename_all = "lowercase")]
pub enum Fate {
    /// We had nothing and now we have it.
    Stored,
    /// We had it already; these bytes were not looked at.
    Had,
    /// Nothing of it is left; its neighbours are not touched by that.
    Refused {
        /// The status that this blob alone would have been answered with.
        code: u16,
        /// What was wrong and what to do.
        message: String,
    },
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn any_blob() -> impl Strategy<Value = BlobRef> {
        (any::<[u8; 32]>(), 0..=BlobSize::MAX.bytes()).prop_map(|(digest, size)| {
            BlobRef::new(Digest::from_bytes(digest), BlobSize::new(size).unwrap())
        })
    }

    proptest! {
        #[test]
        fn a_list_reads_back(blobs in prop::collection::vec(any_blob(), 0..50)) {
            let bytes = encode_list(&blobs);
            prop_assert_eq!(bytes.len(), blobs.len() * NAME_BYTES);
            prop_assert_eq!(decode_list(&bytes), Ok(blobs));
        }

        #[test]
        fn any_bytes_are_a_list_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            match decode_list(&bytes) {
                Ok(blobs) => prop_assert_eq!(encode_list(&blobs), bytes),
                Err(ListError::Torn(length)) => prop_assert_ne!(length % NAME_BYTES, 0),
                Err(ListError::Size { position, .. }) => {
                    prop_assert!(bytes[position * NAME_BYTES + 39] >= 0x80);
                }
            }
        }
    }

    #[test]
    fn fates_are_one_flat_object() {
        let frame = |fate| FrameFate {
            sha256: Digest::from_bytes([0; 32]),
            size: BlobSize::new(1).unwrap(),
            fate,
        };
        let refused = Fate::Refused { code: 422, message: "no".into() };
        for (fate, ending) in [
            (Fate::Stored, r#""size":1,"fate":"stored"}"#),
            (refused, r#""size":1,"fate":"refused","code":422,"message":"no"}"#),
        ] {
            let json = serde_json::to_string(&frame(fate.clone())).unwrap();
            assert!(json.ends_with(ending), "{json}");
            assert_eq!(serde_json::from_str::<FrameFate>(&json).unwrap(), frame(fate));
        }
    }

    #[test]
    fn the_form_is_what_is_drawn_above() {
        let blob = BlobRef::new(Digest::from_bytes([7; 32]), BlobSize::new(0x0102).unwrap());
        let bytes = encode_name(&blob);
        assert_eq!(bytes[..32], [7; 32]);
        assert_eq!(bytes[32..], [2, 1, 0, 0, 0, 0, 0, 0]);
    }
}
