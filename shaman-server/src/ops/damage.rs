//! Damage: which checkouts it touches, and what heals it.
//!
//! A damaged blob is in quarantine and counts as missing. Its file still stands in the checkouts
//! that were made of it, and that is how they are found: the file in quarantine has more than one
//! name. As soon as the blob is there again, each of those names becomes a link to it.

use std::collections::{BTreeMap, HashMap};
use std::ops::ControlFlow;
use std::time::Duration;

use shaman_proto::wire::event::Event;
use shaman_proto::{BlobRef, CheckoutPath, FilePath, Manifest};

use super::{LookupError, Ops};
use crate::store::{Damaged, Relinked};

/// How long a person has to look at a damaged file that nobody needs any more.
const KEPT: Duration = Duration::from_hours(30 * 24);

/// Damage that is not healed yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Damage {
    /// Which blob.
    pub blob: BlobRef,
    /// Seconds since 1970 when it was found, if that is known.
    pub found_at: Option<u64>,
    /// Whether it still has to be sent again.
    pub is_missing: bool,
    /// Where the damaged file stands.
    pub checkouts: Vec<(CheckoutPath, Vec<FilePath>)>,
}

/// Where to look for damaged files.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Thorough {
    /// In every checkout.
    Yes,
    /// In those that the index knows of.
    No,
}

/// What was healed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Healed {
    /// Blobs that came back.
    pub blobs: u64,
    /// Files in checkouts that are right again.
    pub files: u64,
}

impl Ops {
    /// All damage that is not healed yet, by blob.
    pub fn damage(&self) -> Result<Vec<Damage>, LookupError> {
        let mut by_blob: BTreeMap<BlobRef, Vec<Damaged>> = BTreeMap::new();
        for damaged in self.store.quarantined()? {
            by_blob.entry(damaged.blob).or_default().push(damaged);
        }
        let mut report = Vec::new();
        for (blob, files) in by_blob {
            let is_missing = self.store.find(&blob)?.is_none();
            if !is_missing && files.iter().all(|file| file.other_names == 0) {
                continue;
            }
            report.push(Damage {
                blob,
                found_at: files.iter().filter_map(|file| file.found_at).max(),
                is_missing,
                checkouts: self.touched(&blob, &files)?,
            });
        }
        Ok(report)
    }

    /// Number of damaged blobs that are not healed yet.
    pub fn count_damage(&self) -> Result<u64, LookupError> {
        let mut damaged = std::collections::BTreeSet::new();
        for file in self.store.quarantined()? {
            if file.other_names > 0 || self.store.find(&file.blob)?.is_none() {
                damaged.insert(file.blob);
            }
        }
        Ok(damaged.len() as u64)
    }

    fn touched(
        &self,
        blob: &BlobRef,
        files: &[Damaged],
    ) -> Result<Vec<(CheckoutPath, Vec<FilePath>)>, LookupError> {
        let mut touched = Vec::new();
        self.each_naming(blob, |manifest| {
            let mut paths = Vec::new();
            for entry in manifest.files.iter().filter(|entry| entry.blob() == *blob) {
                for file in files {
                    if self.store.stands_at(&manifest.checkout, &entry.path, file.file)? {
                        paths.push(entry.path.clone());
                    }
                }
            }
            if !paths.is_empty() {
                touched.push((manifest.checkout.clone(), paths));
            }
            Ok(())
        })?;
        touched.sort();
        Ok(touched)
    }

    /// Calls `visit` with each manifest that names a blob: from the index when that is complete,
    /// else all are read.
    fn each_naming(
        &self,
        blob: &BlobRef,
        mut visit: impl FnMut(&Manifest) -> Result<(), LookupError>,
    ) -> Result<(), LookupError> {
        if self.index.is_complete()? {
            for checkout in self.index.checkouts_with(blob)? {
                if let Some(manifest) = self.store.read_manifest(&checkout)? {
                    visit(&manifest)?;
                }
            }
            return Ok(());
        }
        let mut failure = Ok(());
        self.store.walk_manifests(|manifest| {
            if manifest.files.iter().any(|entry| entry.blob() == *blob) {
                failure = visit(&manifest);
            }
            if failure.is_ok() { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
        })?;
        failure
    }

    /// Puts good blobs where damaged files stand in checkouts, as far as they are there again.
    pub fn heal(&self, thorough: Thorough) -> Result<Healed, LookupError> {
        let mut healed = Healed::default();
        let mut left: HashMap<BlobRef, Vec<Damaged>> = HashMap::new();
        for damaged in self.store.quarantined()? {
            if damaged.other_names == 0 {
                continue;
            }
            self.damages.add(damaged.blob);
            if self.find(&damaged.blob)?.is_none() {
                continue;
            }
            let files = self.heal_known(&damaged)?;
            healed.files += files;
            healed.blobs += u64::from(files > 0);
            if files < damaged.other_names {
                left.entry(damaged.blob).or_default().push(damaged);
            }
        }
        if thorough == Thorough::Yes && !left.is_empty() {
            let mut failure = Ok(());
            let mut files = 0;
            self.store.walk_manifests(|manifest| {
                for damaged in
                    manifest.files.iter().filter_map(|entry| left.get(&entry.blob())).flatten()
                {
                    failure = self.relink_in(&manifest, damaged).map(|done| files += done);
                    if failure.is_err() {
                        return ControlFlow::Break(());
                    }
                }
                ControlFlow::Continue(())
            })?;
            failure?;
            healed.files += files;
        }
        if healed.files > 0 {
            self.store.flush_all()?;
            tracing::info!(files = healed.files, "healed files in checkouts");
            self.tell(Event::Healed { files: healed.files });
        }
        Ok(healed)
    }

    /// Deletes from quarantine what nobody needs any more: files that were found 30 days ago or
    /// earlier, stand in no checkout, and whose blob is there again or is named by no checkout.
    /// Gives how many there were.
    pub fn empty_quarantine(&self) -> Result<u64, LookupError> {
        let oldest_kept = self.now_secs().saturating_sub(KEPT.as_secs());
        let mut discarded = 0;
        for damaged in self.store.quarantined()? {
            // One without a time was set aside by an older version; it is left to a person.
            let is_old = damaged.found_at.is_some_and(|found| found < oldest_kept);
            if !is_old || damaged.other_names > 0 {
                continue;
            }
            let mut is_wanted = false;
            if self.find(&damaged.blob)?.is_none() {
                self.each_naming(&damaged.blob, |_| {
                    is_wanted = true;
                    Ok(())
                })?;
            }
            if !is_wanted {
                self.store.discard(&damaged)?;
                discarded += 1;
            }
        }
        Ok(discarded)
    }

    /// Heals what a blob that just came back can heal.
    pub(super) fn heal_with(&self, blob: &BlobRef) -> Result<(), LookupError> {
        if !self.damages.contains(blob) {
            return Ok(());
        }
        let (mut files, mut names) = (0, 0);
        for damaged in self.store.quarantined()?.into_iter().filter(|d| d.blob == *blob) {
            names += damaged.other_names;
            files += self.heal_known(&damaged)?;
        }
        if files > 0 {
            self.store.flush_all()?;
            tracing::info!(blob = %blob, files, "healed a blob and files in checkouts");
            self.tell(Event::Healed { files });
        }
        if files >= names {
            self.damages.remove(blob);
        }
        Ok(())
    }

    /// Heals the checkouts that the index knows to name a blob, which is there.
    fn heal_known(&self, damaged: &Damaged) -> Result<u64, LookupError> {
        if damaged.other_names == 0 {
            return Ok(0);
        }
        let _held = self.holds.hold(vec![damaged.blob]);
        self.flush_found(&[damaged.blob])?;
        let mut files = 0;
        self.each_naming(&damaged.blob, |manifest| {
            files += self.relink_in(manifest, damaged)?;
            Ok(())
        })?;
        Ok(files)
    }

    fn relink_in(&self, manifest: &Manifest, damaged: &Damaged) -> Result<u64, LookupError> {
        let mut files = 0;
        for entry in manifest.files.iter().filter(|entry| entry.blob() == damaged.blob) {
            let relinked =
                self.store.relink(&manifest.checkout, &entry.path, &damaged.blob, damaged.file)?;
            files += u64::from(relinked == Relinked::Done);
        }
        Ok(files)
    }
}
