//! How the files of a checkout come to be: hard links, unless somebody wants it otherwise.

use std::os::fd::OwnedFd;

use glob::{MatchOptions, Pattern};
use rustix::fs::{Mode, OFlags, openat, symlinkat, unlinkat};
use rustix::io::Errno;
use shaman_proto::{BlobRef, CheckoutPath, FilePath};

use super::Store;
use super::disk::During as _;
use super::layout::{FILE_STORE, STORED, blob_below_stored};
use super::tree::LinkError;

/// What a file of a checkout is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum LinkPolicy {
    /// One more name of the blob.
    #[default]
    Hardlink,
    /// A file of its own that shares its bytes with the blob until one of them is written to.
    Clone,
    /// A relative symlink to the blob.
    Symlink,
    /// A file with bytes of its own.
    Copy,
    /// A hard link; a clone where that is refused, and a copy where that is refused too.
    Auto,
}

/// How to make each file.
#[derive(Debug, Clone, Default)]
pub struct Placing {
    /// Most files.
    pub policy: LinkPolicy,
    /// Files that tools modify, by name or by path in the checkout: they are clones or copies.
    pub copies: Vec<Pattern>,
}

/// A file that tools may write to has the mode that new files have.
const OWN_MODE: Mode = Mode::from_raw_mode(0o644);

impl Placing {
    fn of(&self, path: &FilePath) -> LinkPolicy {
        let options = MatchOptions { require_literal_separator: true, ..MatchOptions::default() };
        let (_, name) = path.split();
        let is_own = self.copies.iter().any(|pattern| {
            pattern.matches_with(name, options) || pattern.matches_with(path.as_str(), options)
        });
        if is_own { LinkPolicy::Clone } else { self.policy }
    }
}

impl Store {
    /// Makes a file of a checkout in `dir`, which is to be at `depth` below the checkout root.
    /// `true`: it has bytes of its own, which are not flushed.
    pub(super) fn place(
        &self,
        blob: &BlobRef,
        path: &FilePath,
        dir: &OwnedFd,
        depth: usize,
    ) -> Result<bool, LinkError> {
        let (_, name) = path.split();
        match self.placing.of(path) {
            LinkPolicy::Hardlink => self.link_blob(blob, dir, name).map(|()| false),
            LinkPolicy::Symlink => self.symlink_blob(blob, dir, name, depth).map(|()| false),
            LinkPolicy::Clone => self.clone_blob(blob, dir, name, CopyToo::Yes).map(|()| true),
            LinkPolicy::Copy => self.clone_blob(blob, dir, name, CopyToo::Only).map(|()| true),
            LinkPolicy::Auto => match self.link_blob(blob, dir, name) {
                Err(LinkError::Disk(error)) if error.is_refused_link() => {
                    self.clone_blob(blob, dir, name, CopyToo::Yes).map(|()| true)
                }
                linked => linked.map(|()| false),
            },
        }
    }

    fn symlink_blob(
        &self,
        blob: &BlobRef,
        dir: &OwnedFd,
        name: &str,
        depth: usize,
    ) -> Result<(), LinkError> {
        // Workers may see the storage elsewhere, so nothing above it is named.
        let up = "../".repeat(depth + 1);
        let target = format!("{up}{FILE_STORE}/{STORED}/{}", blob_below_stored(blob));
        // A symlink to nothing could be made, too.
        self.open_blob(blob)?;
        Ok(symlinkat(&*target, dir, name).during("make symlink", &self.layout.blob(blob))?)
    }

    fn open_blob(&self, blob: &BlobRef) -> Result<std::fs::File, LinkError> {
        let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        match openat(&self.stored, blob_below_stored(blob), flags, Mode::empty()) {
            Ok(file) => Ok(file.into()),
            Err(Errno::NOENT) => Err(LinkError::Missing(*blob)),
            failed @ Err(_) => {
                Ok(failed.map(Into::into).during("open", &self.layout.blob(blob))?)
            }
        }
    }

    fn clone_blob(
        &self,
        blob: &BlobRef,
        dir: &OwnedFd,
        name: &str,
        copy: CopyToo,
    ) -> Result<(), LinkError> {
        let shown = self.layout.blob(blob);
        let mut from = self.open_blob(blob)?;
        let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::CLOEXEC;
        let to = openat(dir, name, flags, OWN_MODE).during("make a copy of", &shown)?;
        let mut to = std::fs::File::from(to);
        let is_cloned = copy == CopyToo::Yes && rustix::fs::ioctl_ficlone(&to, &from).is_ok();
        if !is_cloned {
            let copied = std::io::copy(&mut from, &mut to);
            let is_whole = matches!(copied, Ok(bytes) if bytes == blob.size.bytes());
            if !is_whole {
                // The tree goes away as a whole; this only makes room sooner.
                unlinkat(dir, name, rustix::fs::AtFlags::empty()).ok();
            }
            copied.during("copy", &shown)?;
            if !is_whole {
                // Somebody cut it short meanwhile: then it is no blob any more.
                return Err(LinkError::Missing(*blob));
            }
        }
        if !self.can_flush_all() {
            to.sync_all().during("flush a copy of", &shown)?;
        }
        Ok(())
    }
}

/// Whether bytes may be copied where they cannot be shared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum CopyToo {
    Yes,
    /// They are copied in any case.
    Only,
}

/// How deep the files of a checkout's root lie below the checkout root.
pub(super) fn depth(checkout: &CheckoutPath) -> usize {
    checkout.components().count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_glob_is_of_a_name_or_of_a_path() {
        let copies = ["*.blend1", "caches/*"].map(|text| Pattern::new(text).unwrap()).into();
        let placing = Placing { policy: LinkPolicy::Hardlink, copies };
        let of = |path: &str| placing.of(&path.parse().unwrap());
        assert_eq!(of("shots/a.blend1"), LinkPolicy::Clone);
        assert_eq!(of("caches/a.vdb"), LinkPolicy::Clone);
        assert_eq!(of("caches/deep/a.vdb"), LinkPolicy::Hardlink);
        assert_eq!(of("a.blend"), LinkPolicy::Hardlink);
    }
}
