//! Checkouts: a tree moved into place by one rename.

use std::os::fd::OwnedFd;
use std::path::Path;

use rustix::fs::{AtFlags, Dir, FileType, RenameFlags, renameat_with, statat, unlinkat};
use rustix::io::Errno;
use shaman_proto::{CheckoutPath, MANIFEST_FILE};

use super::disk::{DiskError, During as _};
use super::flush::flush;
use super::manifests::StagedManifest;
use super::{Store, Tree, dirs};

/// A path that something else has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Taken {
    /// The component that is taken, 0 for the first. Not the last one when another checkout, a
    /// file or a link stands in the way.
    pub depth: usize,
}

impl Store {
    /// Says whether something stands at this path, or in the way to it. Only a guess until
    /// [`Store::publish`], which decides.
    pub fn is_taken(&self, checkout: &CheckoutPath) -> Result<Option<Taken>, DiskError> {
        let parts: Vec<&str> = checkout.components().collect();
        let path = self.layout.jobs().join(checkout.as_str());
        let mut parent = self.open_jobs()?;
        for (depth, part) in parts.iter().enumerate() {
            let at = &parent;
            if depth + 1 == parts.len() {
                let exists = match statat(at, *part, AtFlags::SYMLINK_NOFOLLOW) {
                    Ok(_) => true,
                    Err(Errno::NOENT) => self.is_claimed(checkout)?,
                    failed @ Err(_) => failed.map(|_| true).during("look at", &path)?,
                };
                return Ok(exists.then_some(Taken { depth }));
            }
            match dirs::open_at(at, part) {
                Ok(dir) if holds_files(&dir).during("list", &path)? => {
                    return Ok(Some(Taken { depth }));
                }
                Ok(dir) => parent = dir,
                Err(Errno::NOENT) => return Ok(None),
                Err(Errno::LOOP | Errno::NOTDIR) => return Ok(Some(Taken { depth })),
                failed @ Err(_) => failed.map(drop).during("open directory", &path)?,
            }
        }
        Ok(None)
    }

    /// Says whether there is a directory at this path that holds nothing but directories, of which
    /// there is at least one.
    pub fn is_directory_of_checkouts(&self, path: &CheckoutPath) -> Result<bool, DiskError> {
        let shown = self.layout.jobs().join(path.as_str());
        let mut dir = self.open_jobs()?;
        for part in path.components() {
            match dirs::open_at(&dir, part) {
                Ok(opened) => dir = opened,
                Err(Errno::NOENT | Errno::NOTDIR | Errno::LOOP) => return Ok(false),
                failed @ Err(_) => failed.map(drop).during("open directory", &shown)?,
            }
        }
        let is_empty = Dir::read_from(&dir)
            .and_then(|entries| {
                let names = entries.map(|entry| entry.map(|e| e.file_name().to_owned()));
                names.collect::<Result<Vec<_>, Errno>>()
            })
            .during("list", &shown)?
            .iter()
            .all(|name| matches!(name.to_bytes(), b"." | b".."));
        Ok(!is_empty && !holds_files(&dir).during("list", &shown)?)
    }

    /// Moves a tree to its checkout path; [`Store::flush_checkout`] makes it durable.
    ///
    /// The manifest goes into the tree, then claims the path under `manifests/`, then the tree is
    /// renamed: workers see nothing or all of it. `Err(Taken)` inside means that somebody else has
    /// the path, and nothing changed. On failure the claim is given up and the tree is as before.
    pub fn publish(
        &self,
        tree: &mut Tree,
        manifest: &StagedManifest,
        checkout: &CheckoutPath,
    ) -> Result<Result<(), Taken>, DiskError> {
        let path = self.layout.jobs().join(checkout.as_str());
        let last = checkout.components().count() - 1;
        let manifest_path = tree.path.join(MANIFEST_FILE);
        std::fs::hard_link(&manifest.path, &manifest_path).during("link", &manifest_path)?;
        let moved = self.claim(manifest, checkout).and_then(|claim| {
            let Some(claim) = claim else {
                return Ok(Err(Taken { depth: last }));
            };
            let moved = self.move_tree(tree, checkout, &path)?;
            if moved.is_ok() {
                claim.keep();
            }
            Ok(moved)
        });
        if !matches!(moved, Ok(Ok(()))) {
            std::fs::remove_file(&manifest_path).during("remove", &manifest_path)?;
        }
        let moved = moved?;
        tree.published = moved.is_ok();
        Ok(moved)
    }

    fn move_tree(
        &self,
        tree: &Tree,
        checkout: &CheckoutPath,
        path: &Path,
    ) -> Result<Result<(), Taken>, DiskError> {
        let parts: Vec<&str> = checkout.components().collect();
        let (name, parents) = parts.split_last().expect("a checkout path has a component");
        // A parent that is empty may be removed by whoever erases its last checkout: try again.
        for _ in 0..16 {
            let jobs = self.open_jobs()?;
            let mut opened: Vec<OwnedFd> = Vec::new();
            for (depth, part) in parents.iter().enumerate() {
                let at = opened.last().unwrap_or(&jobs);
                match dirs::open_or_make_at(at, part) {
                    Ok(dir) if holds_files(&dir).during("list", path)? => {
                        return Ok(Err(Taken { depth }));
                    }
                    Ok(dir) => opened.push(dir),
                    Err(Errno::LOOP | Errno::NOTDIR) => return Ok(Err(Taken { depth })),
                    failed @ Err(_) => failed.map(drop).during("make directory", path)?,
                }
            }
            let parent = opened.last().unwrap_or(&jobs);
            match self.rename_tree(tree, parent, name) {
                Ok(()) => return Ok(Ok(())),
                Err(Errno::EXIST | Errno::NOTEMPTY) => {
                    return Ok(Err(Taken { depth: parents.len() }));
                }
                Err(Errno::NOENT) => {}
                failed @ Err(_) => failed.during("put in place", path)?,
            }
        }
        Err(Errno::NOENT).during("put in place", path)
    }

    fn rename_tree(&self, tree: &Tree, parent: &OwnedFd, name: &str) -> Result<(), Errno> {
        match renameat_with(&self.staging, &tree.name, parent, name, RenameFlags::NOREPLACE) {
            Err(Errno::INVAL | Errno::NOSYS | Errno::NOTSUP) => {
                // A file system without it: an empty directory claims the name, and a rename over
                // an empty directory is atomic.
                rustix::fs::mkdirat(parent, name, dirs::DIR_MODE)?;
                let renamed = rustix::fs::renameat(&self.staging, &tree.name, parent, name);
                if renamed.is_err() {
                    unlinkat(parent, name, AtFlags::REMOVEDIR).ok();
                }
                renamed
            }
            renamed => renamed,
        }
    }

    /// Flushes a published tree: its directories, its parents and its manifest's name.
    pub fn flush_checkout(&self, tree: &Tree, checkout: &CheckoutPath) -> Result<(), DiskError> {
        if !tree.flat && self.can_flush_all() {
            return self.flush_all();
        }
        let jobs = self.layout.jobs();
        let path = jobs.join(checkout.as_str());
        if tree.flat {
            flush(&path)?;
        } else {
            self.flush_names(&path)?;
        }
        flush(&self.layout.manifests())?;
        for dir in path.ancestors().skip(1).take_while(|dir| dir.starts_with(&jobs)) {
            flush(dir)?;
        }
        Ok(())
    }
}

/// Says whether a directory holds anything but directories: then it is a checkout (ours has a
/// manifest, Flamenco's has links), not a directory of checkouts.
fn holds_files(dir: &OwnedFd) -> Result<bool, Errno> {
    for entry in Dir::read_from(dir)? {
        let entry = entry?;
        let name = entry.file_name();
        if matches!(name.to_bytes(), b"." | b"..") {
            continue;
        }
        let is_directory = match entry.file_type() {
            // Some file systems do not say it in the list.
            FileType::Unknown => match statat(dir, name, AtFlags::SYMLINK_NOFOLLOW) {
                Err(Errno::NOENT) => continue,
                stat => FileType::from_raw_mode(stat?.st_mode).is_dir(),
            },
            known => known.is_dir(),
        };
        if !is_directory {
            return Ok(true);
        }
    }
    Ok(false)
}
