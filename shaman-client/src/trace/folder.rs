//! Directories of which everything is needed.

use std::path::{Path, PathBuf};

use super::disk::{Disk, There};
use super::expand::{self, Hit};

/// Deepest nesting that is followed. Blender's own caches have three levels.
const DEPTH_MAX: usize = 16;

/// Most files that are taken from one directory: a million. A liquid of 10,000 frames has 50,000.
const FILES_MAX: usize = 1_000_000;

/// Finds all files below these directories of `dir`; without any, all below `dir` itself.
///
/// Links to directories are not followed, since they may lead in a circle. A directory that holds
/// the .blend itself is not taken as a whole: it would be the project, the home directory or the
/// disk. If there is nothing, the hit is the directory.
pub(super) fn everything(
    dir: &Path,
    folders: &[&str],
    base: &Path,
    disk: &Disk,
    warnings: &mut Vec<String>,
) -> Vec<Hit> {
    let absent = || vec![Hit { path: dir.to_path_buf(), size: None }];
    let mut there = dir.to_path_buf();
    if !there.is_dir() {
        let Some(other) = disk.other_case(dir).filter(|other| other.is_dir()) else {
            return absent();
        };
        warnings.push(expand::other_case(dir, &other));
        there = other;
    }
    if folders.is_empty() && base.starts_with(&there) {
        warnings.push(format!(
            "`{}` holds the .blend itself and is not taken as a whole; give the simulation a directory of its own",
            there.display()
        ));
        return Vec::new();
    }
    let mut hits = Vec::new();
    let mut left: Vec<(PathBuf, usize)> = if folders.is_empty() {
        vec![(there, 0)]
    } else {
        folders.iter().map(|folder| (there.join(folder), 0)).collect()
    };
    while let Some((dir, depth)) = left.pop() {
        let Some(listing) = disk.list(&dir) else {
            continue;
        };
        for name in listing.starting_with(b"") {
            let path = dir.join(name);
            match Disk::look(&path) {
                There::File(size) => hits.push(Hit { path, size: Some(size) }),
                There::Other if path.is_dir() && !path.is_symlink() && depth < DEPTH_MAX => {
                    left.push((path, depth + 1));
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
