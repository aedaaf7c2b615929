//! Blobs in doubt → whole, or in quarantine.

use std::ops::ControlFlow;

use shaman_proto::BlobRef;
use shaman_proto::wire::event::Event;

use super::{LookupError, Ops};
use crate::index::BlobRow;
use crate::store::Looked;

/// Looks at a blob before a damaged one counts as gone; another server may put good ones there.
const LOOKS_MAX: usize = 4;

/// What became of a blob that was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Seen {
    /// It is what its name says.
    Whole,
    /// It was not, and is in quarantine.
    SetAside,
    /// There is none.
    Gone,
    /// Somebody wanted to stop.
    Stopped,
}

/// Blobs that were in doubt.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Verified {
    /// What they say they are.
    pub whole: u64,
    /// Set aside.
    pub torn: u64,
}

impl Ops {
    /// Verifies every blob in doubt, so that nobody has to wait for it later, and sets aside what has
    /// another size than its name says. `None`: nothing was in doubt, or `go_on` said no; then the
    /// next use of each blob verifies it.
    pub fn verify_doubtful(
        &self,
        go_on: impl Fn() -> bool,
    ) -> Result<Option<Verified>, LookupError> {
        if self.doubts.since().is_none() {
            return Ok(None);
        }
        let (mut doubtful, mut failure) = (Vec::new(), Ok(()));
        self.store.walk_names_after(None, |blob| {
            match self.store.find(&blob) {
                Ok(Some(found)) if !self.doubts.covers(&blob, found.changed) => {}
                Ok(_) => doubtful.push(blob),
                Err(error) => failure = Err(error),
            }
            if failure.is_ok() && go_on() {
                ControlFlow::Continue(())
            } else {
                ControlFlow::Break(())
            }
        })?;
        failure?;
        let mut verified = Verified::default();
        for blob in doubtful {
            if !go_on() {
                return Ok(None);
            }
            if self.verify(&blob)? {
                verified.whole += 1;
            } else {
                self.index.forget_blobs([&blob])?;
                verified.torn += 1;
            }
        }
        self.doubts.end();
        self.store.end_doubt()?;
        Ok(Some(verified))
    }

    /// Reads a blob. `false`: it is missing; if it was damaged it is in quarantine now.
    pub(super) fn verify(&self, blob: &BlobRef) -> Result<bool, LookupError> {
        Ok(self.see(blob, |_| ControlFlow::Continue(()))? == Seen::Whole)
    }

    /// Reads a blob, at a pace, and sets it aside when it is damaged. Two readings have to say so:
    /// what comes over a network may be wrong once.
    pub(super) fn see(
        &self,
        blob: &BlobRef,
        mut pace: impl FnMut(u64) -> ControlFlow<()>,
    ) -> Result<Seen, LookupError> {
        for _ in 0..LOOKS_MAX {
            let first = self.store.look_through(blob, &mut pace)?;
            match first {
                Looked::Gone => return Ok(Seen::Gone),
                Looked::Stopped => return Ok(Seen::Stopped),
                Looked::Whole(modified_ns) => {
                    self.doubts.trust(*blob);
                    self.note_whole(blob, modified_ns)?;
                    return Ok(Seen::Whole);
                }
                Looked::Damaged(file) | Looked::Unreadable(file) => {
                    if matches!(first, Looked::Unreadable(_)) {
                        // A storage that is away is no damage.
                        self.store.try_writing()?;
                    }
                    if self.store.look_through(blob, &mut pace)? == first
                        && self.set_aside(blob, file)?
                    {
                        return Ok(Seen::SetAside);
                    }
                }
            }
        }
        Ok(Seen::Gone)
    }

    /// Notes a blob as it is on disk: it was right when it had this mtime.
    fn note_whole(&self, blob: &BlobRef, modified_ns: u64) -> Result<(), LookupError> {
        let row = self.index.blob(blob)?;
        if row.is_some_and(|row| row.modified_ns == modified_ns) {
            return Ok(());
        }
        let modified = modified_ns / 1_000_000_000;
        let row = BlobRow {
            stored_at: row.map_or(modified, |row| row.stored_at),
            // Whoever was told that we have it was told so then.
            last_used: row.map_or(modified, |row| row.last_used.max(modified)),
            modified_ns,
        };
        // It was read for a while.
        self.note_seen(&[(*blob, row)])
    }

    /// Sets a damaged file aside. `false`: it is not the blob's any more.
    pub(super) fn set_aside(&self, blob: &BlobRef, file: (u64, u64)) -> Result<bool, LookupError> {
        // Before the name goes: whoever uploads it then heals.
        self.damages.add(*blob);
        if !self.store.quarantine(blob, file, self.now_secs())? {
            return Ok(false);
        }
        self.index.forget_blobs([blob])?;
        self.count.set_stale();
        self.tell(Event::Damaged { sha256: blob.digest, size: blob.size });
        tracing::error!(blob = %blob, "a blob was damaged; it is in quarantine, and clients that have it send it again");
        Ok(true)
    }
}
