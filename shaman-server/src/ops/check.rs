//! Every invariant that can be seen on disk, tested; nothing is changed.

use std::collections::{HashMap, HashSet};
use std::ops::ControlFlow;

use serde::Serialize;
use shaman_proto::{BlobRef, CheckoutPath, Manifest, ManifestEntry};

use super::{LookupError, Ops};
use crate::store::Looked;

/// What was looked at for one invariant, and what breaks it.
#[derive(Debug, Clone, Serialize)]
pub struct Check {
    /// Its number in `docs/internals/crash-safety.md`.
    pub invariant: &'static str,
    /// What it says.
    pub says: &'static str,
    /// Things that were looked at.
    pub looked: u64,
    /// What breaks it, a line each.
    pub broken: Vec<String>,
}

impl Check {
    fn new(invariant: &'static str, says: &'static str) -> Self {
        Self { invariant, says, looked: 0, broken: Vec::new() }
    }
}

impl Ops {
    /// Tests all of them; reads so many percent of the blobs, others each time.
    pub fn check(&self, read_percent: u8) -> Result<Vec<Check>, LookupError> {
        let mut whole = Check::new("M1", "a name in the store has complete bytes that hash to it");
        let mut kept =
            Check::new("M2", "bytes of blobs in checkouts cannot be written, and did not change");
        let mut indexed = Check::new("S1", "index and tree agree");
        let is_complete = self.index.is_complete()?;
        let from = fastrand::u16(..);
        let mut blobs: HashSet<BlobRef> = HashSet::new();
        let mut names = Vec::new();
        self.store.walk_names_after(None, |blob| {
            names.push(blob);
            ControlFlow::Continue(())
        })?;
        for blob in names {
            whole.looked += 1;
            let Some(found) = self.store.find(&blob)? else {
                whole.broken.push(format!("{blob} has another size"));
                continue;
            };
            blobs.insert(blob);
            if found.links > 1 {
                kept.looked += 1;
                if found.is_writable {
                    kept.broken.push(format!("{blob} is in a checkout and writable"));
                }
            }
            let [.., high, low] = blob.digest.as_bytes();
            let drawn = u16::from_be_bytes([*high, *low]).wrapping_add(from);
            if u32::from(drawn) * 100 < u32::from(read_percent) << 16 {
                let looked = self.store.look_through(&blob, |_| ControlFlow::Continue(()))?;
                if matches!(looked, Looked::Damaged(_) | Looked::Unreadable(_)) {
                    whole.broken.push(format!("{blob} has other bytes"));
                }
            }
            indexed.looked += 1;
            if is_complete && self.index.blob(&blob)?.is_none() {
                indexed.broken.push(format!("{blob} is not in the index"));
            }
        }
        for damage in self.damage()? {
            let touched = damage.checkouts.len();
            kept.broken.push(format!("{} was damaged, in {touched} checkouts", damage.blob));
        }
        let mut there = Check::new("M3", "a checkout has its tree, its manifest and its blobs");
        let mut complete = Check::new("M4", "a checkout at its final path is complete");
        let mut checkouts = HashMap::new();
        let mut failure = Ok(());
        self.store.walk_manifests(|manifest| {
            failure = self.check_one(&manifest, &blobs, &mut there, &mut complete);
            let named: HashSet<BlobRef> = manifest.files.iter().map(ManifestEntry::blob).collect();
            checkouts.insert(manifest.checkout, named.len() as u64);
            if failure.is_ok() { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
        })?;
        failure?;
        self.check_index(&blobs, &checkouts, &mut indexed)?;
        Ok(vec![whole, kept, there, complete, indexed])
    }

    fn check_one(
        &self,
        manifest: &Manifest,
        blobs: &HashSet<BlobRef>,
        there: &mut Check,
        complete: &mut Check,
    ) -> Result<(), LookupError> {
        there.looked += 1;
        let checkout = &manifest.checkout;
        for entry in &manifest.files {
            complete.looked += 1;
            let blob = entry.blob();
            if !blobs.contains(&blob) && self.store.find(&blob)?.is_none() {
                there.broken.push(format!("`{checkout}` names {blob}, which is missing"));
            }
            let size = self.store.size_in_checkout(checkout, &entry.path)?;
            if size != Some(entry.size.bytes()) {
                let what = if size.is_none() { "is missing" } else { "has another size" };
                complete.broken.push(format!("`{}` in `{checkout}` {what}", entry.path));
            }
        }
        Ok(())
    }

    fn check_index(
        &self,
        blobs: &HashSet<BlobRef>,
        checkouts: &HashMap<CheckoutPath, u64>,
        indexed: &mut Check,
    ) -> Result<(), LookupError> {
        if !self.index.is_complete()? {
            indexed.broken.push("the index is not filled yet; the next start goes on".into());
            return Ok(());
        }
        self.index.each_blob(|blob| {
            if !blobs.contains(&blob) {
                indexed.broken.push(format!("{blob} is in the index and not in the store"));
            }
        })?;
        let mut known = HashSet::new();
        let mut after = String::new();
        loop {
            let page = self.index.checkouts_after(&after, 1_000)?;
            let Some((last, _)) = page.last() else { break };
            last.as_str().clone_into(&mut after);
            known.extend(page.into_iter().map(|(checkout, _)| checkout));
        }
        let there: HashSet<CheckoutPath> = checkouts.keys().cloned().collect();
        for checkout in there.symmetric_difference(&known) {
            let what =
                if known.contains(checkout) { "only in the index" } else { "not in the index" };
            indexed.broken.push(format!("the checkout `{checkout}` is {what}"));
        }
        // A sweep believes them.
        let mut names = self.index.names_by_checkout()?;
        for (checkout, blobs) in checkouts {
            let named = names.remove(checkout).unwrap_or(0);
            if named != *blobs && known.contains(checkout) {
                indexed.broken.push(format!(
                    "the checkout `{checkout}` names {blobs} blobs, and {named} in the index"
                ));
            }
        }
        // The next start forgets the names of those that it finds noted.
        let half = self.index.half_forgotten()?;
        for checkout in names.keys().filter(|checkout| !half.contains(*checkout)) {
            indexed.broken.push(format!("the index has names of `{checkout}`, which is gone"));
        }
        Ok(())
    }
}
