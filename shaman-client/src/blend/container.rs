//! The outer layer: plain, gzip or zstd.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Cursor, Read as _, Seek};
use std::path::PathBuf;

use super::failure::BlendError;
use super::limits::PLAIN_BYTES_MAX;

/// Enough to make most reads a copy, little enough to stay in the processor's cache.
const BUFFER_BYTES: usize = 128 << 10;

/// Where the bytes of a .blend are. Can be read more than once.
#[derive(Debug, Clone)]
pub enum Source {
    /// In a file.
    File(PathBuf),
    /// In memory.
    Bytes(Vec<u8>),
}

impl Source {
    /// Starts reading the plain bytes from the beginning.
    pub(super) fn open(&self) -> Result<Stream<'_>, BlendError> {
        match self {
            Self::File(path) => {
                let file = File::open(path).map_err(BlendError::Open)?;
                Stream::start(BufReader::with_capacity(BUFFER_BYTES, file))
            }
            Self::Bytes(bytes) => Stream::start(Cursor::new(bytes.as_slice())),
        }
    }
}

/// The plain bytes of a .blend, front to back.
pub(super) struct Stream<'a> {
    input: Input<'a>,
    position: u64,
}

enum Input<'a> {
    Plain { bytes: Box<dyn PlainBytes + 'a>, end: u64 },
    Unpacked(Box<dyn BufRead + 'a>),
}

trait PlainBytes: BufRead + Seek {}
impl<T: BufRead + Seek> PlainBytes for T {}

impl<'a> Stream<'a> {
    fn start(mut bytes: impl BufRead + Seek + 'a) -> Result<Self, BlendError> {
        let end = bytes.seek(io::SeekFrom::End(0)).map_err(BlendError::Read)?;
        bytes.rewind().map_err(BlendError::Read)?;
        let magic = bytes.fill_buf().map_err(BlendError::Read)?;
        let input = match magic {
            [b'B', b'L', b'E', b'N', b'D', b'E', b'R', ..] => {
                Input::Plain { bytes: Box::new(bytes), end }
            }
            [0x1f, 0x8b, ..] => Input::Unpacked(Box::new(BufReader::with_capacity(
                BUFFER_BYTES,
                flate2::bufread::MultiGzDecoder::new(bytes),
            ))),
            // A zstd frame, or a skippable one before it. The decoder goes on from frame to frame.
            [0x28, 0xb5, 0x2f, 0xfd, ..] | [0x50..=0x5f, 0x2a, 0x4d, 0x18, ..] => {
                let frames = zstd::Decoder::with_buffer(bytes).map_err(BlendError::Damaged)?;
                Input::Unpacked(Box::new(BufReader::with_capacity(BUFFER_BYTES, frames)))
            }
            _ => return Err(BlendError::NotBlend),
        };
        Ok(Self { input, position: 0 })
    }

    /// Gives how many plain bytes were taken.
    pub(super) fn position(&self) -> u64 {
        self.position
    }

    /// Tells whether the file was compressed.
    pub(super) fn is_unpacked(&self) -> bool {
        matches!(self.input, Input::Unpacked(_))
    }

    /// Fills `wanted`, or tells that the file ends before.
    pub(super) fn read(&mut self, wanted: &mut [u8]) -> Result<(), BlendError> {
        self.advance(wanted.len() as u64)?;
        match &mut self.input {
            Input::Plain { bytes, .. } => bytes.read_exact(wanted).map_err(read_failure),
            Input::Unpacked(bytes) => bytes.read_exact(wanted).map_err(unpack_failure),
        }
    }

    /// Appends `len` bytes to `kept`. On failure `kept` is as long as it was.
    pub(super) fn read_onto(&mut self, kept: &mut Vec<u8>, len: u64) -> Result<(), BlendError> {
        self.advance(len)?;
        let before = kept.len();
        // `take` grows the vector with what is really there, not with what a header promises.
        let read = match &mut self.input {
            Input::Plain { bytes, .. } => bytes.take(len).read_to_end(kept).map_err(read_failure),
            Input::Unpacked(bytes) => bytes.take(len).read_to_end(kept).map_err(unpack_failure),
        };
        match read {
            Ok(read) if read as u64 == len => Ok(()),
            other => {
                kept.truncate(before);
                Err(other.err().unwrap_or(BlendError::CutShort))
            }
        }
    }

    /// Passes over `len` bytes; in a plain file without reading them.
    pub(super) fn skip(&mut self, len: u64) -> Result<(), BlendError> {
        self.advance(len)?;
        match &mut self.input {
            Input::Plain { bytes, .. } => {
                let len = i64::try_from(len).map_err(|_| BlendError::BlockLength)?;
                bytes.seek_relative(len).map_err(BlendError::Read)
            }
            Input::Unpacked(bytes) => {
                let mut left = len;
                while left > 0 {
                    let there = bytes.fill_buf().map_err(unpack_failure)?.len();
                    if there == 0 {
                        return Err(BlendError::CutShort);
                    }
                    let step = usize::try_from(left).unwrap_or(usize::MAX).min(there);
                    bytes.consume(step);
                    left -= step as u64;
                }
                Ok(())
            }
        }
    }

    /// Notes that `len` more bytes will be taken, if there can be that many.
    fn advance(&mut self, len: u64) -> Result<(), BlendError> {
        self.position = self.position.saturating_add(len);
        match self.input {
            Input::Plain { end, .. } if self.position > end => Err(BlendError::CutShort),
            Input::Unpacked(_) if self.position > PLAIN_BYTES_MAX => {
                Err(BlendError::TooLarge(PLAIN_BYTES_MAX))
            }
            _ => Ok(()),
        }
    }
}

fn read_failure(error: io::Error) -> BlendError {
    match error.kind() {
        io::ErrorKind::UnexpectedEof => BlendError::CutShort,
        _ => BlendError::Read(error),
    }
}

fn unpack_failure(error: io::Error) -> BlendError {
    match error.kind() {
        io::ErrorKind::UnexpectedEof => BlendError::CutShort,
        _ => BlendError::Damaged(error),
    }
}
