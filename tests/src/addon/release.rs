//! Which release of Flamenco the add-on came with.

use super::encoded_word::{folded, unfolded};

/// How the add-on writes names into headers, and what it submits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Release {
    /// Up to 3.5: the raw path, in Latin-1 or not at all.
    Before36,
    /// 3.6 to 3.8.5: encoded words on several lines, with a bare LF and a blank between them.
    Folding,
    /// 3.9: one encoded word on one line, also for plain ASCII.
    Current,
}

impl Release {
    /// What it compares with the Manager's `shortversion`.
    pub fn version(self) -> &'static str {
        match self {
            Self::Before36 => "3.5",
            Self::Folding => "3.8.5",
            Self::Current => "3.9-beta1",
        }
    }

    /// The value of `X-Shaman-Original-Filename`; `None` when the client can't write it and fails.
    pub fn file_name_header(self, path: &str) -> Option<Vec<u8>> {
        match self {
            Self::Before36 => {
                path.chars().map(|letter| u8::try_from(u32::from(letter)).ok()).collect()
            }
            Self::Folding => Some(folded(path).into_bytes()),
            Self::Current => Some(unfolded(path).into_bytes()),
        }
    }

    /// The .blend's name in the pack: up to 3.8 a copy `<name>.flamenco.blend` is submitted.
    pub fn submitted_blend(self, blend: &str) -> String {
        match (self, blend.strip_suffix(".blend")) {
            (Self::Before36 | Self::Folding, Some(stem)) => format!("{stem}.flamenco.blend"),
            _ => blend.to_owned(),
        }
    }
}
