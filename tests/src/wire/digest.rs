//! SHA-256 as text.

use std::fmt::Write as _;
use std::io::{self, Write};

use sha2::{Digest as _, Sha256};

/// 64 lower-case hex digits.
pub fn sha256_hex(bytes: &[u8]) -> String {
    let mut sum = Sum::default();
    sum.add(bytes);
    sum.hex()
}

/// A SHA-256 and a length that grow with what is written to it.
#[derive(Debug, Clone, Default)]
pub struct Sum {
    hash: Sha256,
    length_bytes: u64,
}

impl Sum {
    /// Takes in the next bytes.
    pub fn add(&mut self, bytes: &[u8]) {
        self.hash.update(bytes);
        self.length_bytes += bytes.len() as u64;
    }

    /// How many bytes came in.
    pub fn length_bytes(&self) -> u64 {
        self.length_bytes
    }

    /// 64 lower-case hex digits over all that came in so far.
    pub fn hex(&self) -> String {
        self.hash.clone().finalize().iter().fold(String::with_capacity(64), |mut text, byte| {
            write!(text, "{byte:02x}").expect("a String takes every text");
            text
        })
    }
}

impl Write for Sum {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.add(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn nothing_has_the_digest_that_flamenco_gives_to_empty_files() {
        let empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
        assert_eq!(super::sha256_hex(b""), empty);
    }
}
