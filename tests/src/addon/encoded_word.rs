//! RFC 2047 as Python's `email.header.Header(text, "utf-8").encode()` writes it.
//!
//! Seen by running Python 3.11; the tests hold what it printed.

use std::fmt::Write as _;

use crate::wire::base64;

/// `=?utf-8?q?` and `?=`.
const CHROME: usize = 12;

/// Python's default line length. The first line may use all of it; later ones begin with a blank.
const COLUMNS: usize = 78;

/// The text as one encoded word, however long.
pub fn unfolded(text: &str) -> String {
    word(text, is_shorter_in_base64(text))
}

/// The text as words of at most 78 columns, with a bare LF and a blank between them.
pub fn folded(text: &str) -> String {
    let base64 = is_shorter_in_base64(text);
    let mut words = Vec::new();
    let mut line = String::new();
    let mut room = COLUMNS - CHROME;
    for letter in text.chars() {
        line.push(letter);
        let length = if base64 { base64_length(&line) } else { q_length(&line) };
        if length > room {
            line.pop();
            words.push(word(&line, base64));
            line = letter.to_string();
            room = COLUMNS - CHROME - 1;
        }
    }
    words.push(word(&line, base64));
    words.join("\n ")
}

/// Python takes the shorter encoding of the whole text, and Q when both are equal.
fn is_shorter_in_base64(text: &str) -> bool {
    base64_length(text) < q_length(text)
}

fn base64_length(text: &str) -> usize {
    text.len().div_ceil(3) * 4
}

fn q_length(text: &str) -> usize {
    text.bytes().map(|byte| if is_plain(byte) || byte == b' ' { 1 } else { 3 }).sum()
}

/// Neither `_` nor `.`: that is why names of textures get long.
fn is_plain(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-!*+/".contains(&byte)
}

fn word(text: &str, in_base64: bool) -> String {
    if in_base64 {
        return format!("=?utf-8?b?{}?=", base64(text.as_bytes()));
    }
    let mut letters = String::new();
    for byte in text.bytes() {
        match byte {
            b' ' => letters.push('_'),
            plain if is_plain(plain) => letters.push(char::from(plain)),
            other => write!(letters, "={other:02X}").expect("a String takes every text"),
        }
    }
    format!("=?utf-8?q?{letters}?=")
}
