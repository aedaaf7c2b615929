//! Checkouts of symbolic links.

use std::fs;
use std::io;
use std::os::unix::fs::symlink;
use std::path::{Component, Path, PathBuf};

use super::{Blob, StockStore};

/// How the targets of a checkout's links are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Links {
    /// From the link's directory, as since Flamenco 3.6.
    Relative,
    /// From the root of the file system, as before.
    Absolute,
}

impl StockStore {
    /// Makes a checkout at exactly this path, and gives where it is.
    ///
    /// Fails where something is in the way, and leaves what was made until then. Whether the blobs
    /// are stored is not asked: dangling links are made too.
    pub fn check_out(
        &self,
        checkout: &str,
        files: &[(&str, &Blob)],
        links: Links,
    ) -> io::Result<PathBuf> {
        let folder = self.jobs().join(checkout);
        fs::create_dir_all(&folder)?;
        for (path, blob) in files {
            self.link(&folder.join(path), blob, links)?;
        }
        Ok(folder)
    }

    /// Makes one link; a link with the same target may be there already.
    pub(crate) fn link(&self, at: &Path, blob: &Blob, links: Links) -> io::Result<()> {
        let at = clean(at);
        let parent = at.parent().ok_or(io::ErrorKind::InvalidInput)?;
        fs::create_dir_all(parent)?;
        let blob = self.blob_path(blob);
        let target = match links {
            Links::Relative => relative(parent, &blob),
            Links::Absolute => blob,
        };
        match symlink(&target, &at) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                if fs::read_link(&at).ok() == Some(target) { Ok(()) } else { Err(error) }
            }
            other => other,
        }
    }
}

/// Lexical: `.` and `..` go, links are not looked at, as Go's `filepath.Join` does.
pub(crate) fn clean(path: &Path) -> PathBuf {
    let mut cleaned = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir => {
                cleaned.pop();
            }
            other => cleaned.push(other),
        }
    }
    cleaned
}

/// The way from one directory to a file, both absolute.
fn relative(from: &Path, to: &Path) -> PathBuf {
    let shared =
        from.components().zip(to.components()).take_while(|(left, right)| left == right).count();
    let up = from.components().skip(shared).map(|_| Component::ParentDir);
    up.chain(to.components().skip(shared)).collect()
}
