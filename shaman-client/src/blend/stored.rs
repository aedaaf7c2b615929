//! Where a value lies in the plain bytes of a file, and how much room it has there.

use super::blocks::Block;
use super::container::Source;
use super::endian::Endian;
use super::failure::BlendError;
use super::file::Blend;
use super::header::{Form, Header};

/// The place of one value of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stored {
    /// Where the header of its block is, counted in plain bytes.
    pub(super) head: u64,
    /// Bytes of data in that block.
    pub(super) block_len: u64,
    /// From the start of that data.
    pub(super) offset: u64,
    /// Bytes that the value may take, where it cannot take more.
    pub(super) room: Option<usize>,
    /// Bytes of the text that is there now, without its zero.
    pub(super) text_len: usize,
}

impl Stored {
    /// An array of characters or a number within a struct.
    pub(super) fn field(block: Block, offset: usize, len: usize, text_len: usize) -> Self {
        let (head, block_len) = (block.start, block.len);
        Self { head, block_len, offset: offset as u64, room: Some(len), text_len }
    }

    /// A block that is nothing else. One that is larger can take its place, since others point to
    /// it by its `old` value.
    pub(super) fn block(block: Block) -> Self {
        let room = usize::try_from(block.len).ok().filter(|_| block.shape != 0);
        Self { head: block.start, block_len: block.len, offset: 0, room, text_len: 0 }
    }

    pub(super) fn of_text(self, text_len: usize) -> Self {
        Self { text_len, ..self }
    }

    /// Gives all of it, to be kept for later.
    pub fn numbers(&self) -> [u64; 5] {
        let room = self.room.map_or(u64::MAX, |room| room as u64);
        [self.head, self.block_len, self.offset, room, self.text_len as u64]
    }

    /// Takes what [`Stored::numbers`] gave; `None` for what it never gives.
    pub fn from_numbers([head, block_len, offset, room, text_len]: [u64; 5]) -> Option<Self> {
        let room = if room == u64::MAX { None } else { Some(usize::try_from(room).ok()?) };
        let text_len = usize::try_from(text_len).ok()?;
        Some(Self { head, block_len, offset, room, text_len })
    }

    /// Gives the bytes of the text that is there now.
    pub fn text_len(&self) -> usize {
        self.text_len
    }

    /// Tells whether a text of that many bytes, and the zero behind it, can stand here.
    pub fn has_room(&self, text_len: usize) -> bool {
        self.room.is_none_or(|room| text_len < room)
    }
}

/// How block headers and numbers are written in one file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Heads {
    pub(super) form: Form,
    pub(super) endian: Endian,
}

/// All there are.
const ALL: [Heads; 6] = {
    const fn heads(form: Form, endian: Endian) -> Heads {
        Heads { form, endian }
    }
    [
        heads(Form::Small4, Endian::Little),
        heads(Form::Small4, Endian::Big),
        heads(Form::Small8, Endian::Little),
        heads(Form::Small8, Endian::Big),
        heads(Form::Large8, Endian::Little),
        heads(Form::Large8, Endian::Big),
    ]
};

impl Heads {
    /// Those of a file.
    pub fn of(blend: &Blend) -> Self {
        let Header { form, endian, .. } = blend.header();
        Self { form, endian }
    }

    /// Gives all of it in one byte, to be kept for later.
    pub fn number(self) -> u8 {
        let place = ALL.iter().position(|heads| *heads == self);
        place.and_then(|place| u8::try_from(place).ok()).unwrap_or(0)
    }

    /// Takes what [`Heads::number`] gave; `None` for what it never gives.
    pub fn from_number(number: u8) -> Option<Self> {
        ALL.get(usize::from(number)).copied()
    }

    /// Gives where the length stands in a block header, and how many bytes it has.
    pub(super) fn len_spot(self) -> (u64, usize) {
        match self.form {
            Form::Small4 | Form::Small8 => (4, 4),
            Form::Large8 => (16, 8),
        }
    }

    /// Gives a number as the file writes it; the low bytes of it, if it is larger.
    pub(super) fn spell(self, number: u64, len: usize) -> Vec<u8> {
        let low = number.to_le_bytes().into_iter().take(len);
        match self.endian {
            Endian::Little => low.collect(),
            Endian::Big => low.rev().collect(),
        }
    }
}

/// Reads the block that was found at `stored`.
pub fn block(source: &Source, heads: Heads, stored: &Stored) -> Result<Vec<u8>, BlendError> {
    let mut stream = source.open()?;
    stream.skip(stored.head + heads.form.len() as u64)?;
    let mut bytes = Vec::new();
    stream.read_onto(&mut bytes, stored.block_len)?;
    Ok(bytes)
}
