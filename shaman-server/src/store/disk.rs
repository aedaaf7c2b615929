//! `DiskError`: what failed, on which path, and why.

use std::io;
use std::path::{Path, PathBuf};

/// A file operation that failed: what we were doing, to which path, and why.
#[derive(Debug, thiserror::Error)]
#[error("cannot {action} `{}`", path.display())]
pub struct DiskError {
    action: &'static str,
    path: PathBuf,
    source: io::Error,
}

/// Whether a failure is for want of space.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FullDisk {
    /// The disk or a quota is full.
    Yes,
    /// Something else.
    No,
}

impl DiskError {
    /// A blob that was found, and then was not there.
    pub fn missing(blob: &str) -> Self {
        Self { action: "find blob", path: blob.into(), source: io::ErrorKind::NotFound.into() }
    }

    /// Says whether the disk was full.
    pub fn full_disk(&self) -> FullDisk {
        match self.source.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => FullDisk::Yes,
            _ => FullDisk::No,
        }
    }

    /// Says whether the system refuses hard links here, whatever is tried.
    pub(super) fn is_refused_link(&self) -> bool {
        use rustix::io::Errno;
        let refused = [Errno::XDEV, Errno::PERM, Errno::ACCESS, Errno::NOTSUP, Errno::NOSYS];
        let code = self.source.raw_os_error();
        refused.iter().any(|errno| code == Some(errno.raw_os_error()))
    }

    /// What kind of failure the system reported.
    pub fn kind(&self) -> io::ErrorKind {
        self.source.kind()
    }
}

/// Adds action and path to a failed file operation.
pub(super) trait During<T> {
    fn during(self, action: &'static str, path: &Path) -> Result<T, DiskError>;
}

impl<T, E: Into<io::Error>> During<T> for Result<T, E> {
    fn during(self, action: &'static str, path: &Path) -> Result<T, DiskError> {
        self.map_err(|source| DiskError { action, path: path.to_owned(), source: source.into() })
    }
}
