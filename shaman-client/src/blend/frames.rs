//! A zstd file frame by frame: those without a change stay as they are.
//!
//! ```text
//!  frame 0 │ frame 1 │ frame 2 │ … │ seek table: packed and plain length of each frame, count
//!   as is     changed    as is             made anew
//! ```
//!
//! A change that lies across two frames makes one of them. Blender finds its way by the table; a
//! file without one gets none.

use std::io::{self, BufRead, Read as _, Seek, SeekFrom, Write};
use std::ops::Range;

use super::splice::{self, Splice};
use super::walk::{self, Frame, Part};
use super::write::WriteError;

/// Level of changed frames: Blender's own.
const LEVEL: i32 = 3;

/// Writes a zstd file with all changes.
pub(super) fn write<R: BufRead + Seek>(
    input: &mut R,
    splices: &[Splice],
    out: &mut dyn Write,
) -> Result<(), WriteError> {
    let parts = walk::parts(input)?;
    let mut table = Vec::new();
    let mut left = splices;
    let mut parts = parts.into_iter().peekable();
    while let Some(part) = parts.next() {
        let frame = match part {
            Part::Frame(frame) => frame,
            Part::Skippable(bytes) => {
                as_is(input, &bytes, out)?;
                continue;
            }
            Part::Table => {
                write_table(&table, out)?;
                continue;
            }
        };
        let first = left.first().filter(|splice| splice.at < frame.plain.end);
        if first.is_none() {
            as_is(input, &frame.packed, out)?;
            table.push((len(&frame.packed), len(&frame.plain)));
            continue;
        }
        // All frames that a change reaches into.
        let mut group = frame;
        let mut count = 0;
        loop {
            count +=
                left.iter().skip(count).take_while(|splice| splice.at < group.plain.end).count();
            let reach = left.get(..count).and_then(<[_]>::last).map_or(0, Splice::end);
            if reach <= group.plain.end {
                break;
            }
            match parts.next() {
                Some(Part::Frame(next)) => {
                    group.packed.end = next.packed.end;
                    group.plain.end = next.plain.end;
                }
                Some(Part::Skippable(_)) => {}
                Some(Part::Table) | None => return Err(WriteError::Changed),
            }
        }
        let (now, later) = left.split_at_checked(count).ok_or(WriteError::Changed)?;
        left = later;
        table.push(changed(input, group, now, out)?);
    }
    if left.is_empty() { Ok(()) } else { Err(WriteError::Changed) }
}

fn len(range: &Range<u64>) -> u64 {
    range.end - range.start
}

fn as_is<R: BufRead + Seek>(
    input: &mut R,
    bytes: &Range<u64>,
    out: &mut dyn Write,
) -> Result<(), WriteError> {
    input.seek(SeekFrom::Start(bytes.start)).map_err(WriteError::Read)?;
    let copied = io::copy(&mut input.take(len(bytes)), out).map_err(WriteError::Write)?;
    if copied == len(bytes) { Ok(()) } else { Err(WriteError::Changed) }
}

/// Packs frames that lie side by side anew, as one, and gives its lengths.
fn changed<R: BufRead + Seek>(
    input: &mut R,
    Frame { packed, plain }: Frame,
    splices: &[Splice],
    out: &mut dyn Write,
) -> Result<(u64, u64), WriteError> {
    let removed: u64 = splices.iter().map(|splice| splice.removed).sum();
    let added: u64 = splices.iter().map(|splice| splice.new.len() as u64).sum();
    let plain_len = (len(&plain) + added).checked_sub(removed).ok_or(WriteError::Changed)?;
    let mut counted = Counted { out, bytes: 0 };
    let mut packer = zstd::Encoder::new(&mut counted, LEVEL).map_err(WriteError::Write)?;
    packer.set_pledged_src_size(Some(plain_len)).map_err(WriteError::Write)?;
    input.seek(SeekFrom::Start(packed.start)).map_err(WriteError::Read)?;
    let frames = zstd::Decoder::with_buffer(input.take(len(&packed)));
    let mut frames = frames.map_err(WriteError::Read)?;
    splice::copy(&mut frames, plain.start, splices, &mut packer)?;
    packer.finish().map_err(WriteError::Write)?;
    Ok((counted.bytes, plain_len))
}

/// Counts what is written.
struct Counted<'a> {
    out: &'a mut dyn Write,
    bytes: u64,
}

impl Write for Counted<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.out.write(bytes)?;
        self.bytes += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

/// Writes a seek table; none when a frame is too long for one, as without it the file can be read
/// all the same.
fn write_table(frames: &[(u64, u64)], out: &mut dyn Write) -> Result<(), WriteError> {
    let mut bytes = Vec::with_capacity(frames.len() * 8);
    for number in frames.iter().flat_map(|(packed, plain)| [packed, plain]) {
        let Ok(number) = u32::try_from(*number) else { return Ok(()) };
        bytes.extend_from_slice(&number.to_le_bytes());
    }
    let (Ok(count), Ok(len)) = (u32::try_from(frames.len()), u32::try_from(bytes.len() + 9)) else {
        return Ok(());
    };
    let head = [walk::TABLE_MAGIC, len.to_le_bytes()].concat();
    let foot = [count.to_le_bytes().as_slice(), &[0], &walk::TABLE_END].concat();
    out.write_all(&[head, bytes, foot].concat()).map_err(WriteError::Write)
}
