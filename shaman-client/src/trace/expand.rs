//! From an ask to files: those that are there and those that are not.

use std::path::{Path, PathBuf};

use super::ask::{Ask, How};
use super::disk::{Disk, There};
use super::paths::{self, Place};

/// A file that an ask leads to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Hit {
    /// Absolute, as it is on disk.
    pub(super) path: PathBuf,
    /// Bytes; `None` if it is not there.
    pub(super) size: Option<u64>,
}

/// Finds the files that `ask` leads to, and says in `warnings` what is odd about them.
///
/// At least one hit comes of each ask, so that nothing is lost: the file that is not there, if
/// there is no other.
pub(super) fn expand(ask: &Ask, disk: &Disk, warnings: &mut Vec<String>) -> Vec<Hit> {
    let path = match paths::resolve(&ask.path, &ask.base) {
        Place::Here(path) => path,
        Place::Elsewhere(path) => return vec![Hit { path, size: None }],
    };
    match &ask.how {
        How::File => vec![file(path, disk, warnings)],
        How::Frames => {
            let pattern = path
                .file_name()
                .and_then(|name| Pattern::number(paths::bytes(name)));
            let Some(pattern) = pattern else {
                return vec![file(path, disk, warnings)];
            };
            let frames = matches(&path, &pattern, disk, warnings);
            if frames.is_empty() {
                vec![file(path, disk, warnings)]
            } else {
                frames
            }
        }
        How::Tiles(tiles) => {
            let pattern = path
                .file_name()
                .and_then(|name| Pattern::tile(paths::bytes(name)));
            let Some(pattern) = pattern else {
                return vec![file(path, disk, warnings)];
            };
            let mut hits = matches(&path, &pattern, disk, warnings);
            for tile in tiles {
                let tile = path.with_file_name(paths::os_string(pattern.name(*tile)));
                let same = |hit: &Hit| {
                    let names = (hit.path.file_name(), tile.file_name());
                    matches!(names, (Some(a), Some(b)) if a.eq_ignore_ascii_case(b))
                };
                if !hits.iter().any(same) {
                    hits.push(file(tile, disk, warnings));
                }
            }
            if hits.is_empty() {
                vec![file(path, disk, warnings)]
            } else {
                hits
            }
        }
    }
}

/// Finds one file, if need be in another case.
fn file(path: PathBuf, disk: &Disk, warnings: &mut Vec<String>) -> Hit {
    match Disk::look(&path) {
        There::File(size) => {
            return Hit {
                path,
                size: Some(size),
            };
        }
        There::Other => {
            warnings.push(format!(
                "`{}` is not a file; nothing of it is taken",
                path.display()
            ));
            return Hit { path, size: None };
        }
        There::Nothing => {}
    }
    if let Some(other) = disk.other_case(&path)
        && let There::File(size) = Disk::look(&other)
    {
        warnings.push(other_case(&path, &other));
        return Hit {
            path: other,
            size: Some(size),
        };
    }
    Hit { path, size: None }
}

fn other_case(asked: &Path, there: &Path) -> String {
    format!(
        "`{}` is on disk as `{}`; make upper and lower case the same, or render nodes will not find it",
        asked.display(),
        there.display()
    )
}

/// Finds all files in the directory of `path` that `pattern` describes.
fn matches(path: &Path, pattern: &Pattern, disk: &Disk, warnings: &mut Vec<String>) -> Vec<Hit> {
    let Some(asked) = path.parent() else {
        return Vec::new();
    };
    let mut dir = asked.to_path_buf();
    let mut listing = disk.list(&dir);
    if listing.is_none()
        && let Some(other) = disk.other_case(&dir)
    {
        warnings.push(other_case(&dir, &other));
        listing = disk.list(&other);
        dir = other;
    }
    let Some(listing) = listing else {
        return Vec::new();
    };
    let named = |is_like: fn(&Pattern, &[u8]) -> bool| -> Vec<Hit> {
        let like = listing
            .names
            .iter()
            .filter(|name| is_like(pattern, paths::bytes(name)));
        let there = like.filter_map(|name| {
            let path = dir.join(name);
            match Disk::look(&path) {
                There::File(size) => Some(Hit {
                    path,
                    size: Some(size),
                }),
                There::Other | There::Nothing => None,
            }
        });
        there.collect()
    };
    let hits = named(Pattern::is_like);
    if !hits.is_empty() {
        return hits;
    }
    let hits = named(Pattern::is_like_in_other_case);
    if let Some(hit) = hits.first() {
        warnings.push(other_case(path, &hit.path));
    }
    hits
}

/// A name with a number in it.
#[derive(Debug, PartialEq, Eq)]
struct Pattern {
    head: Vec<u8>,
    tail: Vec<u8>,
    number: Number,
}

#[derive(Debug, PartialEq, Eq)]
enum Number {
    /// A frame, with at least that many digits.
    Frame(usize),
    /// 1001 to 2000: u + 10 v + 1001.
    Udim,
    /// `u1_v1`: u + 1, v + 1.
    Uv,
}

impl Pattern {
    /// Takes the last run of digits before the ending for the number of a frame.
    fn number(name: &[u8]) -> Option<Self> {
        let stem = name
            .iter()
            .rposition(|byte| *byte == b'.')
            .unwrap_or(name.len());
        let end = name.get(..stem)?.iter().rposition(u8::is_ascii_digit)? + 1;
        let start = name
            .get(..end)?
            .iter()
            .rposition(|byte| !byte.is_ascii_digit());
        let start = start.map_or(0, |last| last + 1);
        let (head, tail) = (name.get(..start)?, name.get(end..)?);
        Some(Self {
            head: head.into(),
            tail: tail.into(),
            number: Number::Frame(end - start),
        })
    }

    /// Finds `<UDIM>` or `<UVTILE>`; without them, as in files before 3.0, the number of a tile.
    fn tile(name: &[u8]) -> Option<Self> {
        for (token, number) in [
            (b"<UDIM>".as_slice(), Number::Udim),
            (b"<UVTILE>", Number::Uv),
        ] {
            let at = name
                .windows(token.len())
                .position(|part| part.eq_ignore_ascii_case(token));
            if let Some(at) = at {
                let (head, tail) = (name.get(..at)?, name.get(at + token.len()..)?);
                return Some(Self {
                    head: head.into(),
                    tail: tail.into(),
                    number,
                });
            }
        }
        let numbered = Self::number(name)?;
        Some(Self {
            number: Number::Udim,
            ..numbered
        })
    }

    /// Gives the name that has this number.
    fn name(&self, number: i64) -> Vec<u8> {
        let text = match self.number {
            Number::Frame(digits) => format!("{number:0digits$}"),
            Number::Udim => number.to_string(),
            Number::Uv => {
                let tile = number.saturating_sub(1001);
                format!("u{}_v{}", tile.rem_euclid(10) + 1, tile.div_euclid(10) + 1)
            }
        };
        [&self.head, text.as_bytes(), &self.tail].concat()
    }

    fn is_like(&self, name: &[u8]) -> bool {
        let rest = name.strip_prefix(self.head.as_slice());
        rest.and_then(|rest| rest.strip_suffix(self.tail.as_slice()))
            .is_some_and(|number| self.number.is_like(number))
    }

    fn is_like_in_other_case(&self, name: &[u8]) -> bool {
        let lower = Self {
            head: self.head.to_ascii_lowercase(),
            tail: self.tail.to_ascii_lowercase(),
            number: match self.number {
                Number::Frame(digits) => Number::Frame(digits),
                Number::Udim => Number::Udim,
                Number::Uv => Number::Uv,
            },
        };
        lower.is_like(&name.to_ascii_lowercase())
    }
}

impl Number {
    fn is_like(&self, text: &[u8]) -> bool {
        let is_number = |text: &[u8]| !text.is_empty() && text.iter().all(u8::is_ascii_digit);
        match self {
            // Frames beyond the digits of the first one have more, and then no leading zero.
            Self::Frame(digits) => {
                is_number(text)
                    && (text.len() == *digits
                        || text.len() > *digits && text.first() != Some(&b'0'))
            }
            Self::Udim => {
                text.len() == 4 && is_number(text) && (b"1001".as_slice()..=b"2000").contains(&text)
            }
            Self::Uv => text.strip_prefix(b"u").is_some_and(|text| {
                let mut parts = text.splitn(2, |byte| *byte == b'_');
                let (u, v) = (
                    parts.next(),
                    parts.next().and_then(|v| v.strip_prefix(b"v")),
                );
                u.is_some_and(is_number) && v.is_some_and(is_number)
            }),
        }
    }
}
