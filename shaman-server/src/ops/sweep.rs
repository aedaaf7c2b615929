//! Remove what nothing names.
//!
//! # Order
//!
//! Candidates (older than the age, no name but the one in the store) → roots (manifests, as the index
//! knows them or read one by one; symlinks below `jobs/`) → for each that is left: rename to the trash, look once more → delete trash whose
//! own grace is over.
//!
//! # Why no blob is lost
//!
//! * Whoever was told that we have a blob made it young: its mtime is at most half an hour older
//!   than that, and a sweep leaves half an hour more than the shortest age (`keep`).
//! * A checkout holds its blobs before it looks for them. A sweep that takes one all the same looks
//!   at the holds, the links and the mtime once more *after* the rename, and puts it back.
//! * Who finds a blob missing looks in the trash, and puts it back.
//! * A hard link keeps the bytes whatever a sweep does to the name.
//! * A root that cannot be read ends the sweep before anything is taken.

use std::collections::HashSet;
use std::ops::ControlFlow;
use std::time::Duration;

use shaman_proto::BlobRef;

use super::missing::row_of;
use super::resume::Short;
use super::spread::spread;
use super::{LookupError, Ops};
use crate::index::{BlobRow, IndexError};
use crate::store::{DiskError, Empties, StoredBlob, TrashBatch};

/// Blobs looked up in the index at once.
const BATCH: usize = 4_096;

/// Blobs looked at on disk at once.
const LOOKED_AT: usize = 64 << 10;

/// Whether to do it or to say what would be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dry {
    /// Only say.
    Yes,
    /// Do it.
    No,
}

/// What to sweep.
#[derive(Debug, Clone)]
pub struct SweepOrder {
    /// Blobs that were not used for longer are swept.
    pub max_age: Duration,
    /// How long swept blobs stay in the trash.
    pub trash_grace: Duration,
    /// Most of the store's bytes, in percent, that one sweep may take; `None` for all.
    pub max_share: Option<u8>,
    /// Stop when so many bytes are taken, oldest use first, and delete them at once.
    pub wanted_bytes: Option<u64>,
    /// Who tells which blobs there are.
    pub by: By,
    /// Whether to do it.
    pub dry: Dry,
}

/// Who tells which blobs there are, and what manifests name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum By {
    /// The index, when all of the storage was read into it and only this machine has the storage.
    /// Blobs that somebody put there past all servers stay. Only what may go is looked at.
    Index,
    /// The storage: every blob, every manifest.
    Storage,
}

/// Blobs and their bytes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Weight {
    /// How many.
    pub blobs: u64,
    /// Their bytes.
    pub bytes: u64,
}

impl Weight {
    pub(super) fn add(&mut self, bytes: u64) {
        self.blobs += 1;
        self.bytes += bytes;
    }
}

/// What a sweep found and did. A dry one gives the same numbers.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Swept {
    /// All blobs in the store before.
    pub all: Weight,
    /// Taken.
    pub swept: Weight,
    /// Used lately.
    pub young: Weight,
    /// In a directory as a hard link, and, where the index tells, in no manifest.
    pub linked: Weight,
    /// In a manifest, and, where the manifests tell, no hard link.
    pub named: Weight,
    /// In a checkout of symlinks.
    pub symlinked: Weight,
    /// Needed by something that ran meanwhile.
    pub held: Weight,
    /// Old, but enough was taken before.
    pub enough: Weight,
    /// Deleted from the trash for ever.
    pub deleted: Weight,
    /// In the trash afterwards: what comes back when anybody asks for it, and room when it is gone.
    pub trashed: Weight,
}

/// Why nothing was swept, or not everything.
#[derive(Debug, thiserror::Error)]
pub enum SweepError {
    /// Too young.
    #[error("blobs stay for at least {} minutes after their last use; sweep with a longer age", .0.as_secs() / 60)]
    TooYoung(Duration),
    /// Another one runs.
    #[error("another sweep is running on this storage; wait for its end")]
    Busy,
    /// A root could not be read, so nothing was taken.
    #[error("nothing was swept, because what is still used cannot be told: {0}")]
    Root(#[source] DiskError),
    /// It would take nearly everything.
    #[error(
        "nothing was swept: it would take {share} % of the store, more than the {limit} % allowed at once; if that is right, sweep with --force"
    )]
    TooMuch {
        /// Of all bytes.
        share: u64,
        /// Allowed.
        limit: u8,
    },
    /// A file operation failed on the way; what was taken until then is in the trash.
    #[error(transparent)]
    Disk(#[from] DiskError),
    /// The index failed.
    #[error(transparent)]
    Index(#[from] IndexError),
}

impl From<LookupError> for SweepError {
    fn from(error: LookupError) -> Self {
        match error {
            LookupError::Disk(disk) => disk.into(),
            LookupError::Index(index) => index.into(),
        }
    }
}

/// A blob that may go.
type Candidate = (BlobRef, StoredBlob);

impl Ops {
    /// Sweeps as ordered. `go_on` is asked now and then; `false` ends it early, with nothing
    /// half-done.
    pub fn sweep(&self, order: &SweepOrder, go_on: impl Fn() -> bool) -> Result<Swept, SweepError> {
        if order.max_age < self.limits.age_min {
            return Err(SweepError::TooYoung(self.limits.age_min));
        }
        let Some(_lock) = self.store.lock_sweep()? else { return Err(SweepError::Busy) };
        let mut swept = Swept::default();
        let by = self.may_go_by(order.by)?;
        let mut candidates = match by {
            By::Index => self.candidates_in_index(order, &mut swept)?,
            By::Storage => self.candidates_on_disk(order, &mut swept)?,
        };
        self.spare_rooted(by, &mut candidates, &mut swept).map_err(SweepError::Root)?;
        candidates.sort_by_key(|(blob, found)| (found.last_used, *blob));
        refuse_too_much(order, &candidates, swept.all.bytes)?;
        let batch = self.store.new_trash_batch(self.now_secs());
        for candidate in candidates {
            if !go_on() {
                break;
            }
            self.sweep_one(order, &candidate, &batch, &mut swept)?;
        }
        self.settle_trash(order, &batch, &mut swept)?;
        if order.dry == Dry::No {
            let short = if order.wanted_bytes.is_some() { Short::Yes } else { Short::No };
            self.forget_old_parts(short)?;
            self.note_sweep(&swept);
            if by == By::Storage {
                self.catch_up()?;
            }
            // What was forgotten is in no tally.
            self.count()?;
        }
        Ok(swept)
    }

    /// Says who can be believed, see [`By`].
    fn may_go_by(&self, wanted: By) -> Result<By, LookupError> {
        if wanted == By::Storage || !self.store.is_ours_alone() || !self.index.is_complete()? {
            return Ok(By::Storage);
        }
        // Other servers of this machine may have made checkouts since the last time.
        self.catch_up()?;
        Ok(By::Index)
    }

    /// Candidates by the rows of the index; only what is old and not named is looked at on disk. A
    /// blob without a row stays, until the storage is looked at.
    fn candidates_in_index(
        &self,
        order: &SweepOrder,
        swept: &mut Swept,
    ) -> Result<Vec<Candidate>, SweepError> {
        let oldest_kept = self.oldest_kept(order.max_age);
        let mut old: Vec<BlobRef> = Vec::new();
        self.index.each_row(|blob, row, is_named| {
            let bytes = blob.size.bytes();
            swept.all.add(bytes);
            if row.last_used >= oldest_kept {
                swept.young.add(bytes);
            } else if is_named() {
                swept.named.add(bytes);
            } else {
                old.push(blob);
            }
        })?;
        let mut candidates = Vec::new();
        // In parts, so that what is looked at does not lie in memory twice.
        for part in old.chunks(LOOKED_AT) {
            let look = |part: &[BlobRef]| -> Result<Vec<Option<StoredBlob>>, DiskError> {
                part.iter().map(|blob| self.store.find(blob)).collect()
            };
            for (blob, found) in part.iter().zip(spread(part, look)?) {
                let bytes = blob.size.bytes();
                match found {
                    None => {}
                    Some(found) if found.last_used >= oldest_kept => swept.young.add(bytes),
                    Some(found) if found.links > 1 => swept.linked.add(bytes),
                    Some(found) => candidates.push((*blob, found)),
                }
            }
        }
        Ok(candidates)
    }

    fn candidates_on_disk(
        &self,
        order: &SweepOrder,
        swept: &mut Swept,
    ) -> Result<Vec<Candidate>, SweepError> {
        let oldest_kept = self.oldest_kept(order.max_age);
        let mut candidates: Vec<Candidate> = Vec::new();
        let empties = if order.dry == Dry::No { Empties::Go } else { Empties::Stay };
        self.store.walk_blobs(empties, |blob, found| {
            let bytes = blob.size.bytes();
            swept.all.add(bytes);
            if found.last_used >= oldest_kept {
                swept.young.add(bytes);
            } else if found.links > 1 {
                swept.linked.add(bytes);
            } else {
                candidates.push((blob, found));
            }
            ControlFlow::Continue(())
        })?;
        self.spare_used(oldest_kept, &mut candidates, swept)?;
        Ok(candidates)
    }

    /// Takes out what the index knows to be used later than the disk says: a restored backup or a
    /// copy may bring back older times than clients were told of.
    fn spare_used(
        &self,
        oldest_kept: u64,
        candidates: &mut Vec<Candidate>,
        swept: &mut Swept,
    ) -> Result<(), SweepError> {
        let mut used = HashSet::new();
        for batch in candidates.chunks(BATCH) {
            let blobs: Vec<BlobRef> = batch.iter().map(|(blob, _)| *blob).collect();
            let rows = self.index.blobs(&blobs)?;
            let is_young =
                |row: Option<BlobRow>| row.is_some_and(|row| row.last_used >= oldest_kept);
            used.extend(
                blobs.into_iter().zip(rows).filter(|(_, row)| is_young(*row)).map(|(b, _)| b),
            );
        }
        candidates.retain(|(blob, _)| {
            let is_used = used.contains(blob);
            if is_used {
                swept.young.add(blob.size.bytes());
            }
            !is_used
        });
        Ok(())
    }

    /// Takes out what manifests and symlinks name. Reads all of them, or fails.
    fn spare_rooted(
        &self,
        by: By,
        candidates: &mut Vec<Candidate>,
        swept: &mut Swept,
    ) -> Result<(), DiskError> {
        if candidates.is_empty() {
            return Ok(());
        }
        let mut named: HashSet<BlobRef> = HashSet::new();
        if by == By::Storage {
            let old: HashSet<BlobRef> = candidates.iter().map(|(blob, _)| *blob).collect();
            self.store.walk_manifests(|manifest| {
                let blobs = manifest.files.iter().map(shaman_proto::ManifestEntry::blob);
                named.extend(blobs.filter(|blob| old.contains(blob)));
                ControlFlow::Continue(())
            })?;
        }
        let linked = self.store.linked_files()?;
        candidates.retain(|(blob, found)| {
            let spared = if named.contains(blob) {
                &mut swept.named
            } else if linked.contains(&found.file) {
                &mut swept.symlinked
            } else {
                return true;
            };
            spared.add(blob.size.bytes());
            false
        });
        Ok(())
    }

    fn sweep_one(
        &self,
        order: &SweepOrder,
        (blob, found): &Candidate,
        batch: &TrashBatch,
        swept: &mut Swept,
    ) -> Result<(), SweepError> {
        let bytes = blob.size.bytes();
        if order.wanted_bytes.is_some_and(|wanted| swept.swept.bytes >= wanted) {
            swept.enough.add(bytes);
            return Ok(());
        }
        if self.holds.is_held(blob) {
            swept.held.add(bytes);
            return Ok(());
        }
        if order.dry == Dry::No {
            // Whoever is told of the blob from here on is told by the disk.
            self.index.forget_blobs([blob])?;
            if !self.store.trash(blob, batch)? {
                return Ok(());
            }
            if self.is_used_after_all(blob, found, batch)? {
                self.store.restore(blob)?;
            } else {
                // Who found it just before the rename may have written its row since.
                self.index.forget_blobs([blob])?;
            }
            // We or somebody else put it back, and its row may be what was forgotten.
            if let Some(back) = self.store.find(blob)? {
                self.note_seen(&[(*blob, row_of(&back))])?;
                swept.held.add(bytes);
                return Ok(());
            }
        }
        swept.swept.add(bytes);
        Ok(())
    }

    /// Looks at a blob in the trash: did anybody begin to use it while it was taken?
    fn is_used_after_all(
        &self,
        blob: &BlobRef,
        found: &StoredBlob,
        batch: &TrashBatch,
    ) -> Result<bool, DiskError> {
        if self.holds.is_held(blob) {
            return Ok(true);
        }
        let now = self.store.find_in_batch(blob, batch)?;
        Ok(now.is_some_and(|now| now.links > 1 || now.last_used != found.last_used))
    }

    /// Deletes trash whose grace is over, and counts what is left.
    fn settle_trash(
        &self,
        order: &SweepOrder,
        own: &TrashBatch,
        swept: &mut Swept,
    ) -> Result<(), SweepError> {
        let oldest_kept = self.now_secs().saturating_sub(order.trash_grace.as_secs());
        // Short of room, what was just taken goes at once.
        let is_over =
            |batch: &TrashBatch| batch.taken_at() < oldest_kept || order.wanted_bytes.is_some();
        for batch in self.store.trash_batches()? {
            let (blobs, bytes) = self.store.weigh_batch(&batch)?;
            if !is_over(&batch) {
                swept.trashed.blobs += blobs;
                swept.trashed.bytes += bytes;
                continue;
            }
            if order.dry == Dry::No {
                self.store.delete_batch(&batch)?;
            }
            swept.deleted.blobs += blobs;
            swept.deleted.bytes += bytes;
        }
        if order.dry == Dry::Yes {
            let goes = if is_over(own) { &mut swept.deleted } else { &mut swept.trashed };
            goes.blobs += swept.swept.blobs;
            goes.bytes += swept.swept.bytes;
        }
        Ok(())
    }
}

fn refuse_too_much(
    order: &SweepOrder,
    candidates: &[Candidate],
    all_bytes: u64,
) -> Result<(), SweepError> {
    let Some(limit) = order.max_share else { return Ok(()) };
    let mut bytes: u64 = candidates.iter().map(|(blob, _)| blob.size.bytes()).sum();
    bytes = order.wanted_bytes.map_or(bytes, |wanted| bytes.min(wanted));
    let share = (u128::from(bytes) * 100).div_ceil(u128::from(all_bytes.max(1)));
    if share > u128::from(limit) {
        let share = u64::try_from(share).unwrap_or(100);
        return Err(SweepError::TooMuch { share, limit });
    }
    Ok(())
}
