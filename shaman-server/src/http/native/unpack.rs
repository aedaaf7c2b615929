//! `Unpacking`: `Content-Encoding: zstd` → the bytes of a blob, within bounds.

use std::fmt;

use axum::http::{HeaderMap, StatusCode, header};
use shaman_proto::BlobSize;
use zstd::stream::raw::{DParameter, Decoder, InBuffer, Operation as _, OutBuffer};

use crate::http::failure::Failure;

/// Largest window as a power of two: 8 MiB, which RFC 9659 lets every sender of this encoding
/// count on, and which bounds what a decoder takes in memory.
const WINDOW_LOG_MAX: u32 = 23;

/// Bytes unpacked at once.
const PIECE_BYTES: usize = 128 << 10;

/// What any encoding may be longer than its blob: a four-hundredth, and 64 KiB for heads of
/// frames. More is not an encoding but a body that never ends.
const SURPLUS_MIN: u64 = 64 << 10;

/// How a body is encoded.
pub(super) enum Unpacking {
    /// Not at all.
    Plain,
    /// By zstd.
    Zstd(Box<Zstd>),
}

/// A decoder and what it still may read.
pub(super) struct Zstd {
    decoder: Decoder<'static>,
    piece: Vec<u8>,
    left_bytes: u64,
    is_between: bool,
}

impl Unpacking {
    /// As the header says; 415 for an encoding that we do not read.
    pub(super) fn of(headers: &HeaderMap, size: BlobSize) -> Result<Self, Failure> {
        let encoding = headers.get(header::CONTENT_ENCODING).map(|value| value.to_str());
        match encoding {
            None | Some(Ok("identity")) => Ok(Self::Plain),
            Some(Ok("zstd")) => Self::zstd(size.bytes()),
            _ => Err(Failure::new(
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "the header Content-Encoding may only say `zstd`; send the bytes like that or as they are".to_owned(),
            )),
        }
    }

    fn zstd(size: u64) -> Result<Self, Failure> {
        let decoder = Decoder::new().and_then(|mut decoder| {
            decoder.set_parameter(DParameter::WindowLogMax(WINDOW_LOG_MAX))?;
            Ok(decoder)
        });
        let decoder = decoder.map_err(|error| not_unpacked(&error))?;
        Ok(Self::Zstd(Box::new(Zstd {
            decoder,
            piece: vec![0; PIECE_BYTES],
            left_bytes: size.saturating_add(size / 400).saturating_add(SURPLUS_MIN),
            is_between: true,
        })))
    }

    /// Hands the unpacked bytes on, piece by piece; stops at the first failure of `take`.
    pub(super) fn push(
        &mut self,
        bytes: &[u8],
        mut take: impl FnMut(&[u8]) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        match self {
            Self::Plain => take(bytes),
            Self::Zstd(zstd) => zstd.push(bytes, take),
        }
    }

    /// Says whether what came can be all of it.
    pub(super) fn is_whole(&self) -> bool {
        match self {
            Self::Plain => true,
            Self::Zstd(zstd) => zstd.is_between,
        }
    }

    /// Says whether the body has as many bytes as the blob.
    pub(super) fn is_plain(&self) -> bool {
        matches!(self, Self::Plain)
    }
}

impl Zstd {
    fn push(
        &mut self,
        bytes: &[u8],
        mut take: impl FnMut(&[u8]) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        let left_bytes = self.left_bytes.checked_sub(bytes.len() as u64);
        self.left_bytes = left_bytes.ok_or_else(|| {
            Failure::malformed("the encoded body is longer than the blob; send that as it is")
        })?;
        let mut input = InBuffer::around(bytes);
        loop {
            let before = input.pos();
            let mut output = OutBuffer::around(&mut self.piece[..]);
            let hint =
                self.decoder.run(&mut input, &mut output).map_err(|error| not_unpacked(&error))?;
            let unpacked = output.pos();
            take(&self.piece[..unpacked])?;
            // Asked once more after a frame whose end filled the piece, it hints at the next one.
            if input.pos() > before || unpacked > 0 {
                self.is_between = hint == 0;
            }
            if input.pos() == bytes.len() && unpacked < self.piece.len() {
                return Ok(());
            }
        }
    }
}

fn not_unpacked(error: &std::io::Error) -> Failure {
    Failure::malformed(format_args!(
        "the body cannot be unpacked with zstd and a window of 8 MiB: {error}"
    ))
}

impl fmt::Debug for Unpacking {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.is_plain() { "Plain" } else { "Zstd" })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_whose_end_fills_the_piece_is_whole() {
        // The decoder was run once more for what may be left in it, and hinted at a next frame.
        for bytes in [PIECE_BYTES, 3 * PIECE_BYTES, PIECE_BYTES + 1, 0] {
            let blob = vec![7; bytes];
            let packed = zstd::bulk::compress(&blob, 3).unwrap();
            let size = BlobSize::new(bytes as u64).unwrap();
            let mut unpacking = Unpacking::zstd(size.bytes()).unwrap();
            let mut unpacked = Vec::new();
            let (first, rest) = packed.split_at(packed.len() / 2);
            for part in [first, rest] {
                let took = unpacking.push(part, |bytes| {
                    unpacked.extend_from_slice(bytes);
                    Ok(())
                });
                assert!(took.is_ok());
            }
            assert!(unpacking.is_whole() && unpacked == blob, "{bytes}");
        }
    }
}
