//! Lists of chunks, and recipes: how to make a blob of chunks.
//!
//! ```text
//! list     chunk chunk chunk …             chunk = name(32) length(4, little endian)
//! answer   one bit a chunk, the lowest first; set: it has to be sent
//! recipe   chunk chunk bytes chunk …       with the highest bit of a length set, its bytes follow
//! ```
//!
//! A chunk is 36 bytes here and about 32 KiB in a file: naming all of a file costs a thousandth of it.

use crate::chunk::{Chunk, ChunkLength, ChunkLengthError, ChunkName};

/// Media type of a list of chunks.
pub const CHUNKS_TYPE: &str = "application/vnd.shaman.chunks";

/// Media type of the answer to one.
pub const BITS_TYPE: &str = "application/vnd.shaman.bits";

/// Media type of a recipe.
pub const RECIPE_TYPE: &str = "application/vnd.shaman.recipe";

/// Bytes of a chunk in a list or a recipe.
pub const CHUNK_NAME_BYTES: usize = 36;

/// In a recipe, set in the length of a chunk whose bytes follow.
const FOLLOWS: u32 = 1 << 31;

/// A list that is none.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ChunksError {
    /// Its length is no multiple of [`CHUNK_NAME_BYTES`].
    #[error(
        "the list has {0} bytes, which is no multiple of {CHUNK_NAME_BYTES}: 32 for each BLAKE3 and 4 for its length"
    )]
    Torn(usize),
    /// A length that no chunk has.
    #[error("chunk {position}: {source}")]
    Length {
        /// Which entry, from 0.
        position: usize,
        /// What is wrong.
        source: ChunkLengthError,
    },
}

/// Where the bytes of a chunk of a recipe are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// In a blob that the server has.
    Store,
    /// Behind it, in the recipe.
    Body,
}

/// A chunk as it stands in a list.
pub fn encode_chunk(chunk: &Chunk) -> [u8; CHUNK_NAME_BYTES] {
    encode(chunk, 0)
}

/// A chunk as it stands in a recipe.
pub fn encode_step(chunk: &Chunk, from: Origin) -> [u8; CHUNK_NAME_BYTES] {
    encode(chunk, if from == Origin::Body { FOLLOWS } else { 0 })
}

fn encode(chunk: &Chunk, flags: u32) -> [u8; CHUNK_NAME_BYTES] {
    let mut bytes = [0; CHUNK_NAME_BYTES];
    let (name, length) = bytes.split_at_mut(32);
    name.copy_from_slice(chunk.name.as_bytes());
    length.copy_from_slice(&(chunk.length.bytes() | flags).to_le_bytes());
    bytes
}

/// Reads a chunk of a recipe back.
pub fn decode_step(bytes: &[u8; CHUNK_NAME_BYTES]) -> Result<(Chunk, Origin), ChunkLengthError> {
    let (mut name, mut length) = ([0; 32], [0; 4]);
    name.copy_from_slice(&bytes[..32]);
    length.copy_from_slice(&bytes[32..]);
    let length = u32::from_le_bytes(length);
    let from = if length & FOLLOWS == 0 { Origin::Store } else { Origin::Body };
    let length = ChunkLength::new(length & !FOLLOWS)?;
    Ok((Chunk { name: ChunkName::from_bytes(name), length }, from))
}

/// A list of chunks.
pub fn encode_chunks<'a>(chunks: impl IntoIterator<Item = &'a Chunk>) -> Vec<u8> {
    chunks.into_iter().flat_map(encode_chunk).collect()
}

/// Reads a list of chunks back. How long it may be is for the caller to say, before.
pub fn decode_chunks(bytes: &[u8]) -> Result<Vec<Chunk>, ChunksError> {
    let (entries, rest) = bytes.as_chunks::<CHUNK_NAME_BYTES>();
    if !rest.is_empty() {
        return Err(ChunksError::Torn(bytes.len()));
    }
    let read = |(position, entry)| match decode_step(entry) {
        Ok((chunk, Origin::Store)) => Ok(chunk),
        Ok((chunk, Origin::Body)) => {
            let length = chunk.length.bytes() | FOLLOWS;
            let refused = ChunkLength::new(length).expect_err("no chunk is that long");
            Err(ChunksError::Length { position, source: refused })
        }
        Err(source) => Err(ChunksError::Length { position, source }),
    };
    entries.iter().enumerate().map(read).collect()
}

/// The answer to a list: which of it have to be sent.
pub fn encode_bits(bits: &[bool]) -> Vec<u8> {
    let byte = |bits: &[bool]| {
        bits.iter().enumerate().fold(0, |byte, (place, bit)| byte | (u8::from(*bit) << place))
    };
    bits.chunks(8).map(byte).collect()
}

/// Reads the answer to a list of so many chunks; `None`: it is the answer to another one.
pub fn decode_bits(bytes: &[u8], count: usize) -> Option<Vec<bool>> {
    if bytes.len() != count.div_ceil(8) {
        return None;
    }
    Some((0..count).map(|at| bytes[at / 8] >> (at % 8) & 1 == 1).collect())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::limits::CHUNK_BYTES_MAX;

    fn any_chunk() -> impl Strategy<Value = Chunk> {
        (any::<[u8; 32]>(), 1..=CHUNK_BYTES_MAX).prop_map(|(name, length)| Chunk {
            name: ChunkName::from_bytes(name),
            length: ChunkLength::new(length).unwrap(),
        })
    }

    proptest! {
        #[test]
        fn a_list_reads_back(chunks in prop::collection::vec(any_chunk(), 0..50)) {
            let bytes = encode_chunks(&chunks);
            prop_assert_eq!(decode_chunks(&bytes), Ok(chunks));
        }

        #[test]
        fn any_bytes_are_a_list_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            if let Ok(chunks) = decode_chunks(&bytes) {
                prop_assert_eq!(encode_chunks(&chunks), bytes);
            }
        }

        #[test]
        fn a_step_reads_back(chunk in any_chunk(), follows in any::<bool>()) {
            let from = if follows { Origin::Body } else { Origin::Store };
            prop_assert_eq!(decode_step(&encode_step(&chunk, from)), Ok((chunk, from)));
        }

        #[test]
        fn an_answer_reads_back(bits in prop::collection::vec(any::<bool>(), 0..100)) {
            let bytes = encode_bits(&bits);
            prop_assert_eq!(decode_bits(&bytes, bits.len() + 8), None);
            prop_assert_eq!(decode_bits(&bytes, bits.len()), Some(bits));
        }
    }

    #[test]
    fn the_form_is_what_is_drawn_above() {
        let chunk = Chunk {
            name: ChunkName::from_bytes([7; 32]),
            length: ChunkLength::new(0x0102).unwrap(),
        };
        assert_eq!(encode_chunk(&chunk)[..32], [7; 32]);
        assert_eq!(encode_chunk(&chunk)[32..], [2, 1, 0, 0]);
        assert_eq!(encode_step(&chunk, Origin::Body)[32..], [2, 1, 0, 0x80]);
        assert_eq!(
            encode_bits(&[true, false, false, true, false, false, false, false, true]),
            [9, 1]
        );
    }

    #[test]
    fn a_list_has_no_bytes_behind_its_chunks() {
        let chunk = Chunk::of(b"abc").unwrap();
        assert!(matches!(
            decode_chunks(&encode_step(&chunk, Origin::Body)),
            Err(ChunksError::Length { position: 0, .. })
        ));
    }
}
