//! The binary form ("crate"): only its table of tokens.
//!
//! ```text
//! PXR-USDC  version[8]  i64 toc … toc: u64 n, n × (name[16], i64 start, i64 size)
//! TOKENS    u64 count, u64 plain size, u64 packed size, packed strings, each ended by a zero
//! packed    a byte 0, one LZ4 block; or a byte n, n × (i32 size, LZ4 block)
//! ```
//!
//! Every string and asset path of the file is a token, so what looks like the path of a layer among
//! them is one. Versions before 0.4, of 2017, do not pack; they are read alike.

use std::io::{self, Read, Seek, SeekFrom};

/// Most bytes of tokens, packed or not: 256 MiB. Heavy sets have a few.
const TOKEN_BYTES_MAX: u64 = 256 << 20;

/// Most sections; there are six.
const SECTIONS_MAX: u64 = 64;

/// Offers all tokens. Stops when `offer` fails.
pub(super) fn tokens(
    file: &mut (impl Read + Seek),
    offer: &mut impl FnMut(&[u8]) -> io::Result<()>,
) -> io::Result<()> {
    let mut head = [0; 16];
    file.read_exact(&mut head)?;
    let [_, _, _, _, _, _, _, _, major, minor, ..] = head;
    let is_packed = (major, minor) >= (0, 4);
    let toc = number(file)?;
    file.seek(SeekFrom::Start(toc))?;
    let count = number(file)?;
    for _ in 0..count.min(SECTIONS_MAX) {
        let mut name = [0; 16];
        file.read_exact(&mut name)?;
        let start = number(file)?;
        let _size = number(file)?;
        if name.starts_with(b"TOKENS\0") {
            file.seek(SeekFrom::Start(start))?;
            let _count = number(file)?;
            let plain_len = number(file)?;
            let packed_len = if is_packed { number(file)? } else { plain_len };
            if plain_len.max(packed_len) > TOKEN_BYTES_MAX {
                return Err(damaged());
            }
            let mut bytes = Vec::new();
            file.take(packed_len).read_to_end(&mut bytes)?;
            let plain = if is_packed { unpack(&bytes, plain_len)? } else { bytes };
            return plain.split(|byte| *byte == 0).try_for_each(offer);
        }
    }
    Ok(())
}

fn number(file: &mut impl Read) -> io::Result<u64> {
    let mut bytes = [0; 8];
    file.read_exact(&mut bytes)?;
    Ok(u64::from_le_bytes(bytes))
}

fn damaged() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, "its table of tokens is damaged")
}

/// Unpacks one block or several, up to `plain_len` bytes.
fn unpack(packed: &[u8], plain_len: u64) -> io::Result<Vec<u8>> {
    let most = usize::try_from(plain_len).map_err(|_| damaged())?;
    let mut plain = Vec::new();
    let (chunks, mut rest) = packed.split_first().ok_or_else(damaged)?;
    if *chunks == 0 {
        lz4_block(rest, &mut plain, most).ok_or_else(damaged)?;
    }
    for _ in 0..*chunks {
        let (len, after) = rest.split_first_chunk().ok_or_else(damaged)?;
        let len = usize::try_from(i32::from_le_bytes(*len)).map_err(|_| damaged())?;
        let (chunk, after) = after.split_at_checked(len).ok_or_else(damaged)?;
        lz4_block(chunk, &mut plain, most).ok_or_else(damaged)?;
        rest = after;
    }
    Ok(plain)
}

/// Unpacks an LZ4 block onto `plain`, which may grow to `most` bytes.
///
/// A block is a row of: literal bytes, then a copy of bytes that came before. Their lengths share
/// one byte, and go on in further bytes if they are 15 or more.
fn lz4_block(mut packed: &[u8], plain: &mut Vec<u8>, most: usize) -> Option<()> {
    let block_start = plain.len();
    loop {
        let (lengths, rest) = packed.split_first()?;
        packed = rest;
        let literals = length(usize::from(lengths >> 4), &mut packed)?;
        let (bytes, rest) = packed.split_at_checked(literals)?;
        if bytes.len() > most - plain.len() {
            return None;
        }
        plain.extend_from_slice(bytes);
        packed = rest;
        if packed.is_empty() {
            return Some(());
        }
        let (offset, rest) = packed.split_first_chunk()?;
        packed = rest;
        let offset = usize::from(u16::from_le_bytes(*offset));
        let copied = length(usize::from(lengths & 15), &mut packed)? + 4;
        if offset == 0 || offset > plain.len() - block_start || copied > most - plain.len() {
            return None;
        }
        // The copy may overlap what it makes: then it repeats.
        for _ in 0..copied {
            let byte = *plain.get(plain.len() - offset)?;
            plain.push(byte);
        }
    }
}

fn length(short: usize, packed: &mut &[u8]) -> Option<usize> {
    let mut length = short;
    let mut is_open = short == 15;
    while is_open {
        let (more, rest) = packed.split_first()?;
        *packed = rest;
        length += usize::from(*more);
        is_open = *more == 255;
    }
    Some(length)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A file with one section of tokens, packed as these chunks.
    fn file(packed: &[u8], plain_len: u64) -> Vec<u8> {
        let mut file = b"PXR-USDC\0\x08\0\0\0\0\0\0".to_vec();
        file.extend(24_u64.to_le_bytes());
        file.extend(1_u64.to_le_bytes());
        file.extend(b"TOKENS\0\0\0\0\0\0\0\0\0\0");
        file.extend(64_u64.to_le_bytes());
        file.extend(0_u64.to_le_bytes());
        assert_eq!(file.len(), 64);
        file.extend(2_u64.to_le_bytes());
        file.extend(plain_len.to_le_bytes());
        file.extend((packed.len() as u64).to_le_bytes());
        file.extend(packed);
        file
    }

    fn read(packed: &[u8], plain_len: u64) -> io::Result<Vec<Vec<u8>>> {
        let mut found = Vec::new();
        tokens(&mut io::Cursor::new(file(packed, plain_len)), &mut |token| {
            found.push(token.to_vec());
            Ok(())
        })?;
        Ok(found)
    }

    #[test]
    fn literals_and_repetitions_are_unpacked() {
        // "abcabcabcabc", then "z.usd\0" as literals.
        let packed = b"\0\x35abc\x03\0\x60z.usd\0";
        assert_eq!(read(packed, 100).unwrap(), [b"abcabcabcabcz.usd".as_slice(), b""]);
        let chunks = [b"\x02\x03\0\0\0\x20ab", b"\x03\0\0\0\x20cd".as_slice()].concat();
        assert_eq!(read(&chunks, 100).unwrap(), [b"abcd"]);
    }

    #[test]
    fn damaged_tables_are_refused() {
        for packed in [
            b"".as_slice(),
            b"\0",
            b"\0\xf0",
            b"\0\x15a\0\0\0",
            b"\0\x15a\x09\0\0",
            b"\x01\xff\xff\xff\xff",
            b"\x05\x01\0\0\0\0",
        ] {
            assert!(read(packed, 100).is_err(), "{packed:?}");
        }
        assert!(read(b"\0\x1fa\x01\0\xff\xff\xff\xff\xff\xff\xff\xff\x01\x10b", 50).is_err());
        assert!(read(b"\0\x10a", 1 << 40).is_err());
    }
}
