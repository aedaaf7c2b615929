//! Store → index.

use std::collections::BTreeSet;
use std::ops::ControlFlow;
use std::sync::PoisonError;

use shaman_proto::{BlobRef, Manifest, ManifestEntry};

use super::missing::row_of;
use super::{CaughtUp, LookupError, Ops};
use crate::index::{BlobRow, CheckoutRow, IndexError};
use crate::store::Empties;

/// Rows written at once.
const BATCH: usize = 1_000;

/// How far a reindex came.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Reindexed {
    /// Blobs on disk.
    pub blobs: u64,
    /// Checkouts with a manifest.
    pub checkouts: u64,
    /// Rows that the storage knew nothing of, and that were forgotten.
    pub forgotten: u64,
}

/// How a reindex ended well.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// All of the store had been read before; this was not known for all that.
    WasComplete(CaughtUp),
    /// Everything is in the index now.
    Complete(Reindexed),
    /// Somebody asked it to stop; the next start goes on.
    Stopped,
}

/// A reindex that failed; the index is as useful as before.
pub type ReindexError = LookupError;

impl Ops {
    /// Empties the index and reads all of the store into it again.
    pub fn reindex_anew(&mut self) -> Result<Ended, ReindexError> {
        self.index.clear()?;
        self.reindex(|| true)
    }

    /// Reads the store into the index unless that was done already. Runs beside everything else:
    /// rows it finds are facts, and rows others write meanwhile are newer.
    pub fn reindex(&self, go_on: impl Fn() -> bool) -> Result<Ended, ReindexError> {
        if self.index.is_complete()? {
            self.forget_half_forgotten()?;
            let caught_up = self.catch_up()?;
            self.count()?;
            return Ok(Ended::WasComplete(caught_up));
        }
        self.compare(go_on)
    }

    /// Compares all of the index with the storage, beside everything else: rows that are not there
    /// are written, those of what is gone are forgotten. What the index knows besides, such as
    /// when a blob was written, stays.
    pub fn compare(&self, go_on: impl Fn() -> bool) -> Result<Ended, ReindexError> {
        let _one_at_a_time = self.reindexing.lock().unwrap_or_else(PoisonError::into_inner);
        let mut done = Reindexed::default();
        self.write_blobs(&mut done, &go_on)?;
        if go_on() {
            self.write_checkouts(&mut done, &go_on)?;
        }
        if go_on() {
            self.forget_gone(&mut done, &go_on)?;
        }
        if !go_on() {
            return Ok(Ended::Stopped);
        }
        self.index.set_complete()?;
        self.count()?;
        Ok(Ended::Complete(done))
    }

    /// Writes the rows of blobs that have none.
    fn write_blobs(
        &self,
        done: &mut Reindexed,
        go_on: &impl Fn() -> bool,
    ) -> Result<(), ReindexError> {
        let mut failure = Ok(());
        let mut batch: Vec<(BlobRef, BlobRow)> = Vec::with_capacity(BATCH);
        self.store.walk_blobs(Empties::Stay, |blob, found| {
            done.blobs += 1;
            batch.push((blob, row_of(&found)));
            if batch.len() == BATCH {
                failure = self.put_new(&mut batch);
            }
            flow(failure.is_ok() && go_on())
        })?;
        failure?;
        self.put_new(&mut batch)
    }

    fn put_new(&self, batch: &mut Vec<(BlobRef, BlobRow)>) -> Result<(), LookupError> {
        let names: Vec<BlobRef> = batch.iter().map(|(blob, _)| *blob).collect();
        let known = self.index.blobs(&names)?;
        let new: Vec<(BlobRef, BlobRow)> = batch
            .drain(..)
            .zip(known)
            .filter(|(_, row)| row.is_none())
            .map(|(found, _)| found)
            .collect();
        self.note_seen(&new)
    }

    /// Writes the rows of all checkouts.
    fn write_checkouts(
        &self,
        done: &mut Reindexed,
        go_on: &impl Fn() -> bool,
    ) -> Result<(), ReindexError> {
        let mut failure: Result<(), LookupError> = Ok(());
        self.store.walk_manifests(|manifest| {
            done.checkouts += 1;
            failure = self.write_checkout(&manifest);
            flow(failure.is_ok() && go_on())
        })?;
        failure
    }

    /// Notes a checkout whose manifest was read.
    pub(super) fn write_checkout(&self, manifest: &Manifest) -> Result<(), LookupError> {
        self.note_checkout(manifest)?;
        // Erased since its manifest was read: then its row went before ours came.
        if !self.store.has_checkout(&manifest.checkout)? {
            let blobs: Vec<BlobRef> = manifest.files.iter().map(ManifestEntry::blob).collect();
            self.index.forget_checkout(&manifest.checkout, &blobs)?;
        }
        Ok(())
    }

    /// Forgets rows of blobs and checkouts that are gone.
    fn forget_gone(
        &self,
        done: &mut Reindexed,
        go_on: &impl Fn() -> bool,
    ) -> Result<(), ReindexError> {
        let mut after = None;
        loop {
            let blobs = self.index.blobs_after(after.as_ref(), BATCH)?;
            let Some(last) = blobs.last() else { break };
            after = Some(*last);
            // A client may have sent one again, and been told so, between look and forgetting: a
            // question that the index cannot answer goes to the disk.
            done.forgotten += self.forget_gone_of(&blobs)?;
            if !go_on() {
                return Ok(());
            }
        }
        let mut gone = BTreeSet::new();
        let mut after = String::new();
        loop {
            let rows = self.index.checkouts_after(&after, BATCH)?;
            let Some((last, _)) = rows.last() else { break };
            last.as_str().clone_into(&mut after);
            for (checkout, _) in rows {
                if !self.store.has_checkout(&checkout)? {
                    gone.insert(checkout);
                }
            }
        }
        done.forgotten += gone.len() as u64;
        if !gone.is_empty() {
            self.index.forget_checkouts(&gone)?;
        }
        // Their paths are free: a create may have noted its own by now.
        for checkout in gone {
            if let Some(manifest) = self.store.read_manifest(&checkout)? {
                self.note_checkout(&manifest)?;
            }
        }
        Ok(())
    }
}

fn flow(goes_on: bool) -> ControlFlow<()> {
    if goes_on { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
}

impl Ops {
    /// Puts a checkout into the index as its manifest says it.
    pub(super) fn note_checkout(&self, manifest: &Manifest) -> Result<(), IndexError> {
        let row = CheckoutRow {
            created: seconds(&manifest.created),
            files: manifest.files.len() as u64,
            bytes: manifest.bytes(),
            owner: manifest.owner.clone(),
        };
        let blobs: BTreeSet<BlobRef> = manifest.files.iter().map(ManifestEntry::blob).collect();
        self.index.put_checkout(&manifest.checkout, &row, &blobs)
    }
}

/// A manifest's time, in seconds since 1970; one that cannot be understood counts as then.
pub(super) fn seconds(created: &str) -> u64 {
    let created: jiff::Timestamp = created.parse().unwrap_or_default();
    u64::try_from(created.as_second()).unwrap_or(0)
}
