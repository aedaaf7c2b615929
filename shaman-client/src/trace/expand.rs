//! From an ask to files: those that are there and those that are not.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use super::ask::{Absence, Ask, How};
use super::disk::{self, Disk, There};
use super::folder;
use super::paths::{self, Place};
use super::pattern::Pattern;

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
/// If there is nothing, the hit is what is not there, so that nothing is lost. Only a simulation
/// that was never baked leads to no hit.
pub(super) fn expand(ask: &Ask, disk: &Disk, warnings: &mut Vec<String>) -> Vec<Hit> {
    let path = match paths::resolve(&ask.path, &ask.base) {
        Place::Here(path) => path,
        Place::Elsewhere(path) => return vec![Hit { path, size: None }],
    };
    match &ask.how {
        How::File => vec![file(path, disk, warnings)],
        How::Nothing => Vec::new(),
        How::Frames => {
            let pattern = path.file_name().and_then(|name| Pattern::number(paths::bytes(name)));
            let Some(pattern) = pattern else {
                return vec![file(path, disk, warnings)];
            };
            let frames = matches(&path, &pattern, disk, warnings);
            if frames.is_empty() { vec![file(path, disk, warnings)] } else { frames }
        }
        How::Tiles(tiles) => {
            let pattern = path.file_name().and_then(|name| Pattern::tile(paths::bytes(name)));
            let Some(pattern) = pattern else {
                return vec![file(path, disk, warnings)];
            };
            let mut hits = matches(&path, &pattern, disk, warnings);
            let lower = |path: &Path| path.file_name().map(disk::lower);
            let there: BTreeSet<_> = hits.iter().map(|hit| lower(&hit.path)).collect();
            for tile in tiles {
                let tile = path.with_file_name(paths::os_string(pattern.name((*tile).into())));
                if !there.contains(&lower(&tile)) {
                    hits.push(Hit { path: tile, size: None });
                }
            }
            if hits.is_empty() { vec![file(path, disk, warnings)] } else { hits }
        }
        How::Folder(folders) => folder::everything(&path, folders, &ask.base, disk, warnings),
        How::Simulated(absence) => simulated(path, *absence, disk),
    }
}

/// Finds the files of a simulation: `path`, `_`, and the digits of a frame.
fn simulated(path: PathBuf, absence: Absence, disk: &Disk) -> Vec<Hit> {
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
                hits.push(Hit { path, size: Some(size) });
            }
        }
    }
    if hits.is_empty() && absence == Absence::Missing {
        hits.push(Hit { path, size: None });
    }
    hits
}

/// Finds one file, if need be in another case.
fn file(path: PathBuf, disk: &Disk, warnings: &mut Vec<String>) -> Hit {
    match Disk::look(&path) {
        There::File(size) => {
            return Hit { path, size: Some(size) };
        }
        There::Other => {
            warnings.push(format!("`{}` is not a file; nothing of it is taken", path.display()));
            return Hit { path, size: None };
        }
        There::Nothing => {}
    }
    if let Some(other) = disk.other_case(&path)
        && let There::File(size) = Disk::look(&other)
    {
        warnings.push(other_case(&path, &other));
        return Hit { path: other, size: Some(size) };
    }
    Hit { path, size: None }
}

/// Says that a name on disk is in another case.
pub(super) fn other_case(asked: &Path, there: &Path) -> String {
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
    let hit = |name: &OsStr| match Disk::look(&dir.join(name)) {
        There::File(size) => Some(Hit { path: dir.join(name), size: Some(size) }),
        There::Other | There::Nothing => None,
    };
    let names = listing.starting_with(pattern.head());
    let hits: Vec<_> =
        names.filter(|name| pattern.is_like(paths::bytes(name))).filter_map(hit).collect();
    if !hits.is_empty() {
        return hits;
    }
    let pattern = pattern.lower();
    let head = String::from_utf8_lossy(pattern.head());
    let names = listing.starting_with_lower(&head);
    let like = names.filter(|(_, lower)| pattern.is_like(lower.as_bytes()));
    let hits: Vec<_> = like.filter_map(|(name, _)| hit(name)).collect();
    if let Some(hit) = hits.first() {
        warnings.push(other_case(path, &hit.path));
    }
    hits
}
