//! Where a directory goes in the pack.
//!
//! | on disk | in the pack |
//! |---|---|
//! | `ROOT/textures` | `textures` |
//! | `/studio/lib/wood`, outside | `_outside_project/lib-wood-3f2c9d017ab4` |
//! | the same, where there is little room | `_outside_project/3f2c9d017ab4` |
//!
//! The number is made of the directory's own path and nothing else, so that another file in the
//! pack never moves this one, and all files of a directory stay together.

use std::path::{Component, Path};

use sha2::{Digest as _, Sha256};

use crate::places::text;

/// The directory for all that lies outside of the project.
pub const OUTSIDE: &str = "_outside_project";

/// Digits of the number: 48 bits, so that two of ten thousand directories meet once in 5 million
/// packs. If they do, the pack is refused.
const DIGITS: usize = 12;

/// Most bytes of what a person reads of a directory's name.
const READABLE_BYTES_MAX: usize = 40;

/// Components of a directory that a person gets to see.
const READABLE_COMPONENTS: usize = 2;

/// How long the name of a directory may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// With something to read.
    Full,
    /// The number alone.
    Short,
}

/// The rule for one project.
#[derive(Debug, Clone, Copy)]
pub(super) struct Layout<'a> {
    /// Absolute path of the project.
    pub(super) root: &'a Path,
}

impl Layout<'_> {
    /// Gives the place of a directory, with `/`; empty for the project itself.
    pub(super) fn dir(self, dir: &Path, form: Form) -> String {
        match dir.strip_prefix(self.root) {
            Ok(inside) => slashed(inside),
            Err(_) => format!("{OUTSIDE}/{}", outside(dir.as_os_str().as_encoded_bytes(), form)),
        }
    }

    /// Tells whether a path lies in the project.
    pub(super) fn is_inside(self, path: &Path) -> bool {
        path.starts_with(self.root)
    }
}

/// Gives a relative path with `/`, its names as [`text`] gives them.
pub(super) fn slashed(path: &Path) -> String {
    let names = path.components().filter_map(|part| match part {
        Component::Normal(part) => Some(text(part)),
        _ => None,
    });
    names.collect::<Vec<_>>().join("/")
}

/// Joins a place and what is in it.
pub(super) fn join(dir: &str, inside: &str) -> String {
    match (dir, inside) {
        ("", path) | (path, "") => path.to_owned(),
        _ => format!("{dir}/{inside}"),
    }
}

/// Gives the name of a directory outside: also of one on a drive or a server.
fn outside(dir: &[u8], form: Form) -> String {
    let dir = normal(dir);
    let digest = Sha256::digest(&dir);
    let number: String = digest
        .iter()
        .flat_map(|byte| format!("{byte:02x}").into_bytes())
        .take(DIGITS)
        .map(char::from)
        .collect();
    match (form, readable(&dir)) {
        (Form::Full, readable) if !readable.is_empty() => format!("{readable}-{number}"),
        _ => number,
    }
}

/// Spells a Windows path in one way: `/`, and a drive in upper case. Others are what they are.
fn normal(dir: &[u8]) -> Vec<u8> {
    let is_drive = matches!(dir, [b'a'..=b'z' | b'A'..=b'Z', b':', ..]);
    if !is_drive && !dir.starts_with(b"\\\\") {
        return dir.to_vec();
    }
    let mut dir: Vec<u8> =
        dir.iter().map(|byte| if *byte == b'\\' { b'/' } else { *byte }).collect();
    if let Some(drive) = dir.first_mut() {
        drive.make_ascii_uppercase();
    }
    dir
}

/// Gives the last components, without what some system or server refuses in a name.
fn readable(dir: &[u8]) -> String {
    let text = String::from_utf8_lossy(dir);
    let parts: Vec<&str> = text.split('/').filter(|part| !part.is_empty()).collect();
    let last = parts.get(parts.len().saturating_sub(READABLE_COMPONENTS)..).unwrap_or_default();
    let mut readable = String::new();
    for letter in last.join("-").chars() {
        let letter = if letter.is_alphanumeric() || "-_.".contains(letter) { letter } else { '_' };
        if readable.len() + letter.len_utf8() > READABLE_BYTES_MAX {
            break;
        }
        readable.push(letter);
    }
    readable.trim_start_matches('.').trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests;
