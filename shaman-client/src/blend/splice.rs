//! Bytes that take the place of others, while the rest streams by.

use std::io::{self, Read, Write};

use super::write::WriteError;

/// Bytes read and written at a time. Fixed, since what a compressor makes may depend on it.
const PIECE_BYTES: usize = 128 << 10;

/// A change of some plain bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Splice {
    /// Where, counted in plain bytes.
    pub(super) at: u64,
    /// How many bytes go.
    pub(super) removed: u64,
    /// How those must begin.
    pub(super) old: Vec<u8>,
    /// What comes instead.
    pub(super) new: Vec<u8>,
}

impl Splice {
    pub(super) fn new(at: u64, old: Vec<u8>, removed: u64, new: Vec<u8>) -> Self {
        Self { at, removed, old, new }
    }

    /// Where the removed bytes end.
    pub(super) fn end(&self) -> u64 {
        self.at + self.removed
    }
}

/// Copies `input`, whose first byte is the plain byte number `start`, with all changes in it. They
/// must lie within it, sorted.
pub(super) fn copy(
    input: &mut dyn Read,
    start: u64,
    splices: &[Splice],
    out: &mut dyn Write,
) -> Result<(), WriteError> {
    let mut out = Pieces { out, piece: Vec::with_capacity(PIECE_BYTES) };
    let mut at = start;
    for splice in splices {
        let before = splice.at.checked_sub(at).ok_or(WriteError::Changed)?;
        if pass(input, before, &mut out)? != before {
            return Err(WriteError::Changed);
        }
        let mut old = vec![0; splice.old.len()];
        input.read_exact(&mut old).map_err(changed_or_read)?;
        let rest = splice.removed.checked_sub(old.len() as u64).ok_or(WriteError::Changed)?;
        if old != splice.old
            || io::copy(&mut input.take(rest), &mut io::sink()).map_err(WriteError::reading)?
                != rest
        {
            return Err(WriteError::Changed);
        }
        out.write_all(&splice.new)?;
        at = splice.end();
    }
    pass(input, u64::MAX, &mut out)?;
    out.finish()
}

/// Copies up to `len` bytes and gives how many there were.
fn pass(input: &mut dyn Read, len: u64, out: &mut Pieces<'_>) -> Result<u64, WriteError> {
    let mut buffer = vec![0; PIECE_BYTES];
    let mut left = len;
    while left > 0 {
        let most = usize::try_from(left).unwrap_or(usize::MAX).min(PIECE_BYTES);
        let read = input.read(buffer.get_mut(..most).unwrap_or_default());
        let read = match read {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            other => other.map_err(WriteError::reading)?,
        };
        if read == 0 {
            break;
        }
        out.write_all(buffer.get(..read).unwrap_or_default())?;
        left -= read as u64;
    }
    Ok(len - left)
}

/// Hands on pieces of one size, whatever came in.
struct Pieces<'a> {
    out: &'a mut dyn Write,
    piece: Vec<u8>,
}

impl Pieces<'_> {
    fn write_all(&mut self, mut bytes: &[u8]) -> Result<(), WriteError> {
        while !bytes.is_empty() {
            let (now, later) = bytes.split_at(bytes.len().min(PIECE_BYTES - self.piece.len()));
            self.piece.extend_from_slice(now);
            bytes = later;
            if self.piece.len() == PIECE_BYTES {
                self.out.write_all(&self.piece).map_err(WriteError::Write)?;
                self.piece.clear();
            }
        }
        Ok(())
    }

    fn finish(self) -> Result<(), WriteError> {
        self.out.write_all(&self.piece).map_err(WriteError::Write)
    }
}

fn changed_or_read(error: io::Error) -> WriteError {
    match error.kind() {
        io::ErrorKind::UnexpectedEof => WriteError::Changed,
        _ => WriteError::reading(error),
    }
}
