//! Directories opened one by one, so that no link leads elsewhere.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::Path;

use rustix::fs::{Mode, OFlags};
use rustix::io::Errno;

use super::disk::{DiskError, During as _};

const DIR: OFlags = OFlags::RDONLY.union(OFlags::DIRECTORY).union(OFlags::CLOEXEC);

/// Mode of new directories, before the umask.
pub(super) const DIR_MODE: Mode = Mode::from_raw_mode(0o777);

/// Opens a directory of the storage itself; links in the way to the storage are followed.
pub(super) fn open(path: &Path) -> Result<OwnedFd, DiskError> {
    rustix::fs::open(path, DIR, Mode::empty()).during("open directory", path)
}

/// Opens a directory inside another; a link is refused with `ELOOP` or `ENOTDIR`.
pub(super) fn open_at(parent: impl AsFd, name: &str) -> Result<OwnedFd, Errno> {
    rustix::fs::openat(parent, name, DIR | OFlags::NOFOLLOW, Mode::empty())
}

/// Opens a directory inside another, making it when it is not there; a link is refused.
pub(super) fn open_or_make_at(parent: impl AsFd, name: &str) -> Result<OwnedFd, Errno> {
    open_or_make(parent.as_fd(), name, DIR | OFlags::NOFOLLOW)
}

/// The same for a directory of the storage itself, which may be a link.
pub(super) fn open_or_make_root(parent: impl AsFd, name: &str) -> Result<OwnedFd, Errno> {
    open_or_make(parent.as_fd(), name, DIR)
}

fn open_or_make(parent: BorrowedFd<'_>, name: &str, flags: OFlags) -> Result<OwnedFd, Errno> {
    // Somebody may remove an empty directory between making and opening it: try again.
    for _ in 0..16 {
        match rustix::fs::openat(parent, name, flags, Mode::empty()) {
            Err(Errno::NOENT) => match rustix::fs::mkdirat(parent, name, DIR_MODE) {
                Ok(()) | Err(Errno::EXIST) => {}
                Err(errno) => return Err(errno),
            },
            opened => return opened,
        }
    }
    Err(Errno::NOENT)
}
