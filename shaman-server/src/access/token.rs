//! `Token`: a secret, and the hash that stands for it in files.

use std::fmt::{self, Write as _};
use std::hint::black_box;

use sha2::{Digest as _, Sha256};

/// What every token begins with, so that programs that look for lost secrets know one.
const START: &str = "shaman_";

/// Bytes from the system's random numbers. With 256 bits nobody guesses one, and a hash need not
/// be slow.
const SECRET_BYTES: usize = 32;

/// Longest token that is looked at.
const LENGTH_MAX: usize = 200;

/// The SHA-256 of a token.
#[derive(Clone, Copy)]
pub struct TokenHash([u8; 32]);

/// A new secret. It is shown once; what is kept is its hash.
pub struct Token(String);

impl Token {
    /// Makes one.
    pub fn new() -> std::io::Result<Self> {
        let mut secret = [0; SECRET_BYTES];
        getrandom::fill(&mut secret).map_err(std::io::Error::other)?;
        Ok(Self(format!("{START}{}", hex(&secret))))
    }

    /// The secret itself.
    pub fn secret(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(…)")
    }
}

impl TokenHash {
    /// The hash of what somebody presents. `None`: it is too long to be one.
    pub fn of(presented: &str) -> Option<Self> {
        (presented.len() <= LENGTH_MAX).then(|| Self(Sha256::digest(presented).into()))
    }

    /// Reads what [`TokenHash::text`] wrote.
    pub fn parse(text: &str) -> Option<Self> {
        // The same spelling, 64 lower-case hex digits.
        text.parse::<shaman_proto::Digest>().ok().map(|digest| Self(*digest.as_bytes()))
    }

    /// As it stands in the file.
    pub fn text(&self) -> String {
        hex(&self.0)
    }

    /// Compares in a time that does not depend on where they differ.
    pub fn is(&self, other: &Self) -> bool {
        let differing =
            self.0.iter().zip(&other.0).fold(0, |differing, (a, b)| black_box(differing | (a ^ b)));
        black_box(differing) == 0
    }
}

impl fmt::Debug for TokenHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TokenHash(…)")
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").expect("text takes text");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_known_by_its_hash_alone() {
        let (token, other) = (Token::new().unwrap(), Token::new().unwrap());
        assert_eq!(token.secret().len(), START.len() + 64);
        let kept = TokenHash::parse(&TokenHash::of(token.secret()).unwrap().text()).unwrap();
        assert!(kept.is(&TokenHash::of(token.secret()).unwrap()));
        assert!(!kept.is(&TokenHash::of(other.secret()).unwrap()));
        assert!(TokenHash::of(&"x".repeat(LENGTH_MAX + 1)).is_none());
        assert!(!format!("{token:?}").contains(token.secret()));
    }
}
