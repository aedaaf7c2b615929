//! Large blobs whose upload goes on after a lost connection or a restart.

use std::time::Duration;

use shaman_proto::limits::FRAME_BYTES_MAX;
use shaman_proto::{BlobRef, BlobStatus};

use super::upload::{Begun, Upload, UploadError};
use super::{LookupError, Ops};
use crate::store::{DiskError, PartRef};

/// How long a part is kept after its last byte: a client that was switched off overnight goes on
/// in the morning.
const KEPT: Duration = Duration::from_hours(24);

/// The same when room is short.
const KEPT_WHEN_SHORT: Duration = Duration::from_hours(1);

/// Which uploads are kept when they end before their blob does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Keep {
    /// Those of large blobs: to send a small one again costs less than to ask how far it is.
    Large,
    /// All: the sender says that it sends a part.
    All,
}

/// Whether room is short.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Short {
    Yes,
    No,
}

impl Ops {
    /// Begins to receive a blob from its first byte, or goes on at `offset`, which has to be as far
    /// as it has come. What came is kept when the upload ends before the blob does.
    ///
    /// Each owner goes on with what it sent itself. One that begins while the same owner sends the
    /// same blob is received without being kept.
    pub fn begin_resumable(
        &self,
        part: &PartRef,
        offset: u64,
        keep: Keep,
    ) -> Result<Begun, UploadError> {
        let blob = part.blob();
        if offset == 0 {
            let is_kept = keep == Keep::All || blob.size.bytes() > FRAME_BYTES_MAX;
            let turn = if is_kept { self.turns.claim(blob, part.owner()) } else { None };
            let Some(turn) = turn else { return self.begin_upload(blob) };
            if self.have_already(&blob)? {
                return Ok(Begun::AlreadyStored);
            }
            self.refuse_without_room(&blob, 0)?;
            let staged = self.store.stage_part(part)?;
            let sending = self.inflight.begin(blob);
            return Ok(Begun::Receiving(Box::new(Upload::new(blob, staged, sending, Some(turn)))));
        }
        if self.have_already(&blob)? {
            return Ok(Begun::AlreadyStored);
        }
        let kept_bytes = self.store.part_bytes(part)?.unwrap_or(0);
        if kept_bytes != offset {
            return Err(UploadError::Offset { kept_bytes });
        }
        self.refuse_without_room(&blob, offset)?;
        // From here on the request before cannot write any more.
        let turn = self.turns.take(blob, part.owner());
        let Some(staged) = self.store.resume_part(part)? else {
            return Err(UploadError::Offset { kept_bytes: 0 });
        };
        let kept_bytes = staged.received_bytes();
        if kept_bytes != offset {
            return Err(UploadError::Offset { kept_bytes });
        }
        let sending = self.inflight.begin(blob);
        // So that who looks sees how far the blob is.
        sending.received(usize::try_from(kept_bytes).unwrap_or(usize::MAX));
        Ok(Begun::Receiving(Box::new(Upload::new(blob, staged, sending, Some(turn)))))
    }

    /// Says whether we have a blob. Who is told so may count on it: it counts as used now.
    pub fn has_blob(&self, blob: &BlobRef) -> Result<bool, LookupError> {
        Ok(self.status(blob)? == BlobStatus::Stored)
    }

    /// Bytes that came of a blob that is not complete; `None`: nothing is kept of it.
    pub fn part_bytes(&self, part: &PartRef) -> Result<Option<u64>, LookupError> {
        Ok(self.store.part_bytes(part)?)
    }

    /// Throws away what came of a blob; a request that still sends it is told so. `false`: nothing
    /// was kept.
    pub fn forget_part(&self, part: &PartRef) -> Result<bool, LookupError> {
        let _turn = self.turns.take(part.blob(), part.owner());
        Ok(self.store.remove_part(part)?)
    }

    /// Throws away parts that nobody went on with.
    pub(super) fn forget_old_parts(&self, short: Short) -> Result<u64, DiskError> {
        let kept = match short {
            Short::Yes => KEPT_WHEN_SHORT,
            Short::No => KEPT,
        };
        self.store.remove_old_parts(self.now_secs().saturating_sub(kept.as_secs()))
    }
}
