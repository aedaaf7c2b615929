//! Trees and files that are built aside, where nobody looks, until they get their name.
//!
//! ```text
//!  location/.shaman-copy-x1y2z3/tex/a.png …     locked while it is built
//!        │ rename
//!  location/shot_010/tex/a.png …
//! ```
//!
//! Promise: what did not get its name goes away: when the builder fails or is stopped by itself,
//! when the builder was killed at the next [`clear`] of that location. What somebody still builds
//! is locked and left alone.
#![expect(clippy::disallowed_methods, reason = "this layer owns what is built and not named yet")]

mod blocks;

use std::fs::{File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

pub(crate) use blocks::share_blocks;

use crate::hash::Fingerprint;

/// What the names of things that are being built begin with.
const PREFIX: &str = ".shaman-copy-";

/// And end with where nothing can be locked, so that nobody takes them for abandoned.
const UNLOCKED: &str = "-unlocked";

/// How often a place is chosen anew, when somebody took the last one for abandoned.
const TRIES: u32 = 5;

/// A hidden directory, removed with all that is in it when this is dropped.
#[derive(Debug)]
pub struct Aside {
    path: PathBuf,
    /// Held until it has its name.
    lock: Option<File>,
    kept: bool,
}

impl Aside {
    /// Makes an empty one in a directory, that is nobody else's.
    pub fn begin(location: &Path) -> io::Result<Self> {
        for _ in 0..TRIES {
            let path = location.join(random_name());
            std::fs::create_dir(&path)?;
            if let Some((path, lock)) = claim(path)? {
                return Ok(Self { path, lock, kept: false });
            }
        }
        Err(io::ErrorKind::ResourceBusy.into())
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Leaves what is there: it has another name by now.
    pub fn keep(mut self) {
        self.kept = true;
        self.lock = None;
    }
}

impl Drop for Aside {
    fn drop(&mut self) {
        if !self.kept {
            // A place that is gone cannot be cleaned; the reason has been told already.
            drop(std::fs::remove_dir_all(&self.path));
        }
    }
}

/// A hidden file, removed when this is dropped.
#[derive(Debug)]
pub struct AsideFile {
    path: PathBuf,
    /// Held until it has its name.
    lock: Option<File>,
}

impl AsideFile {
    /// Makes an empty one beside the place that it is for.
    pub fn begin(target: &Path) -> io::Result<Self> {
        for _ in 0..TRIES {
            let path = target.with_file_name(random_name());
            File::create_new(&path)?;
            if let Some((path, lock)) = claim(path)? {
                return Ok(Self { path, lock });
            }
        }
        Err(io::ErrorKind::ResourceBusy.into())
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Opens it for writing.
    pub fn file(&self) -> io::Result<File> {
        File::options().write(true).open(&self.path)
    }
}

impl Drop for AsideFile {
    fn drop(&mut self) {
        // After a rename it is not there any more.
        drop(std::fs::remove_file(&self.path));
        self.lock = None;
    }
}

/// Removes from a directory what builders left that were killed. No harm if that fails.
pub fn clear(location: &Path) {
    let Ok(entries) = std::fs::read_dir(location) else { return };
    for entry in entries.flatten() {
        let name = entry.file_name();
        let name = name.to_string_lossy();
        if !name.starts_with(PREFIX) || name.ends_with(UNLOCKED) {
            continue;
        }
        let path = entry.path();
        let Ok(lock) = File::open(&path) else { continue };
        if lock.try_lock().is_ok() {
            let is_dir = entry.file_type().is_ok_and(|kind| kind.is_dir());
            let remove = if is_dir { std::fs::remove_dir_all } else { std::fs::remove_file };
            drop(remove(&path));
        }
    }
}

fn random_name() -> String {
    format!("{PREFIX}{:012x}", fastrand::u64(..) >> 16)
}

/// Locks what was just made. `None`: somebody took it for abandoned before that.
fn claim(path: PathBuf) -> io::Result<Option<(PathBuf, Option<File>)>> {
    let lock = match File::open(&path) {
        Ok(lock) => lock,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        // There are systems where directories cannot be opened.
        Err(_) => return unlocked(&path),
    };
    match lock.try_lock() {
        Ok(()) => {
            let is_ours = is_still(&path, &lock);
            Ok(is_ours.then_some((path, Some(lock))))
        }
        Err(TryLockError::WouldBlock) => Ok(None),
        Err(TryLockError::Error(_)) => unlocked(&path),
    }
}

/// Says whether a path still leads to an open file or directory.
pub(crate) fn is_still(path: &Path, file: &File) -> bool {
    let at_path = path.metadata().map(|metadata| Fingerprint::of(&metadata).inode);
    let open = file.metadata().map(|metadata| Fingerprint::of(&metadata).inode);
    at_path.ok().zip(open.ok()).is_some_and(|(there, open)| there == open)
}

/// Gives it a name that says so.
fn unlocked(path: &Path) -> io::Result<Option<(PathBuf, Option<File>)>> {
    let mut name = path.as_os_str().to_owned();
    name.push(UNLOCKED);
    std::fs::rename(path, &name)?;
    Ok(Some((name.into(), None)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(dir: &Path) -> usize {
        std::fs::read_dir(dir).unwrap().count()
    }

    #[test]
    fn what_is_being_built_is_left_alone_and_what_was_left_goes() {
        let folder = tempfile::tempdir().unwrap();
        let dir = folder.path();
        let tree = Aside::begin(dir).unwrap();
        let file = AsideFile::begin(&dir.join("pack.zip")).unwrap();
        std::fs::create_dir_all(dir.join(".shaman-copy-00000000000a/tex")).unwrap();
        std::fs::write(dir.join(".shaman-copy-00000000000b"), "half").unwrap();
        std::fs::create_dir(dir.join(".shaman-copy-00000000000c-unlocked")).unwrap();
        std::fs::create_dir(dir.join("shot_010")).unwrap();
        clear(dir);
        assert!(tree.path().is_dir() && file.path().is_file());
        assert_eq!(names(dir), 4, "two are being built, one may be, one is somebody else's");
        drop((tree, file));
        assert_eq!(names(dir), 2);
    }

    #[test]
    fn what_has_its_name_stays_and_is_not_locked_any_more() {
        let folder = tempfile::tempdir().unwrap();
        let tree = Aside::begin(folder.path()).unwrap();
        let target = folder.path().join("shot_010");
        std::fs::rename(tree.path(), &target).unwrap();
        tree.keep();
        assert!(File::open(&target).unwrap().try_lock().is_ok());
    }
}
