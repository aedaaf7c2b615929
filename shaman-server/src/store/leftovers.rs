//! What dead servers left behind, cleared at start.

use shaman_proto::{CheckoutPath, MANIFEST_FILE, Manifest};

use super::Store;
use super::blobs::{link_count, read_dir};
use super::disk::{DiskError, During as _};
use super::instance::{any_other_lives, id_in, is_gone};
use super::layout::{LOCK_ENDING, STAGED_ENDING};
use super::probe::PROBE;
use super::{format, manifests};

/// How much was cleared.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Leftovers {
    /// Uploads that nobody finishes any more.
    pub uploads: u64,
    /// Trees that were being built or taken away.
    pub trees: u64,
    /// Manifests whose checkout never appeared, or was removed behind our back.
    pub manifests: u64,
}

impl Store {
    /// Removes temporary files of servers that are gone, also those of Flamenco's own Shaman. What
    /// belongs to a running server stays.
    pub(super) fn clear_leftovers(&self) -> Result<Leftovers, DiskError> {
        let mut cleared = Leftovers::default();
        format::clear_asides(&self.layout)?;
        self.clear_probes()?;
        self.clear_uploading(&mut cleared)?;
        self.clear_staging(&mut cleared)?;
        // After the trees in staging: each holds a link to its manifest.
        self.clear_manifests(&mut cleared)?;
        Ok(cleared)
    }

    /// Files with which a server tried the storage while it was killed.
    fn clear_probes(&self) -> Result<(), DiskError> {
        for dir in [self.layout.stored(), self.layout.jobs(), self.layout.staging()] {
            for entry in read_dir(&dir)? {
                let probe = entry.to_str().and_then(|name| name.strip_prefix(PROBE));
                let Some(id) = probe.and_then(id_in) else { continue };
                let path = dir.join(&entry);
                if is_gone(&self.layout, id)? && !path.is_dir() {
                    std::fs::remove_file(&path).during("remove", &path)?;
                }
            }
        }
        Ok(())
    }

    fn clear_uploading(&self, cleared: &mut Leftovers) -> Result<(), DiskError> {
        let uploading = self.layout.uploading();
        for first in read_dir(&uploading)? {
            let first = uploading.join(first);
            for rest in read_dir(&first)? {
                let rest = first.join(rest);
                for file in read_dir(&rest)? {
                    let is_dead = match file.to_str() {
                        Some(name) if name.ends_with(STAGED_ENDING) => match owner(name) {
                            Some(id) => is_gone(&self.layout, id)?,
                            None => true,
                        },
                        _ => false,
                    };
                    if is_dead {
                        let path = rest.join(&file);
                        std::fs::remove_file(&path).during("remove", &path)?;
                        cleared.uploads += 1;
                    }
                }
                drop(std::fs::remove_dir(&rest));
            }
            drop(std::fs::remove_dir(&first));
        }
        Ok(())
    }

    fn clear_staging(&self, cleared: &mut Leftovers) -> Result<(), DiskError> {
        let staging = self.layout.staging();
        for entry in read_dir(&staging)? {
            let Some(id) = entry.to_str().and_then(id_in) else {
                continue;
            };
            if id == self.instance.id() || !is_gone(&self.layout, id)? {
                continue;
            }
            let path = staging.join(&entry);
            if path.is_dir() && !path.is_symlink() {
                // What cannot be understood says nothing of where it was.
                let manifest = manifests::read(&path.join(MANIFEST_FILE)).unwrap_or_default();
                self.prune_above(manifest)?;
                std::fs::remove_dir_all(&path).during("remove", &path)?;
                cleared.trees += 1;
            } else {
                if entry.to_str().is_some_and(|name| name.ends_with(LOCK_ENDING)) {
                    // It may have ended after the flush of this start; without its lock nobody
                    // would know that something of it is left to be flushed.
                    self.flush_all()?;
                }
                std::fs::remove_file(&path).during("remove", &path)?;
            }
        }
        Ok(())
    }

    /// A manifest and the `.shaman-manifest.json` of its checkout are one file with two names. One
    /// name means that there is no tree: nobody was told of it, or somebody removed it.
    fn clear_manifests(&self, cleared: &mut Leftovers) -> Result<(), DiskError> {
        let manifests = self.layout.manifests();
        let is_sure = self.abilities.counts_names();
        if !is_sure && any_other_lives(&self.layout, self.instance.id())? {
            // It may belong to a tree that this server is about to put in place.
            return Ok(());
        }
        for entry in read_dir(&manifests)? {
            let path = manifests.join(entry);
            if link_count(&path)? == Some(1) {
                let manifest = manifests::read(&path).unwrap_or_default();
                if !is_sure && manifest.as_ref().is_none_or(|it| self.has_tree(&it.checkout)) {
                    continue;
                }
                self.prune_above(manifest)?;
                std::fs::remove_file(&path).during("remove", &path)?;
                cleared.manifests += 1;
            }
        }
        Ok(())
    }
}

impl Store {
    /// Says whether the tree of a checkout, or anything else that has a manifest, is there.
    fn has_tree(&self, checkout: &CheckoutPath) -> bool {
        self.ask_for(checkout);
        self.layout.jobs().join(checkout.as_str()).join(MANIFEST_FILE).exists()
    }

    /// Removes the empty directories above a checkout that is not there. Call it before its manifest
    /// goes: if this start is killed in between, the next one knows of them from that.
    fn prune_above(&self, manifest: Option<Manifest>) -> Result<(), DiskError> {
        manifest.map_or(Ok(()), |manifest| self.prune(&manifest.checkout))
    }
}

/// The instance in `{size}-{instance}-{number}.tmp`; Flamenco's own are `{size}-{digits}.tmp`.
fn owner(name: &str) -> Option<&str> {
    name.split_once('-').and_then(|(_, rest)| id_in(rest))
}
