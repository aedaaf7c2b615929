//! A copy of a file with some bytes changed, packed the way the file is.
//!
//! | the file is | the copy is |
//! |---|---|
//! | plain | plain |
//! | gzip | one gzip stream without name and time |
//! | zstd | the same frames byte for byte, but for those with a change in them (`frames`) |
//!
//! Promise: the same file and the same changes make the same bytes, on every machine and every day.
//! Nothing is held in memory but a piece.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Cursor, Seek, Write};

use flate2::Compression;
use flate2::GzBuilder;
use flate2::bufread::MultiGzDecoder;

use super::container::Source;
use super::frames;
use super::splice::{self, Splice};

/// How gzip files are packed: as Blender did.
const GZIP_LEVEL: Compression = Compression::new(1);

/// The code of gzip for no known system.
const GZIP_NO_SYSTEM: u8 = 255;

/// Why there is no copy. What was written so far is of no use.
#[derive(Debug, thiserror::Error)]
pub enum WriteError {
    /// The file.
    #[error("it cannot be read to its end")]
    Read(#[source] io::Error),
    /// The copy.
    #[error("a copy of it cannot be written")]
    Write(#[source] io::Error),
    /// The file is not what it was when the places in it were found.
    #[error("it changed while it was being submitted; submit again when it is finished")]
    Changed,
    /// The packed bytes of the file are not what they should be.
    #[error("its compressed data is damaged; save or copy it again")]
    Damaged,
}

impl WriteError {
    /// What a failed read means: what unpacks a file fails in other ways than a disk.
    pub(super) fn reading(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::UnexpectedEof
            | io::ErrorKind::InvalidData
            | io::ErrorKind::InvalidInput
            | io::ErrorKind::Other => Self::Damaged,
            _ => Self::Read(error),
        }
    }
}

/// Writes `source` to `out` with all changes, which are sorted.
pub fn write(source: &Source, splices: &[Splice], out: &mut dyn Write) -> Result<(), WriteError> {
    match source {
        Source::File(path) => {
            let file = File::open(path).map_err(WriteError::Read)?;
            of(BufReader::with_capacity(128 << 10, file), splices, out)
        }
        Source::Bytes(bytes) => of(Cursor::new(bytes.as_slice()), splices, out),
    }
}

fn of(
    mut input: impl BufRead + Seek,
    splices: &[Splice],
    out: &mut dyn Write,
) -> Result<(), WriteError> {
    match input.fill_buf().map_err(WriteError::Read)? {
        [0x1f, 0x8b, ..] => {
            let builder = GzBuilder::new().mtime(0).operating_system(GZIP_NO_SYSTEM);
            let mut packed = builder.write(out, GZIP_LEVEL);
            splice::copy(&mut MultiGzDecoder::new(input), 0, splices, &mut packed)?;
            packed.finish().map_err(WriteError::Write)?;
            Ok(())
        }
        [0x28, 0xb5, 0x2f, 0xfd, ..] | [0x50..=0x5f, 0x2a, 0x4d, 0x18, ..] => {
            frames::write(&mut input, splices, out)
        }
        _ => splice::copy(&mut input, 0, splices, out),
    }
}
