//! Damaged files in checkouts → links to the good blob.
//!
//! Link the blob aside → exchange both names → look at what came out → remove it. A name in the
//! checkout always is one of the two files, and a tree that is being erased meanwhile gets no new
//! name.

use std::os::fd::OwnedFd;

use rustix::fs::{AtFlags, RenameFlags, renameat_with, statat, unlinkat};
use rustix::io::Errno;
use shaman_proto::{BlobRef, CheckoutPath, FilePath};

use super::disk::{DiskError, During as _};
use super::{LinkError, Store, dirs};

/// How the relinking of a file ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Relinked {
    /// It is the good blob now.
    Done,
    /// The damaged file does not stand there (any more).
    NotThere,
}

impl Store {
    /// Says whether exactly this file (device, inode) stands at a path of a checkout.
    pub fn stands_at(
        &self,
        checkout: &CheckoutPath,
        file: &FilePath,
        sought: (u64, u64),
    ) -> Result<bool, DiskError> {
        Ok(self.open_parent(checkout, file, sought)?.is_some())
    }

    /// Size of what stands at a path of a checkout, through a symlink too; `None`: nothing does.
    pub fn size_in_checkout(
        &self,
        checkout: &CheckoutPath,
        file: &FilePath,
    ) -> Result<Option<u64>, DiskError> {
        let shown = self.layout.jobs().join(checkout.as_str()).join(file.as_str());
        let Some(dir) = self.open_directory_of(checkout, file)? else { return Ok(None) };
        match statat(&dir, file.split().1, AtFlags::empty()) {
            Ok(stat) => Ok(u64::try_from(stat.st_size).ok()),
            Err(Errno::NOENT | Errno::NOTDIR | Errno::LOOP) => Ok(None),
            failed @ Err(_) => failed.map(|_| None).during("look at", &shown),
        }
    }

    /// Puts a good blob where a damaged file (device, inode) stands in a checkout. The blob has to
    /// be flushed; the name is not yet where [`Store::flush_all`] does it for many.
    pub fn relink(
        &self,
        checkout: &CheckoutPath,
        file: &FilePath,
        blob: &BlobRef,
        damaged: (u64, u64),
    ) -> Result<Relinked, LinkError> {
        let Some(dir) = self.open_parent(checkout, file, damaged)? else {
            return Ok(Relinked::NotThere);
        };
        let (_, name) = file.split();
        let shown = self.layout.jobs().join(checkout.as_str()).join(file.as_str());
        let aside = format!("{}.blob", self.unique());
        self.link_blob(blob, &self.staging, &aside)?;
        let outcome = self.exchange(&aside, &dir, name, damaged).during("relink", &shown);
        match unlinkat(&self.staging, &aside, AtFlags::empty()) {
            Err(Errno::NOENT) => {}
            removed => removed.during("remove", &self.layout.staging().join(&aside))?,
        }
        let outcome = outcome?;
        if outcome == Relinked::Done && !self.can_flush_all() {
            rustix::fs::fsync(&dir).during("flush the directory of", &shown)?;
        }
        Ok(outcome)
    }

    fn exchange(
        &self,
        aside: &str,
        dir: &OwnedFd,
        name: &str,
        damaged: (u64, u64),
    ) -> Result<Relinked, Errno> {
        let swap = || renameat_with(&self.staging, aside, dir, name, RenameFlags::EXCHANGE);
        match swap() {
            Ok(()) => {
                if id_at(&self.staging, aside)? == Some(damaged) {
                    return Ok(Relinked::Done);
                }
                // Somebody put something else there meanwhile: it gets its place back.
                swap()?;
                Ok(Relinked::NotThere)
            }
            Err(Errno::NOENT) => Ok(Relinked::NotThere),
            // A file system without it.
            Err(Errno::INVAL | Errno::NOSYS | Errno::NOTSUP) => {
                if id_at(dir, name)? != Some(damaged) {
                    return Ok(Relinked::NotThere);
                }
                rustix::fs::renameat(&self.staging, aside, dir, name)?;
                Ok(Relinked::Done)
            }
            Err(errno) => Err(errno),
        }
    }

    /// Opens the directory of a checkout's file if exactly the file that is sought stands there.
    fn open_parent(
        &self,
        checkout: &CheckoutPath,
        file: &FilePath,
        sought: (u64, u64),
    ) -> Result<Option<OwnedFd>, DiskError> {
        let shown = self.layout.jobs().join(checkout.as_str()).join(file.as_str());
        let Some(dir) = self.open_directory_of(checkout, file)? else { return Ok(None) };
        let is_it = id_at(&dir, file.split().1).during("look at", &shown)? == Some(sought);
        Ok(is_it.then_some(dir))
    }

    /// Opens the directory of a checkout's file; one that is a link is none.
    fn open_directory_of(
        &self,
        checkout: &CheckoutPath,
        file: &FilePath,
    ) -> Result<Option<OwnedFd>, DiskError> {
        let below = file.split().0.split('/').filter(|part| !part.is_empty());
        let mut dir = self.open_jobs()?;
        for part in checkout.components().chain(below) {
            match dirs::open_at(&dir, part) {
                Ok(opened) => dir = opened,
                Err(Errno::NOENT | Errno::NOTDIR | Errno::LOOP) => return Ok(None),
                failed @ Err(_) => {
                    let shown = self.layout.jobs().join(checkout.as_str()).join(file.as_str());
                    failed.map(drop).during("open directory", &shown)?;
                }
            }
        }
        Ok(Some(dir))
    }
}

/// Device and inode of what has this name.
fn id_at(dir: &OwnedFd, name: &str) -> Result<Option<(u64, u64)>, Errno> {
    match statat(dir, name, AtFlags::SYMLINK_NOFOLLOW) {
        Ok(stat) => Ok(Some((stat.st_dev, stat.st_ino))),
        Err(Errno::NOENT) => Ok(None),
        Err(errno) => Err(errno),
    }
}
