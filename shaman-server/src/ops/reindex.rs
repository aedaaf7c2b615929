//! Store → index.

use std::collections::BTreeSet;
use std::ops::ControlFlow;

use shaman_proto::{BlobRef, CheckoutPath, Manifest, ManifestEntry};

use super::missing::row_of;
use super::{LookupError, Ops};
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
}

/// How a reindex ended well.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// All of the store had been read before; so many checkouts were not known for all that.
    WasComplete(u64),
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
            return Ok(Ended::WasComplete(self.catch_up(go_on)?));
        }
        let mut done = Reindexed::default();
        let mut failure = None;
        let mut batch: Vec<(BlobRef, BlobRow)> = Vec::with_capacity(BATCH);
        let flow =
            |written: Result<(), LookupError>, failure: &mut Option<LookupError>| match written {
                Ok(()) if go_on() => ControlFlow::Continue(()),
                Ok(()) => ControlFlow::Break(()),
                Err(error) => {
                    *failure = Some(error);
                    ControlFlow::Break(())
                }
            };
        self.store.walk_blobs(Empties::Stay, |blob, found| {
            done.blobs += 1;
            batch.push((blob, row_of(&found)));
            if batch.len() < BATCH {
                return ControlFlow::Continue(());
            }
            flow(self.index.put_blobs(batch.drain(..)).map_err(Into::into), &mut failure)
        })?;
        self.index.put_blobs(batch.drain(..))?;
        if failure.is_none() && go_on() {
            self.store.walk_manifests(|manifest| {
                done.checkouts += 1;
                flow(self.note_checkout(&manifest).map_err(Into::into), &mut failure)
            })?;
        }
        match failure {
            Some(error) => Err(error),
            None if !go_on() => Ok(Ended::Stopped),
            None => {
                self.index.set_complete()?;
                Ok(Ended::Complete(done))
            }
        }
    }

    /// Notes the checkouts that are on the storage and not in the index: the server was killed
    /// between both, its disk lost the last rows when the power went, or another server made them.
    fn catch_up(&self, go_on: impl Fn() -> bool) -> Result<u64, ReindexError> {
        let mut known = Vec::new();
        loop {
            let after = known.last().map_or("", CheckoutPath::as_str);
            let page = self.index.checkouts_after(after, BATCH)?;
            if page.is_empty() {
                break;
            }
            known.extend(page.into_iter().map(|(checkout, _)| checkout));
        }
        let (mut noted, mut failure) = (0, Ok(()));
        self.store.walk_other_manifests(known, |manifest| {
            failure = self.note_found(&manifest);
            noted += 1;
            if failure.is_ok() && go_on() {
                ControlFlow::Continue(())
            } else {
                ControlFlow::Break(())
            }
        })?;
        failure.map(|()| noted)
    }

    /// Notes a checkout whose manifest was read, unless it is erased meanwhile.
    fn note_found(&self, manifest: &Manifest) -> Result<(), ReindexError> {
        self.note_checkout(manifest)?;
        if !self.store.has_checkout(&manifest.checkout)? {
            let blobs: Vec<BlobRef> = manifest.files.iter().map(ManifestEntry::blob).collect();
            self.index.forget_checkout(&manifest.checkout, &blobs)?;
        }
        Ok(())
    }
}

impl Ops {
    /// Puts a checkout into the index as its manifest says it.
    pub(super) fn note_checkout(&self, manifest: &Manifest) -> Result<(), IndexError> {
        let row = CheckoutRow {
            created: seconds(&manifest.created),
            files: manifest.files.len() as u64,
            bytes: manifest.bytes(),
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
