//! The blocks of a file: one pass over their headers, the small ones kept.

use std::sync::Arc;

use super::container::Stream;
use super::dna::Dna;
use super::failure::BlendError;
use super::header::{Form, Header};
use super::kept::Kept;
use super::limits::{BLOCKS_MAX, DNA_BYTES_MAX, KEPT_BLOCK_BYTES, KEPT_BYTES_MAX};

/// One block header.
#[derive(Debug, Clone, Copy)]
pub(super) struct Block {
    /// Two letters for a data-block, `DATA` for what belongs to it.
    pub(super) code: [u8; 4],
    /// Index of its struct in the DNA; 0 means bytes without a struct.
    pub(super) shape: u32,
    /// What a pointer to it holds.
    pub(super) old: u64,
    /// Bytes of data.
    pub(super) len: u64,
    /// Where its header is, counted in plain bytes.
    pub(super) start: u64,
    /// Where they are in `kept`; [`IN_FILE`] for those left where they are.
    pub(super) at: u64,
}

/// Window managers, workspaces, screens (`SN` until 2.8).
const INTERFACE: [&[u8; 2]; 4] = [b"WM", b"WS", b"SR", b"SN"];

/// Not kept.
pub(super) const IN_FILE: u64 = u64::MAX;

impl Block {
    /// Tells whether it belongs to the data-block before it.
    pub(super) fn is_data(self) -> bool {
        self.code == *b"DATA"
    }

    /// Tells whether it is a data-block: those have codes of two letters.
    pub(super) fn is_id(self) -> bool {
        matches!(self.code, [b'A'..=b'Z', b'A'..=b'Z' | b'0'..=b'9', 0, 0])
    }

    /// Tells whether it is a data-block of windows and screens: most of a small file, and nothing
    /// that a render depends on.
    pub(super) fn is_interface(self) -> bool {
        INTERFACE.iter().any(|code| self.code == [code[0], code[1], 0, 0])
    }
}

/// What one pass over a file keeps of it.
#[derive(Default)]
pub(super) struct Scan {
    /// All block headers, without the end mark.
    pub(super) blocks: Vec<Block>,
    /// The data of small blocks, without those of windows and screens.
    pub(super) kept: Kept,
    /// The structures, once they have been met.
    pub(super) dna: Option<Arc<Dna>>,
}

impl Scan {
    /// Reads until the end mark; what was met before a failure is there in any case.
    pub(super) fn run(
        &mut self,
        stream: &mut Stream<'_>,
        header: Header,
    ) -> Result<(), BlendError> {
        let mut is_interface = false;
        while let Some(mut block) = next(stream, header)? {
            is_interface = block.is_interface() || is_interface && block.is_data();
            if self.blocks.len() == BLOCKS_MAX {
                return Err(BlendError::TooManyBlocks(BLOCKS_MAX));
            }
            if block.code == *b"DNA1" {
                if block.len > DNA_BYTES_MAX {
                    return Err(BlendError::BadDna("DNA1"));
                }
                let mut bytes = Vec::new();
                stream.read_onto(&mut bytes, block.len)?;
                self.dna = Some(Dna::shared(bytes, header.endian, header.form.pointer_len())?);
            } else if block.len <= KEPT_BLOCK_BYTES
                && self.kept.len() < KEPT_BYTES_MAX
                && !(is_interface && block.is_data())
            {
                block.at = self.kept.read(stream, block.len)?;
            } else {
                stream.skip(block.len)?;
            }
            self.blocks.push(block);
        }
        Ok(())
    }
}

/// Reads one block header; `None` at the end mark.
fn next(stream: &mut Stream<'_>, header: Header) -> Result<Option<Block>, BlendError> {
    let start = stream.position();
    let mut code = [0; 4];
    stream.read(&mut code)?;
    if code == *b"ENDB" {
        return Ok(None);
    }
    let mut rest = [0; 28];
    let rest = rest.get_mut(..header.form.len() - 4).unwrap_or_default();
    stream.read(rest)?;
    let field = |start: usize, len: usize| rest.get(start..start + len).unwrap_or_default();
    let (shape, old, len) = match header.form {
        Form::Small4 => (field(8, 4), field(4, 4), field(0, 4)),
        Form::Small8 => (field(12, 4), field(4, 8), field(0, 4)),
        Form::Large8 => (field(0, 4), field(4, 8), field(12, 8)),
    };
    let len = header.endian.signed(len);
    Ok(Some(Block {
        code,
        shape: u32::try_from(header.endian.unsigned(shape)).unwrap_or(0),
        old: header.endian.unsigned(old),
        len: u64::try_from(len).map_err(|_| BlendError::BlockLength)?,
        start,
        at: IN_FILE,
    }))
}
