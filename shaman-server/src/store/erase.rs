//! Taking a checkout away: one rename, then nobody sees it.

use std::io::Read as _;
use std::os::fd::OwnedFd;
use std::os::unix::fs::MetadataExt as _;
use std::path::PathBuf;

use rustix::fs::{AtFlags, Mode, OFlags, RenameFlags, openat, renameat_with, statat, unlinkat};
use rustix::io::Errno;
use shaman_proto::{CheckoutPath, MANIFEST_FILE, Manifest};

use super::blobs::link_count;
use super::disk::{DiskError, During as _};
use super::{Store, dirs};

/// How taking a checkout away went.
#[derive(Debug)]
pub enum Removal {
    /// It is out of sight; dropped, this deletes what is left of it.
    Removed(RemovedTree),
    /// Somebody had removed its directory before.
    WasGone,
    /// There is a directory, but not the one that we made; it was not touched.
    NotOurs,
}

/// A tree that nobody sees any more.
#[derive(Debug)]
pub struct RemovedTree {
    path: PathBuf,
}

impl RemovedTree {
    /// Its manifest; `None`: somebody took that away.
    pub fn manifest(&self) -> Result<Option<Manifest>, DiskError> {
        super::manifests::read(&self.path.join(MANIFEST_FILE))
    }
}

impl Drop for RemovedTree {
    fn drop(&mut self) {
        // What cannot be removed now goes at the next start.
        if let Err(error) = std::fs::remove_dir_all(&self.path) {
            tracing::warn!(%error, path = %self.path.display(), "cannot remove an erased checkout now");
        }
    }
}

impl Store {
    /// Says whether we made a checkout at exactly this path.
    pub fn has_checkout(&self, checkout: &CheckoutPath) -> Result<bool, DiskError> {
        self.is_claimed(checkout)
    }

    /// What tells the checkout that we made at exactly this path from one that is made there later;
    /// `None` when there is none.
    pub fn checkout_mark(&self, checkout: &CheckoutPath) -> Result<Option<String>, DiskError> {
        let path = self.layout.manifest(checkout);
        match mark_of(&path)? {
            None if self.is_claimed_lately(&path) => mark_of(&path),
            mark => Ok(mark),
        }
    }

    /// Takes the checkout at exactly this path out of sight and gives up its manifest. Empty
    /// directories above it go too, `jobs` itself never. Blobs stay: only a sweep removes them.
    ///
    /// With a mark, only the checkout that has it is removed.
    ///
    /// On failure the checkout is as before, or out of sight with its manifest left, which the
    /// next start removes.
    pub fn remove_checkout(
        &self,
        checkout: &CheckoutPath,
        mark: Option<&str>,
    ) -> Result<Removal, DiskError> {
        let path = self.layout.jobs().join(checkout.as_str());
        let parts: Vec<&str> = checkout.components().collect();
        let (name, parents) = parts.split_last().expect("a checkout path has a component");
        self.ask_for(checkout);
        let jobs = self.open_jobs()?;
        let mut opened: Vec<OwnedFd> = Vec::new();
        for part in parents {
            match dirs::open_at(opened.last().unwrap_or(&jobs), part) {
                Ok(dir) => opened.push(dir),
                Err(Errno::NOENT | Errno::NOTDIR | Errno::LOOP) => {
                    self.remove_orphan(checkout)?;
                    return Ok(Removal::WasGone);
                }
                failed @ Err(_) => failed.map(drop).during("open directory", &path)?,
            }
        }
        let parent = opened.last().unwrap_or(&jobs);
        match self.is_ours(parent, name, checkout) {
            Ok(true) => {}
            Ok(false) => return Ok(Removal::NotOurs),
            Err(Errno::NOENT) => {
                self.remove_orphan(checkout)?;
                return Ok(Removal::WasGone);
            }
            failed @ Err(_) => failed.map(drop).during("look at", &path)?,
        }
        let aside = self.unique();
        match rename_to_new(parent, name, &self.staging, &aside) {
            // Another erase was faster.
            Err(Errno::NOENT) => {
                self.remove_orphan(checkout)?;
                return Ok(Removal::WasGone);
            }
            renamed => renamed.during("take away", &path)?,
        }
        let taken = self.layout.staging().join(&aside);
        // Between the look and the rename another server may have erased it, and made a new one.
        if let Some(mark) = mark
            && mark_of(&taken.join(MANIFEST_FILE))?.is_some_and(|there| there != mark)
        {
            rename_to_new(&self.staging, &aside, parent, name).during("put back", &path)?;
            return Ok(Removal::NotOurs);
        }
        let removed = RemovedTree { path: taken };
        self.remove_manifest(checkout)?;
        remove_empty(&jobs, &opened, parents);
        Ok(Removal::Removed(removed))
    }

    /// Removes the empty directories above a checkout, `jobs` itself never.
    pub(super) fn prune(&self, checkout: &CheckoutPath) -> Result<(), DiskError> {
        let parts: Vec<&str> = checkout.components().collect();
        let parents = parts.split_last().map_or(&[][..], |(_, parents)| parents);
        let jobs = self.open_jobs()?;
        let mut opened: Vec<OwnedFd> = Vec::new();
        for part in parents {
            match dirs::open_at(opened.last().unwrap_or(&jobs), part) {
                Ok(dir) => opened.push(dir),
                // Less is there than that, or something else.
                Err(_) => break,
            }
        }
        remove_empty(&jobs, &opened, &parents[..opened.len()]);
        Ok(())
    }

    /// Compares the manifest inside the directory with the one that claims the path: they are one
    /// file with two names. Where files have no numbers that say so (SMB), they have the same bytes.
    fn is_ours(
        &self,
        parent: &OwnedFd,
        name: &str,
        checkout: &CheckoutPath,
    ) -> Result<bool, Errno> {
        let dir = match dirs::open_at(parent, name) {
            Err(Errno::LOOP | Errno::NOTDIR) => return Ok(false),
            opened => opened?,
        };
        let inside = match statat(&dir, MANIFEST_FILE, AtFlags::SYMLINK_NOFOLLOW) {
            Err(Errno::NOENT) => return Ok(false),
            found => found?,
        };
        let claim = match rustix::fs::lstat(self.layout.manifest(checkout)) {
            Err(Errno::NOENT) => return Ok(false),
            found => found?,
        };
        if (inside.st_dev, inside.st_ino) == (claim.st_dev, claim.st_ino) {
            return Ok(true);
        }
        if self.is_ours_alone() || inside.st_size != claim.st_size {
            return Ok(false);
        }
        let bytes = |file: Result<OwnedFd, Errno>| {
            let mut bytes = Vec::new();
            std::fs::File::from(file?).read_to_end(&mut bytes).ok();
            Ok::<_, Errno>(bytes)
        };
        let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let inside = openat(&dir, MANIFEST_FILE, flags, Mode::empty());
        let claim = rustix::fs::open(self.layout.manifest(checkout), flags, Mode::empty());
        Ok(bytes(inside)? == bytes(claim)?)
    }

    /// Removes the manifest of a tree that is gone. One that still has another name belongs to a
    /// create that is about to put its tree there.
    fn remove_orphan(&self, checkout: &CheckoutPath) -> Result<(), DiskError> {
        match link_count(&self.layout.manifest(checkout))? {
            // Else the next start does it.
            Some(1) if self.abilities.counts_names() => self.remove_manifest(checkout),
            _ => Ok(()),
        }
    }

    fn remove_manifest(&self, checkout: &CheckoutPath) -> Result<(), DiskError> {
        let path = self.layout.manifest(checkout);
        match std::fs::remove_file(&path) {
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => Ok(()),
            removed => removed.during("remove", &path),
        }
    }
}

/// Renames to a name that nobody has; where the system cannot say so, to one that nobody should have.
fn rename_to_new(from: &OwnedFd, name: &str, to: &OwnedFd, new: &str) -> Result<(), Errno> {
    match renameat_with(from, name, to, new, RenameFlags::NOREPLACE) {
        Err(Errno::INVAL | Errno::NOSYS | Errno::NOTSUP) => {
            rustix::fs::renameat(from, name, to, new)
        }
        renamed => renamed,
    }
}

/// Removes directories from the innermost outwards, until one is not empty; `opened` are those of
/// `names`, one in the other.
fn remove_empty(jobs: &OwnedFd, opened: &[OwnedFd], names: &[&str]) {
    for (depth, name) in names.iter().enumerate().rev() {
        let above = if depth == 0 { jobs } else { &opened[depth - 1] };
        if unlinkat(above, *name, AtFlags::REMOVEDIR).is_err() {
            break;
        }
    }
}

/// What tells one manifest from another.
fn mark_of(path: &std::path::Path) -> Result<Option<String>, DiskError> {
    match std::fs::symlink_metadata(path) {
        // What every file system keeps: some make up inodes, some round times.
        Ok(meta) => Ok(Some(format!("{} {}", meta.mtime(), meta.len()))),
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => Ok(None),
        failed @ Err(_) => failed.map(|_| None).during("look at", path),
    }
}
