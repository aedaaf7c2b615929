//! The data of small blocks.

use super::container::Stream;
use super::failure::BlendError;
use super::limits::KEPT_BLOCK_BYTES;

/// Bytes of one piece. Pieces never grow, so that nothing is copied and no holes are left behind.
const PIECE: usize = 256 << 10;

/// Bytes that a reader may want for itself to find the end.
const SPARE: usize = 64;

/// Blocks behind each other, none of them in two pieces.
#[derive(Debug, Default)]
pub(super) struct Kept {
    pieces: Vec<Vec<u8>>,
}

impl Kept {
    /// Tells about how many bytes there are.
    pub(super) fn len(&self) -> usize {
        self.pieces.len() * PIECE
    }

    /// Reads a block of at most [`KEPT_BLOCK_BYTES`] and gives its place.
    pub(super) fn read(&mut self, stream: &mut Stream<'_>, len: u64) -> Result<u64, BlendError> {
        let wanted = len.min(KEPT_BLOCK_BYTES) as usize;
        if self.pieces.last().is_none_or(|piece| piece.len() + wanted > PIECE) {
            self.pieces.push(Vec::with_capacity(PIECE + SPARE));
        }
        let at = self.pieces.len().saturating_sub(1) * PIECE;
        let Some(piece) = self.pieces.last_mut() else {
            return Err(BlendError::BlockLength);
        };
        let before = piece.len();
        stream.read_onto(piece, len)?;
        Ok((at + before) as u64)
    }

    /// Gives a block of which [`Kept::read`] gave the place.
    pub(super) fn get(&self, at: u64, len: u64) -> Option<&[u8]> {
        let (at, len) = (usize::try_from(at).ok()?, usize::try_from(len).ok()?);
        let start = at % PIECE;
        // A place at the very end of a piece is that of a block without bytes.
        self.pieces.get(at / PIECE).map_or(Some([].as_slice()).filter(|_| len == 0), |piece| {
            piece.get(start..start.checked_add(len)?)
        })
    }
}
