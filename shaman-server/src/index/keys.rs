//! Keys, ordered on purpose.
//!
//! ```text
//! blobs      digest(32) size(8, big endian)     by digest, as the directories are
//! checkouts  the path's bytes                   by path, so that listing is by name
//! jobs       the Manager's job id
//! names      digest(32) size(8, big endian) path   which checkouts name a blob; the rows are empty
//! chunks     generation(4, big endian) then        by generation, so that one goes as a range
//!              half of a name(16)                  where a chunk is: half is enough for a hint
//!              digest(32) size(8, big endian)      this blob is cut; the rows are empty
//! default    `complete`, and `erased/` path        notes; the rows are empty
//! ```

use shaman_proto::{BlobRef, BlobSize, CheckoutPath, ChunkName, Digest};

/// Bytes of a blob's key.
pub(super) const BLOB: usize = 40;

/// Bytes of a generation.
const GENERATION: usize = 4;

/// Bytes of a chunk's name that are in its key.
const CHUNK: usize = 16;

pub(super) fn blob(blob: &BlobRef) -> [u8; BLOB] {
    let mut key = [0; BLOB];
    let (digest, size) = key.split_at_mut(32);
    digest.copy_from_slice(blob.digest.as_bytes());
    size.copy_from_slice(&blob.size.bytes().to_be_bytes());
    key
}

pub(super) fn checkout(checkout: &CheckoutPath) -> &[u8] {
    checkout.as_str().as_bytes()
}

/// What the keys of checkouts begin with that are erased and whose names are not forgotten yet.
pub(super) const HALF_FORGOTTEN: &[u8] = b"erased/";

pub(super) fn half_forgotten(path: &CheckoutPath) -> Vec<u8> {
    [HALF_FORGOTTEN, checkout(path)].concat()
}

pub(super) fn name(blob_ref: &BlobRef, path: &CheckoutPath) -> Vec<u8> {
    [&blob(blob_ref)[..], checkout(path)].concat()
}

/// The path in a key of `names`.
pub(super) fn read_name(key: &[u8]) -> Option<&[u8]> {
    key.get(BLOB..)
}

pub(super) fn read_blob(key: &[u8]) -> Option<BlobRef> {
    let (digest, size) = key.split_first_chunk::<32>()?;
    let size = u64::from_be_bytes(size.try_into().ok()?);
    Some(BlobRef::new(Digest::from_bytes(*digest), BlobSize::new(size).ok()?))
}

pub(super) fn chunk(generation: u32, name: &ChunkName) -> [u8; GENERATION + CHUNK] {
    let mut key = [0; GENERATION + CHUNK];
    let (number, half) = key.split_at_mut(GENERATION);
    number.copy_from_slice(&generation.to_be_bytes());
    half.copy_from_slice(&name.as_bytes()[..CHUNK]);
    key
}

pub(super) fn cut(generation: u32, blob_ref: &BlobRef) -> [u8; GENERATION + BLOB] {
    let mut key = [0; GENERATION + BLOB];
    let (number, name) = key.split_at_mut(GENERATION);
    number.copy_from_slice(&generation.to_be_bytes());
    name.copy_from_slice(&blob(blob_ref));
    key
}
