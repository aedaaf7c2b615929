//! A list of blobs → those we lack.

use shaman_proto::{BlobRef, BlobStatus};

use super::spread::spread;
use super::{LookupError, Ops};
use crate::index::BlobRow;
use crate::store::StoredBlob;

/// Blobs looked up in the index at once; bounds memory, and loses nothing to speak of.
const BATCH: usize = 4_096;

impl Ops {
    /// Gives the position and status of each blob that we lack, in order, each blob once.
    ///
    /// What the index knows counts as stored; what it does not know is looked for on disk. A blob
    /// that we have counts as used now, since whoever asked will not send it.
    pub fn missing(&self, blobs: &[BlobRef]) -> Result<Vec<(usize, BlobStatus)>, LookupError> {
        self.tally.blobs_asked.add(blobs.len() as u64);
        // By name, as the index has them.
        let mut mentions: Vec<(BlobRef, usize)> =
            blobs.iter().copied().enumerate().map(|(position, blob)| (blob, position)).collect();
        mentions.sort_unstable();
        mentions.dedup_by_key(|(blob, _)| *blob);
        let mut lacking = spread(&mentions, |part| {
            let mut lacking = Vec::new();
            part.chunks(BATCH).try_for_each(|batch| self.missing_in(batch, &mut lacking))?;
            Ok::<_, LookupError>(lacking)
        })?;
        lacking.sort_unstable_by_key(|(position, _)| *position);
        self.tally.blobs_missing.add(lacking.len() as u64);
        Ok(lacking)
    }

    fn missing_in(
        &self,
        batch: &[(BlobRef, usize)],
        lacking: &mut Vec<(usize, BlobStatus)>,
    ) -> Result<(), LookupError> {
        let names: Vec<BlobRef> = batch.iter().map(|(blob, _)| *blob).collect();
        // Before the rows: when doubt ends meanwhile, they may still be about torn blobs.
        let doubtful_since = self.doubts.since();
        let rows = self.index.blobs(&names)?;
        let is_known = |row: &BlobRow| doubtful_since.is_none_or(|since| row.last_used < since);
        // Then a blob without a name is missing, and one look at the disk tells. One that a sweep
        // takes right now is called missing, too, and comes back with the next question or upload.
        let is_trash_empty = self.store.trash_batches()?.is_empty();
        let mut learned = Vec::new();
        for ((blob, position), row) in batch.iter().zip(rows) {
            let known = match row.filter(is_known) {
                Some(row) => Some(row),
                None if is_trash_empty && !self.store.has_name(blob)? => None,
                None => self.find_known(blob, row)?.map(|found| {
                    let row = row_of(&found);
                    learned.push((*blob, row));
                    row
                }),
            };
            match known {
                None if self.inflight.is_sending(blob) => {
                    lacking.push((*position, BlobStatus::Staged));
                }
                None => lacking.push((*position, BlobStatus::Missing)),
                Some(row) if self.is_lazily_young(row) => {}
                Some(row) => {
                    // One that somebody wrote to must not look as if we had.
                    let kept = match self.find_known(blob, Some(row))? {
                        Some(_) => self.keep(blob, row)?,
                        None => None,
                    };
                    if let Some(row) = kept {
                        learned.push((*blob, row));
                    } else {
                        self.index.forget_blobs([blob])?;
                        lacking.push((*position, BlobStatus::Missing));
                    }
                }
            }
        }
        if !learned.is_empty() {
            self.note_seen(&learned)?;
        }
        Ok(())
    }
}

/// The row of a blob as the disk has it.
pub(super) fn row_of(found: &StoredBlob) -> BlobRow {
    BlobRow {
        stored_at: found.last_used,
        last_used: found.last_used,
        modified_ns: found.modified_ns,
    }
}
