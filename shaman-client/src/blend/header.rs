//! The first bytes: pointer size, byte order, version.
//!
//! ```text
//! until 4.5    BLENDER - v 304            12 bytes: pointer `_` 4 or `-` 8, order `v` or `V`, version
//! from 5.0     BLENDER 17 - 01 v 0500     17 bytes: their number, format number, version
//! ```

use super::container::Stream;
use super::endian::Endian;
use super::failure::BlendError;

/// How the rest of the file is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Header {
    /// Bytes of this header.
    pub(super) len: u64,
    /// Which fields a block header has, and in which order.
    pub(super) form: Form,
    /// Byte order of every number.
    pub(super) endian: Endian,
    /// Blender's version, as 304 or 500.
    pub(super) version: u32,
}

/// The three kinds of block headers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// 20 bytes: code, i32 length, u32 old, i32 struct, i32 count.
    Small4,
    /// 24 bytes: code, i32 length, u64 old, i32 struct, i32 count.
    Small8,
    /// 32 bytes: code, i32 struct, u64 old, i64 length, i64 count.
    Large8,
}

impl Form {
    /// Gives the bytes of one block header.
    pub(super) fn len(self) -> usize {
        match self {
            Self::Small4 => 20,
            Self::Small8 => 24,
            Self::Large8 => 32,
        }
    }

    /// Gives the bytes of one pointer.
    pub(super) fn pointer_len(self) -> usize {
        match self {
            Self::Small4 => 4,
            Self::Small8 | Self::Large8 => 8,
        }
    }
}

/// Reads the header off the front of `stream`.
pub(super) fn read(stream: &mut Stream<'_>) -> Result<Header, BlendError> {
    let mut first = [0; 12];
    let read = stream.read(&mut first);
    if stream.is_unpacked() && (read.is_err() || !first.starts_with(b"BLENDER")) {
        // Damaged from the start, or another file altogether: say the former only if it is so.
        return Err(match read {
            Err(damage @ BlendError::Damaged(_)) => damage,
            _ => BlendError::NotBlendInside,
        });
    }
    read?;
    let [_, _, _, _, _, _, _, a, b, v @ ..] = first;
    match (a, b) {
        (b'_' | b'-', b'v' | b'V') => {
            let form = if a == b'_' { Form::Small4 } else { Form::Small8 };
            let endian = if b == b'v' { Endian::Little } else { Endian::Big };
            let version = digits(&v).ok_or_else(|| unknown(&first))?;
            Ok(Header { len: 12, form, endian, version })
        }
        (b'1', b'7') => {
            let mut rest = [0; 5];
            stream.read(&mut rest)?;
            let all: Vec<u8> = first.iter().chain(&rest).copied().collect();
            match all.get(9..) {
                Some([b'-', b'0', b'1', b'v', version @ ..]) => {
                    let version = digits(version).ok_or_else(|| unknown(&all))?;
                    Ok(Header { len: 17, form: Form::Large8, endian: Endian::Little, version })
                }
                _ => Err(unknown(&all)),
            }
        }
        _ => Err(unknown(&first)),
    }
}

fn digits(bytes: &[u8]) -> Option<u32> {
    bytes.iter().try_fold(0, |number, byte| {
        byte.is_ascii_digit().then(|| number * 10 + u32::from(byte - b'0'))
    })
}

fn unknown(bytes: &[u8]) -> BlendError {
    BlendError::UnknownFormat(bytes.escape_ascii().to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::blend::Source;

    fn parse(bytes: &[u8]) -> Result<Header, BlendError> {
        let source = Source::Bytes(bytes.to_vec());
        let mut stream = source.open()?;
        read(&mut stream)
    }

    #[test]
    fn all_four_old_headers_are_known() {
        let small4 = parse(b"BLENDER_v248").unwrap();
        assert_eq!(small4.form, Form::Small4);
        assert_eq!((small4.endian, small4.version), (Endian::Little, 248));
        let big8 = parse(b"BLENDER-V279").unwrap();
        assert_eq!((big8.form, big8.endian), (Form::Small8, Endian::Big));
        assert_eq!(parse(b"BLENDER_V100").unwrap().form, Form::Small4);
        assert_eq!(parse(b"BLENDER-v405").unwrap().version, 405);
    }

    #[test]
    fn the_header_of_blender_5_is_known() {
        let header = parse(b"BLENDER17-01v0502").unwrap();
        assert_eq!((header.len, header.form, header.version), (17, Form::Large8, 502));
    }

    #[test]
    fn a_header_of_the_future_is_refused_by_name() {
        for bytes in [b"BLENDER17-02v0600".as_slice(), b"BLENDER18-01v0600", b"BLENDERxv404"] {
            let error = parse(bytes).unwrap_err();
            assert!(matches!(error, BlendError::UnknownFormat(_)), "{error}");
        }
    }

    #[test]
    fn other_files_are_told_apart() {
        assert!(matches!(parse(b"\x89PNG\r\n"), Err(BlendError::NotBlend)));
        assert!(matches!(parse(b""), Err(BlendError::NotBlend)));
        assert!(matches!(parse(b"BLENDER-v"), Err(BlendError::CutShort)));
    }
}
