//! Values that are one word of a few.

use std::str::FromStr;

/// When what was uploaded survives a power cut.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Durability {
    /// When a checkout that names it is answered.
    #[default]
    Checkout,
    /// When the upload is answered.
    Blob,
}

/// What the files of checkouts are.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum LinkWord {
    /// Names of the blobs.
    #[default]
    Hardlink,
    /// Files that share bytes with the blobs.
    Clone,
    /// Symlinks to the blobs.
    Symlink,
    /// Files with bytes of their own.
    Copy,
    /// The first of hard links, clones and copies that the storage allows.
    Auto,
}

impl FromStr for Durability {
    type Err = String;

    fn from_str(word: &str) -> Result<Self, String> {
        one_of(word, &[("checkout", Self::Checkout), ("blob", Self::Blob)])
    }
}

impl FromStr for LinkWord {
    type Err = String;

    fn from_str(word: &str) -> Result<Self, String> {
        one_of(
            word,
            &[
                ("hardlink", Self::Hardlink),
                ("clone", Self::Clone),
                ("symlink", Self::Symlink),
                ("copy", Self::Copy),
                ("auto", Self::Auto),
            ],
        )
    }
}

/// The value of a word, or a sentence with all words.
pub(super) fn one_of<T: Copy>(word: &str, words: &[(&str, T)]) -> Result<T, String> {
    let found = words.iter().find(|(known, _)| *known == word);
    found.map(|(_, value)| *value).ok_or_else(|| {
        let all: Vec<String> = words.iter().map(|(known, _)| format!("`{known}`")).collect();
        format!("`{word}` is none of {}", all.join(", "))
    })
}
