//! Looking at the disk behind the server's back.

use std::collections::BTreeMap;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

/// All files (and links) below a directory.
pub(crate) fn files_below(dir: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let Ok(entries) = std::fs::read_dir(dir) else {
        return found;
    };
    for entry in entries {
        let path = entry.unwrap().path();
        if path.is_dir() && !path.is_symlink() {
            found.extend(files_below(&path));
        } else {
            found.push(path);
        }
    }
    found.sort();
    found
}

/// Every file below a directory with its inode and bytes, and every directory.
pub(crate) fn snapshot(dir: &Path) -> BTreeMap<PathBuf, (u64, Vec<u8>)> {
    let mut found = BTreeMap::new();
    for entry in std::fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        let meta = path.symlink_metadata().unwrap();
        if meta.is_dir() {
            found.extend(snapshot(&path));
            found.insert(path, (meta.ino(), Vec::new()));
        } else {
            let bytes = std::fs::read(&path).unwrap_or_default();
            found.insert(path, (meta.ino(), bytes));
        }
    }
    found
}

/// Says whether two names are one file.
pub(crate) fn same_file(a: &Path, b: &Path) -> bool {
    let (a, b) = (a.symlink_metadata().unwrap(), b.symlink_metadata().unwrap());
    (a.dev(), a.ino()) == (b.dev(), b.ino())
}
