//! Where the frames of a zstd file begin and end, and how many plain bytes each stands for.
//!
//! ```text
//! 28 B5 2F FD │ descriptor │ window? │ dictionary? │ plain length? │ blocks … │ checksum?
//! 5x 2A 4D 18 │ length │ anything: skippable; the last one may be the seek table
//! ```

use std::io::{BufRead, Read, Seek, SeekFrom, copy, sink};
use std::ops::Range;

use super::limits::PLAIN_BYTES_MAX;
use super::write::WriteError;

/// First bytes of a seek table.
pub(super) const TABLE_MAGIC: [u8; 4] = [0x5e, 0x2a, 0x4d, 0x18];

/// Last bytes of one.
pub(super) const TABLE_END: [u8; 4] = [0xb1, 0xea, 0x92, 0x8f];

/// Most parts of one file: a frame of Blender has 5 kB at least.
const PARTS_MAX: usize = 16 << 20;

/// One frame.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Frame {
    /// Where it lies in the file.
    pub(super) packed: Range<u64>,
    /// Which plain bytes it stands for.
    pub(super) plain: Range<u64>,
}

/// What a zstd file is made of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Part {
    Frame(Frame),
    Skippable(Range<u64>),
    Table,
}

/// Finds all parts, in order. Unpacks only frames that do not say how long they are.
pub(super) fn parts<R: BufRead + Seek>(input: &mut R) -> Result<Vec<Part>, WriteError> {
    let end = input.seek(SeekFrom::End(0)).map_err(WriteError::Read)?;
    let (mut at, mut plain) = (0, 0_u64);
    let mut parts = Vec::new();
    while at < end {
        if parts.len() == PARTS_MAX {
            return Err(WriteError::Damaged);
        }
        input.seek(SeekFrom::Start(at)).map_err(WriteError::Read)?;
        let magic: [u8; 4] = read(input)?;
        let start = at;
        if let [0x50..=0x5f, 0x2a, 0x4d, 0x18] = magic {
            at = start + 8 + u64::from(u32::from_le_bytes(read(input)?));
            if at > end {
                return Err(WriteError::Damaged);
            }
            let is_table =
                magic == TABLE_MAGIC && at == end && ends_as_table(input, at - start, end)?;
            parts.push(if is_table { Part::Table } else { Part::Skippable(start..at) });
            continue;
        }
        if magic != [0x28, 0xb5, 0x2f, 0xfd] {
            return Err(WriteError::Damaged);
        }
        let said = frame(input)?;
        at = input.stream_position().map_err(WriteError::Read)?;
        if at > end {
            return Err(WriteError::Damaged);
        }
        let len = match said {
            Some(len) => len,
            None => counted(input, start..at)?,
        };
        let until = plain.checked_add(len).filter(|until| *until <= PLAIN_BYTES_MAX);
        let until = until.ok_or(WriteError::Damaged)?;
        parts.push(Part::Frame(Frame { packed: start..at, plain: plain..until }));
        plain = until;
    }
    Ok(parts)
}

/// Passes over a frame from behind its magic, and gives the plain length that it says it has.
fn frame<R: BufRead + Seek>(input: &mut R) -> Result<Option<u64>, WriteError> {
    let [descriptor] = read(input)?;
    let is_single = descriptor & 0x20 != 0;
    let dictionary = [0, 1, 2, 4][usize::from(descriptor & 3)];
    skip(input, i64::from(!is_single) + dictionary)?;
    let len = match descriptor >> 6 {
        0 if !is_single => None,
        0 => Some(u64::from(u8::from_le_bytes(read(input)?))),
        1 => Some(u64::from(u16::from_le_bytes(read(input)?)) + 256),
        2 => Some(u64::from(u32::from_le_bytes(read(input)?))),
        _ => Some(u64::from_le_bytes(read(input)?)),
    };
    loop {
        let [low, middle, high] = read(input)?;
        let head = u32::from_le_bytes([low, middle, high, 0]);
        match (head >> 1) & 3 {
            0 | 2 => skip(input, i64::from(head >> 3))?,
            // One byte that stands for many.
            1 => skip(input, 1)?,
            _ => return Err(WriteError::Damaged),
        }
        if head & 1 != 0 {
            break;
        }
    }
    skip(input, if descriptor & 4 != 0 { 4 } else { 0 })?;
    Ok(len)
}

fn counted<R: BufRead + Seek>(input: &mut R, packed: Range<u64>) -> Result<u64, WriteError> {
    input.seek(SeekFrom::Start(packed.start)).map_err(WriteError::Read)?;
    let frame = input.by_ref().take(packed.end - packed.start);
    let unpacked = zstd::Decoder::with_buffer(frame).map_err(WriteError::Read)?;
    copy(&mut unpacked.take(PLAIN_BYTES_MAX + 1), &mut sink()).map_err(WriteError::reading)
}

fn ends_as_table<R: BufRead + Seek>(input: &mut R, len: u64, end: u64) -> Result<bool, WriteError> {
    if len < 17 {
        return Ok(false);
    }
    input.seek(SeekFrom::Start(end - 4)).map_err(WriteError::Read)?;
    Ok(read(input)? == TABLE_END)
}

fn skip<R: BufRead + Seek>(input: &mut R, len: i64) -> Result<(), WriteError> {
    input.seek_relative(len).map_err(WriteError::Read)
}

fn read<const N: usize>(input: &mut impl Read) -> Result<[u8; N], WriteError> {
    let mut bytes = [0; N];
    input.read_exact(&mut bytes).map_err(|error| match error.kind() {
        std::io::ErrorKind::UnexpectedEof => WriteError::Damaged,
        _ => WriteError::reading(error),
    })?;
    Ok(bytes)
}
