//! From an ask to files: those that are there and those that are not.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use super::ask::How;
use super::disk::{Disk, There};
use super::folder::{self, Part};
use super::paths::{self, Place};
use super::pattern::Pattern;

/// A file that an ask leads to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Hit {
    /// Absolute, as it is on disk.
    pub(super) path: PathBuf,
    /// Absolute, as the .blend spells it: `path`, but perhaps in another case.
    pub(super) asked: PathBuf,
    /// Bytes; `None` if it is not there.
    pub(super) size: Option<u64>,
}

impl Hit {
    /// A file that is not there.
    pub(super) fn absent(path: PathBuf) -> Self {
        Self { asked: path.clone(), path, size: None }
    }
}

/// Finds the files that a path leads to, and says in `warnings` what is odd about them.
///
/// `base` is the directory that `//` stands for. If there is nothing, the hit is what is not there,
/// so that nothing is lost.
pub(super) fn expand(
    raw: &[u8],
    how: &How,
    base: &Path,
    disk: &Disk,
    warnings: &mut Vec<String>,
) -> Vec<Hit> {
    let path = match paths::resolve(raw, base) {
        Place::Here(path) => path,
        Place::Elsewhere(_) if *how == How::Nothing => return Vec::new(),
        Place::Elsewhere(path) => return vec![Hit::absent(path)],
    };
    match how {
        How::File => vec![file(path, disk, warnings)],
        How::Nothing => Vec::new(),
        How::Frames => frames(path, disk, warnings),
        How::Tiles(numbers) => tiles(path, numbers, disk, warnings),
        How::Folder => folder::everything(&path, Part::All, base, disk, warnings),
        How::Fluid => folder::everything(&path, Part::Fluid, base, disk, warnings),
        How::Simulated => simulated(path, disk),
        How::Perhaps => vec![file(path, disk, &mut Vec::new())],
    }
}

fn frames(path: PathBuf, disk: &Disk, warnings: &mut Vec<String>) -> Vec<Hit> {
    let pattern = path.file_name().and_then(|name| Pattern::number(paths::bytes(name)));
    let frames = pattern.map(|pattern| matches(&path, &pattern, disk, warnings));
    match frames {
        Some(frames) if !frames.is_empty() => frames,
        _ => vec![file(path, disk, warnings)],
    }
}

fn tiles(
    path: PathBuf,
    numbers: &BTreeSet<u16>,
    disk: &Disk,
    warnings: &mut Vec<String>,
) -> Vec<Hit> {
    let pattern = path.file_name().and_then(|name| Pattern::tile(paths::bytes(name)));
    let Some(pattern) = pattern else {
        return vec![file(path, disk, warnings)];
    };
    let mut hits = matches(&path, &pattern, disk, warnings);
    let there: BTreeSet<_> = hits.iter().map(|hit| hit.asked.clone()).collect();
    for number in numbers {
        let tile = path.with_file_name(paths::os_string(pattern.name((*number).into())));
        if !there.contains(&tile) {
            hits.push(file(tile, disk, warnings));
        }
    }
    if hits.is_empty() { vec![file(path, disk, warnings)] } else { hits }
}

/// Finds the files of a simulation: `path`, `_`, and the digits of a frame.
fn simulated(path: PathBuf, disk: &Disk) -> Vec<Hit> {
    let (Some(dir), Some(name)) = (path.parent(), path.file_name()) else {
        return Vec::new();
    };
    let head = [paths::bytes(name), b"_"].concat();
    let mut hits = Vec::new();
    if let Some(listing) = disk.list(dir) {
        for name in listing.starting_with(&head) {
            let rest = paths::bytes(name).get(head.len()..).unwrap_or_default();
            let path = dir.join(name);
            if let (Some(b'0'..=b'9'), There::File(size)) = (rest.first(), Disk::look(&path)) {
                hits.push(Hit { asked: path.clone(), path, size: Some(size) });
            }
        }
    }
    if hits.is_empty() {
        hits.push(Hit::absent(path));
    }
    hits
}

/// Finds one file, if need be in another case.
fn file(path: PathBuf, disk: &Disk, warnings: &mut Vec<String>) -> Hit {
    match Disk::look(&path) {
        There::File(size) => {
            return Hit { asked: path.clone(), path, size: Some(size) };
        }
        There::Other => {
            warnings.push(format!("`{}` is not a file; nothing of it is taken", path.display()));
            return Hit::absent(path);
        }
        There::Nothing => {}
    }
    if let Some(other) = disk.other_case(&path)
        && let There::File(size) = Disk::look(&other)
    {
        warnings.push(other_case(&path, &other));
        return Hit { path: other, asked: path, size: Some(size) };
    }
    Hit::absent(path)
}

/// Says that a name on disk is in another case.
pub(super) fn other_case(asked: &Path, there: &Path) -> String {
    format!(
        "`{}` is on disk as `{}`; it is sent under the name that is asked for",
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
    let hit = |name: &OsStr, number: &[u8]| match Disk::look(&dir.join(name)) {
        There::File(size) => Some(Hit {
            path: dir.join(name),
            asked: asked.join(paths::os_string(pattern.with(number))),
            size: Some(size),
        }),
        There::Other | There::Nothing => None,
    };
    let names = listing.starting_with(pattern.head());
    let numbered = names.filter_map(|name| Some((name, pattern.number_in(paths::bytes(name))?)));
    let hits: Vec<_> = numbered.filter_map(|(name, number)| hit(name, number)).collect();
    if !hits.is_empty() {
        return hits;
    }
    let lower = pattern.lower();
    let head = String::from_utf8_lossy(lower.head());
    let names = listing.starting_with_lower(&head);
    let numbered = names.filter_map(|(name, text)| Some((name, lower.number_in(text.as_bytes())?)));
    let hits: Vec<_> = numbered.filter_map(|(name, number)| hit(name, number)).collect();
    if let Some(hit) = hits.first() {
        warnings.push(other_case(path, &hit.path));
    }
    hits
}
