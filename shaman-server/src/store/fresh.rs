//! Names that another machine gave or took away just now.
//!
//! The kernel remembers for a while which names a directory of a share has, and which it has not: on
//! NFS for up to a minute, on SMB for a second. What a client was told by one server has to be true
//! on the others, too.

use std::path::Path;

use rustix::fs::{Mode, OFlags};
use rustix::io::Errno;
use shaman_proto::{CheckoutPath, MANIFEST_FILE};

use super::Store;

impl Store {
    /// Says whether there is something at this path, and makes the kernel ask for it where other
    /// machines may change that. On a disk of our own it knows: always `true`.
    ///
    /// Its parents have to be asked for first.
    pub(super) fn is_there(&self, path: &Path) -> bool {
        if self.is_ours_alone() {
            return true;
        }
        let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
        match rustix::fs::open(path, flags, Mode::empty()) {
            // SMB asks for what is to be renamed. To its own name, that changes nothing.
            Err(Errno::NOENT) => std::fs::rename(path, path).is_ok(),
            // NFS asks whether a directory has changed when it is opened. What cannot be opened is
            // there, too.
            Ok(_) | Err(_) => true,
        }
    }

    /// Says whether there may be a manifest at this path that was not there a moment ago.
    pub(super) fn is_claimed_lately(&self, path: &Path) -> bool {
        !self.is_ours_alone() && self.is_there(&self.layout.manifests()) && self.is_there(path)
    }

    /// Makes the kernel ask for everything on the way to a checkout's manifest.
    pub(super) fn ask_for(&self, checkout: &CheckoutPath) {
        let mut path = self.layout.jobs();
        for part in checkout.components().chain([MANIFEST_FILE]) {
            path.push(part);
            if !self.is_there(&path) {
                break;
            }
        }
    }
}
