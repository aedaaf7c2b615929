//! `Tree`: a checkout's directories and links, built aside.

use std::os::fd::OwnedFd;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use rustix::fs::{AtFlags, linkat};
use rustix::io::Errno;
use shaman_proto::{BlobRef, CheckoutPath, ManifestEntry};

use super::Store;
use super::dirs;
use super::disk::{DiskError, During as _};
use super::layout::blob_below_stored;
use super::placing;

/// Threads that make links. ext4 makes 75,000 links a second with one and twice that with two
/// when they work in different directories; beyond four the journal is the limit.
const LINKERS_MAX: usize = 4;

/// A complete tree in `staging/`, seen by nobody. Dropped unpublished, it goes away.
#[derive(Debug)]
pub struct Tree {
    pub(super) name: String,
    pub(super) path: PathBuf,
    pub(super) root: OwnedFd,
    /// Whether all files lie at its root.
    pub(super) flat: bool,
    pub(super) published: bool,
}

/// Why a tree could not be built. Nothing of it is left.
#[derive(Debug, thiserror::Error)]
pub enum LinkError {
    /// A blob vanished, or was never there.
    #[error("blob {0} is missing")]
    Missing(BlobRef),
    /// A file operation failed.
    #[error(transparent)]
    Disk(#[from] DiskError),
}

impl Store {
    /// Builds the tree of these files (sorted, as `Manifest::arrange` gives them): directories made
    /// once, then links in parallel.
    ///
    /// `checkout` is where it will stand, or beside that.
    pub fn build_tree(
        &self,
        files: &[ManifestEntry],
        checkout: &CheckoutPath,
    ) -> Result<Tree, LinkError> {
        let name = self.unique();
        let path = self.layout.staging().join(&name);
        rustix::fs::mkdirat(&self.staging, &name, dirs::DIR_MODE)
            .during("make directory", &path)?;
        let root = dirs::open_at(&self.staging, &name).during("open directory", &path)?;
        let mut tree = Tree { name, path, root, flat: true, published: false };
        let groups = by_directory(files);
        for group in &groups {
            // Sorted: parents come first, so each step of `make_below` finds all but the last.
            if !group.directory.is_empty() {
                tree.make_below(group.directory)?;
                tree.flat = false;
            }
        }
        if self.link_groups(&tree, &groups, placing::depth(checkout))? {
            self.flush_all()?;
        }
        Ok(tree)
    }

    /// Makes all files; `true`: some have bytes of their own, which are not flushed.
    fn link_groups(
        &self,
        tree: &Tree,
        groups: &[Group<'_>],
        depth: usize,
    ) -> Result<bool, LinkError> {
        let next = AtomicUsize::new(0);
        let has_copies = AtomicBool::new(false);
        let failure = Mutex::new(None);
        let work = || {
            while let Some(group) = groups.get(next.fetch_add(1, Ordering::Relaxed)) {
                if let Err(error) = self.link_group(tree, group, depth, &has_copies) {
                    // Nobody else takes a further group.
                    next.store(groups.len(), Ordering::Relaxed);
                    failure.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(error);
                }
            }
        };
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let files: usize = groups.iter().map(|g| g.files.len()).sum();
        // A thread costs about as much as some hundred links.
        let helpers =
            cores.min(LINKERS_MAX).min(groups.len()).min(files / 500 + 1).saturating_sub(1);
        std::thread::scope(|scope| {
            for _ in 0..helpers {
                scope.spawn(work);
            }
            work();
        });
        match failure.into_inner().unwrap_or_else(PoisonError::into_inner) {
            Some(error) => Err(error),
            None => Ok(has_copies.into_inner()),
        }
    }

    fn link_group(
        &self,
        tree: &Tree,
        group: &Group<'_>,
        depth: usize,
        has_copies: &AtomicBool,
    ) -> Result<(), LinkError> {
        let opened;
        let dir = if group.directory.is_empty() {
            &tree.root
        } else {
            opened =
                dirs::open_at(&tree.root, group.directory).during("open directory", &tree.path)?;
            &opened
        };
        let below = group.directory.split('/').filter(|part| !part.is_empty()).count();
        for file in group.files {
            if self.place(&file.blob(), &file.path, dir, depth + below)? {
                has_copies.store(true, Ordering::Relaxed);
            }
        }
        Ok(())
    }

    /// Gives a blob one more name.
    pub(super) fn link_blob(
        &self,
        blob: &BlobRef,
        dir: &OwnedFd,
        name: &str,
    ) -> Result<(), LinkError> {
        match linkat(&self.stored, blob_below_stored(blob), dir, name, AtFlags::empty()) {
            Ok(()) => Ok(()),
            Err(Errno::NOENT) => Err(LinkError::Missing(*blob)),
            Err(Errno::MLINK) => self.link_fresh_copy(blob, dir, name),
            Err(errno) => Ok(Err(errno).during(linking(errno), &self.layout.blob(blob))?),
        }
    }

    /// Links a blob that has as many names as the file system allows (65,000 on ext4): the blob
    /// gets a fresh inode under the same name, and older checkouts keep the old one.
    fn link_fresh_copy(&self, blob: &BlobRef, dir: &OwnedFd, name: &str) -> Result<(), LinkError> {
        // Of those that come here at once one makes the copy; a copy that another one replaces
        // before it has a second name cannot be linked any more.
        let _one_at_a_time = self.renewing.lock().unwrap_or_else(PoisonError::into_inner);
        let link = || linkat(&self.stored, blob_below_stored(blob), dir, name, AtFlags::empty());
        let mut linked = link();
        if linked == Err(Errno::MLINK) {
            self.renew(blob)?;
            linked = link();
        }
        match linked {
            // Another server was at it, too: whoever wanted this tries again.
            Err(Errno::NOENT) => Err(LinkError::Missing(*blob)),
            linked => Ok(linked.during("link", &self.layout.blob(blob))?),
        }
    }

    /// Puts a copy of a blob in its place.
    fn renew(&self, blob: &BlobRef) -> Result<(), DiskError> {
        let path = self.layout.blob(blob);
        let fresh = self.layout.staging().join(format!("{}.blob", self.unique()));
        let copied = std::fs::copy(&path, &fresh)
            .and_then(|_| {
                let copy = std::fs::File::open(&fresh)?;
                // The clock of the sweep goes on, and nobody seems to have written to it.
                let modified = std::fs::metadata(&path)?.modified()?;
                copy.set_times(std::fs::FileTimes::new().set_modified(modified))?;
                copy.sync_all()
            })
            .and_then(|()| std::fs::rename(&fresh, &path))
            .during("renew", &path);
        if copied.is_err() {
            drop(std::fs::remove_file(&fresh));
        }
        copied
    }
}

/// What failed when a link could not be made, and what to do about it.
pub(super) fn linking(errno: Errno) -> &'static str {
    match errno {
        Errno::XDEV => {
            "link (`file-store` and `jobs` have to be on one file system, and below one mount)"
        }
        Errno::PERM | Errno::ACCESS => {
            "link (the file system has no hard links, or blobs belong to another user and `fs.protected_hardlinks` is on: let the server's user own them)"
        }
        Errno::NOTSUP | Errno::NOSYS => {
            "link (the file system has no hard links: put the storage on ext4, XFS, btrfs, NFS or another one that has them)"
        }
        _ => "link",
    }
}

impl Tree {
    /// Makes the directory `below` (its parents may be there) inside the tree.
    fn make_below(&self, below: &str) -> Result<(), DiskError> {
        match rustix::fs::mkdirat(&self.root, below, dirs::DIR_MODE) {
            Ok(()) | Err(Errno::EXIST) => return Ok(()),
            Err(Errno::NOENT) => {}
            failed @ Err(_) => failed.during("make directory", &self.path.join(below))?,
        }
        let mut parent = String::new();
        for part in below.split('/') {
            if !parent.is_empty() {
                parent.push('/');
            }
            parent.push_str(part);
            match rustix::fs::mkdirat(&self.root, &parent, dirs::DIR_MODE) {
                Ok(()) | Err(Errno::EXIST) => {}
                failed @ Err(_) => failed.during("make directory", &self.path.join(&parent))?,
            }
        }
        Ok(())
    }
}

impl Drop for Tree {
    fn drop(&mut self) {
        if !self.published {
            drop(std::fs::remove_dir_all(&self.path));
        }
    }
}

/// The files of one directory.
struct Group<'a> {
    directory: &'a str,
    files: &'a [ManifestEntry],
}

fn by_directory(files: &[ManifestEntry]) -> Vec<Group<'_>> {
    files
        .chunk_by(|a, b| a.path.split().0 == b.path.split().0)
        .map(|files| Group { directory: files[0].path.split().0, files })
        .collect()
}
