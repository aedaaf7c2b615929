//! `Chunk`: a piece of a large blob, named by what it contains.

use std::fmt;

use crate::limits::CHUNK_BYTES_MAX;

/// The BLAKE3 of a chunk's bytes.
///
/// Another hash than a blob's: nobody keeps chunks, so that their names never meet, and BLAKE3 takes
/// a third of the time.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ChunkName([u8; 32]);

/// A piece of a large blob.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Chunk {
    /// The name of its bytes.
    pub name: ChunkName,
    /// Their number.
    pub length: ChunkLength,
}

/// Bytes in a chunk: at least one, at most [`CHUNK_BYTES_MAX`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ChunkLength(u32);

/// A length that no chunk has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a chunk has 1 to {CHUNK_BYTES_MAX} bytes, not {0}")]
pub struct ChunkLengthError(u32);

/// Names the bytes of a chunk as they come.
#[derive(Debug, Clone, Default)]
pub struct ChunkHasher(blake3::Hasher);

impl ChunkName {
    /// The name of these bytes.
    pub fn of(bytes: &[u8]) -> Self {
        Self(blake3::hash(bytes).into())
    }

    /// The name with these bytes, as BLAKE3 gave them.
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The 32 bytes.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Display for ChunkName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for ChunkName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl ChunkLength {
    /// A length, if a chunk can have it.
    pub const fn new(bytes: u32) -> Result<Self, ChunkLengthError> {
        if bytes == 0 || bytes > CHUNK_BYTES_MAX {
            return Err(ChunkLengthError(bytes));
        }
        Ok(Self(bytes))
    }

    /// The number of bytes.
    pub const fn bytes(self) -> u32 {
        self.0
    }
}

impl ChunkHasher {
    /// Takes the next bytes.
    pub fn update(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    /// The name of all bytes so far.
    pub fn name(&self) -> ChunkName {
        ChunkName(self.0.finalize().into())
    }
}

impl Chunk {
    /// The chunk of these bytes, if there can be one.
    pub fn of(bytes: &[u8]) -> Result<Self, ChunkLengthError> {
        let length = ChunkLength::new(u32::try_from(bytes.len()).unwrap_or(u32::MAX))?;
        Ok(Self { name: ChunkName::of(bytes), length })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_the_blake3_of_the_bytes_however_they_come() {
        // From the specification's test vectors: the first three bytes of its input.
        let name = "e1be4d7a8ab5560aa4199eea339849ba8e293d55ca0a81006726d184519e647f";
        assert_eq!(ChunkName::of(&[0, 1, 2]).to_string(), name);
        let mut hasher = ChunkHasher::default();
        hasher.update(&[0, 1]);
        hasher.update(&[2]);
        assert_eq!(hasher.name().to_string(), name);
    }

    #[test]
    fn a_chunk_is_neither_empty_nor_longer_than_the_limit() {
        assert!(ChunkLength::new(0).is_err() && ChunkLength::new(CHUNK_BYTES_MAX + 1).is_err());
        assert_eq!(ChunkLength::new(CHUNK_BYTES_MAX).unwrap().bytes(), CHUNK_BYTES_MAX);
        assert!(Chunk::of(&[]).is_err());
    }
}
