//! Somebody is told that we have a blob → it stays for a while.

use std::io::ErrorKind;
use std::time::Duration;

use shaman_proto::BlobRef;

use super::missing::row_of;
use super::{LookupError, Ops};
use crate::index::BlobRow;
use crate::store::StoredBlob;

/// Times that a blob is put back which a sweep takes in just that moment.
const RESTORES_MAX: usize = 8;

impl Ops {
    /// The mtime before which a sweep may take a blob. So long as a note may be old, blobs stay beyond
    /// the shortest age, so that the promise of that holds although most uses write nothing.
    pub(super) fn oldest_kept(&self, max_age: Duration) -> u64 {
        let kept = max_age.max(self.limits.age_min + self.laziness());
        self.now_secs().saturating_sub(kept.as_secs())
    }

    /// How old the note of the last use may be: a tenth of the grace, half the shortest age at most.
    /// So asking for 10,000 known files does not write 10,000 inodes.
    fn laziness(&self) -> Duration {
        (self.limits.grace / 10).min(self.limits.age_min / 2)
    }

    /// Says whether a blob was used so lately that it need not be noted again.
    pub(super) fn is_lazily_young(&self, row: BlobRow) -> bool {
        self.now_secs().saturating_sub(row.last_used) <= self.laziness().as_secs()
    }

    /// Notes that a blob is used now, unless that was noted lately. `false`: it is gone.
    pub(super) fn note_use(&self, blob: &BlobRef, found: &StoredBlob) -> Result<bool, LookupError> {
        let before = row_of(found);
        let kept = self.keep(blob, before)?;
        if let Some(row) = kept.filter(|row| *row != before) {
            self.note_seen(&[(*blob, row)])?;
        }
        Ok(kept.is_some())
    }

    /// Writes the rows of blobs that were seen on disk. A sweep may have taken one since: it forgets
    /// the row behind its rename, too, so whoever comes last sees what the other did.
    pub(super) fn note_seen(&self, rows: &[(BlobRef, BlobRow)]) -> Result<(), LookupError> {
        self.index.put_blobs(rows.iter().copied())?;
        self.forget_gone_of(rows.iter().map(|(blob, _)| blob))?;
        Ok(())
    }

    /// Writes the rows of blobs that came just now. No sweep may take them for a while, so only
    /// those are looked at again whose row comes that late.
    pub(super) fn note_stored(&self, rows: &[(BlobRef, BlobRow)]) -> Result<(), LookupError> {
        self.index.put_blobs(rows.iter().copied())?;
        let now = self.now_secs();
        let is_late =
            |row: &BlobRow| now.saturating_sub(row.last_used) >= self.limits.age_min.as_secs();
        let late = rows.iter().filter(|(_, row)| is_late(row)).map(|(blob, _)| blob);
        self.forget_gone_of(late)?;
        Ok(())
    }

    /// Forgets the rows of those of these blobs that are gone; gives how many.
    pub(super) fn forget_gone_of<'a>(
        &self,
        blobs: impl IntoIterator<Item = &'a BlobRef>,
    ) -> Result<u64, LookupError> {
        let mut gone = Vec::new();
        for blob in blobs {
            if self.store.find(blob)?.is_none() {
                gone.push(*blob);
            }
        }
        if !gone.is_empty() {
            self.index.forget_blobs(&gone)?;
        }
        Ok(gone.len() as u64)
    }

    /// Keeps a blob from ageing, since we are about to tell somebody that we have it. Gives its row
    /// as it is then, to be put into the index; `None`: the blob is gone.
    pub(super) fn keep(
        &self,
        blob: &BlobRef,
        row: BlobRow,
    ) -> Result<Option<BlobRow>, LookupError> {
        if self.is_lazily_young(row) {
            return Ok(Some(row));
        }
        let now = self.now_secs();
        for _ in 0..RESTORES_MAX {
            match self.store.mark_used(blob, (self.clock)()) {
                // A sweep that takes it from here on sees the mark and puts it back.
                Ok(modified_ns) if self.store.find_afresh(blob)?.is_some() => {
                    return Ok(Some(BlobRow { last_used: now, modified_ns, ..row }));
                }
                Ok(_) => {}
                Err(error) if error.kind() == ErrorKind::NotFound => {}
                Err(error) => return Err(error.into()),
            }
            // A sweep has just taken it: this brings it back.
            if self.find(blob)?.is_none() {
                break;
            }
        }
        Ok(None)
    }
}
