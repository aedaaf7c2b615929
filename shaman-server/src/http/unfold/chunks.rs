//! `Chunks`: follows a chunked body (RFC 9112 section 7.1) as strictly as hyper does.

use super::body::Unclear;

/// Where in the body the next byte belongs.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum At {
    /// First digit of a chunk's size.
    #[default]
    Start,
    /// Further digits.
    Size,
    /// Blanks behind the size.
    Blank,
    /// An extension, which nobody reads.
    Extension,
    /// The line feed behind a size.
    SizeLf,
    /// Bytes of a chunk.
    Data,
    /// The carriage return behind a chunk.
    DataCr,
    /// The line feed behind a chunk.
    DataLf,
    /// Start of a trailer, or the carriage return that ends the body.
    End,
    /// A trailer, which nobody reads.
    Trailer,
    /// The line feed behind a trailer.
    TrailerLf,
    /// The line feed that ends the body.
    EndLf,
    /// Behind the body.
    Over,
}

/// A chunked body.
#[derive(Debug, Default)]
pub(super) struct Chunks {
    at: At,
    /// Size of the chunk, then what is left of it.
    left: u64,
}

impl Chunks {
    /// Takes what belongs to the body off the front of `bytes`, and says how much that is.
    pub(super) fn take(&mut self, bytes: &[u8]) -> Result<usize, Unclear> {
        let mut taken = 0;
        while let Some(byte) = bytes.get(taken) {
            match self.at {
                At::Over => break,
                At::Data => {
                    let here = self.left.min((bytes.len() - taken) as u64);
                    self.left -= here;
                    taken += usize::try_from(here).expect("no more than there are bytes");
                    if self.left == 0 {
                        self.at = At::DataCr;
                    }
                    continue;
                }
                at => self.at = self.next(at, *byte).ok_or(Unclear)?,
            }
            taken += 1;
        }
        Ok(taken)
    }

    pub(super) fn has_ended(&self) -> bool {
        self.at == At::Over
    }

    fn next(&mut self, at: At, byte: u8) -> Option<At> {
        Some(match (at, byte) {
            (At::Start | At::Size, digit) if digit.is_ascii_hexdigit() => {
                let digit = char::from(digit).to_digit(16)?;
                self.left = self.left.checked_mul(16)?.checked_add(u64::from(digit))?;
                At::Size
            }
            (At::Size | At::Blank, b' ' | b'\t') => At::Blank,
            (At::Size | At::Blank, b';') => At::Extension,
            (At::Size | At::Blank | At::Extension, b'\r') => At::SizeLf,
            (At::Extension, byte) if byte != b'\n' => At::Extension,
            (At::SizeLf, b'\n') if self.left == 0 => At::End,
            (At::SizeLf, b'\n') => At::Data,
            (At::DataCr, b'\r') => At::DataLf,
            (At::DataLf, b'\n') => At::Start,
            (At::End, b'\r') => At::EndLf,
            (At::Trailer, b'\r') => At::TrailerLf,
            (At::End | At::Trailer, _) => At::Trailer,
            (At::TrailerLf, b'\n') => At::End,
            (At::EndLf, b'\n') => At::Over,
            _ => return None,
        })
    }
}
