//! Directories of which everything is needed.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use super::disk::{Disk, There};
use super::expand::{self, Hit};

/// Deepest nesting that is followed. Blender's own caches have three levels.
const DEPTH_MAX: usize = 16;

/// Most files that are taken from one directory: a million. A liquid of 10,000 frames has 50,000.
const FILES_MAX: usize = 1_000_000;

/// What Blender makes in the cache directory of a fluid.
const FLUID: &[&str] = &["config", "data", "guiding", "mesh", "noise", "particles", "script"];

/// What of a directory is needed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    /// All of it.
    All,
    /// What a fluid's cache is made of.
    Fluid,
}

/// Finds all files below a directory, or below those in it that a fluid's cache is made of.
///
/// Links are followed, but each directory is gone into once, since they may lead in a circle. A
/// directory that holds the .blend itself is not taken as a whole: it would be the project, the
/// home directory or the disk. If there is nothing, the hit is the directory.
pub(super) fn everything(
    dir: &Path,
    part: Part,
    base: &Path,
    disk: &Disk,
    warnings: &mut Vec<String>,
) -> Vec<Hit> {
    let absent = || vec![Hit::absent(dir.to_path_buf())];
    let mut there = dir.to_path_buf();
    if !there.is_dir() {
        let Some(other) = disk.other_case(dir).filter(|other| other.is_dir()) else {
            return absent();
        };
        warnings.push(expand::other_case(dir, &other));
        there = other;
    }
    if part == Part::All && base.starts_with(&there) {
        warnings.push(format!(
            "`{}` holds the .blend itself and is not taken as a whole; give the simulation a directory of its own",
            there.display()
        ));
        return Vec::new();
    }
    let mut hits = Vec::new();
    // Where it is, and where it was asked for.
    let mut left: Vec<(PathBuf, PathBuf, usize)> = match part {
        Part::All => vec![(there, dir.to_path_buf(), 0)],
        Part::Fluid => FLUID.iter().map(|name| (there.join(name), dir.join(name), 0)).collect(),
    };
    let mut seen = HashSet::new();
    while let Some((dir, asked, depth)) = left.pop() {
        let Some(listing) = disk.list(&dir) else {
            continue;
        };
        if !dir.canonicalize().is_ok_and(|real| seen.insert(real)) {
            continue;
        }
        for name in listing.starting_with(b"") {
            let path = dir.join(name);
            match Disk::look(&path) {
                There::File(size) => {
                    hits.push(Hit { path, asked: asked.join(name), size: Some(size) });
                }
                There::Other if path.is_dir() && depth < DEPTH_MAX => {
                    left.push((path, asked.join(name), depth + 1));
                }
                There::Other | There::Nothing => {}
            }
            if hits.len() == FILES_MAX {
                warnings.push(format!(
                    "`{}` has more than {FILES_MAX} files; those after them are left out",
                    dir.display()
                ));
                return hits;
            }
        }
    }
    if hits.is_empty() { absent() } else { hits }
}
