//! Bytes and a claimed name → a blob.

use std::ops::RangeInclusive;

use shaman_proto::BlobRef;
use shaman_proto::wire::event::Event;

use super::{Durable, LookupError, Ops};
use crate::index::{BlobRow, IndexError};
use crate::live::{Sending, Turn};
use crate::store::{Committed, DiskError, Hasher, Mismatch, Staged, WriteError};

/// From so many unflushed blobs on, an upload flushes them: the list of them lives in memory
/// (about 100 bytes each), and a checkout that comes later has less to wait for.
const UNFLUSHED_MAX: usize = 50_000;

/// From so many bytes on, hashing and writing at the same time pays for handing over.
const LARGE_BYTES: u64 = 4 << 20;

/// Memory for pieces of all running uploads that wait for the disk, of which each may have two.
const PIECES_BYTES: usize = 32 << 20;

/// Bytes of an upload that are handed to the disk at once: to hand over less costs more than to
/// write it, and with more nothing is gained.
const PIECE_BYTES: RangeInclusive<usize> = (32 << 10)..=(1 << 20);

/// How an upload began.
#[derive(Debug)]
pub enum Begun {
    /// We have the blob already; there is nothing to send.
    AlreadyStored,
    /// Send the bytes here.
    Receiving(Box<Upload>),
}

/// A running upload. Dropped before [`Ops::finish_upload`], it leaves nothing behind, unless it is
/// one that can be resumed.
#[derive(Debug)]
pub struct Upload {
    blob: BlobRef,
    staged: Staged,
    sending: Sending,
    /// Where one that can be resumed may still write.
    turn: Option<Turn>,
}

/// How an upload ended well. Both ways the blob is there, and these bytes were verified.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Uploaded {
    /// We had nothing and now we have it.
    Stored,
    /// Somebody else's upload of the same blob ended first.
    AlreadyStored,
}

/// Why an upload ended badly. Nothing of it is left, or what can be resumed.
#[derive(Debug, thiserror::Error)]
pub enum UploadError {
    /// The bytes are not what their name says.
    #[error(transparent)]
    Mismatch(#[from] Mismatch),
    /// It would take from the reserve.
    #[error(
        "the storage has {free_bytes} bytes left, and {reserve_bytes} of them are kept free (`reserve`); sweep it, erase checkouts or add space, then try again"
    )]
    NoRoom {
        /// Free.
        free_bytes: u64,
        /// Kept free.
        reserve_bytes: u64,
    },
    /// It does not go on where it was.
    #[error("{kept_bytes} bytes of this blob are kept; go on from there, or send it anew")]
    Offset {
        /// Where it goes on.
        kept_bytes: u64,
    },
    /// Another request goes on with it.
    #[error("another request goes on with this upload; ask how far it is before you go on")]
    TakenOver,
    /// A file operation failed.
    #[error(transparent)]
    Disk(#[from] DiskError),
    /// The index failed.
    #[error(transparent)]
    Index(#[from] IndexError),
}

impl From<WriteError> for UploadError {
    fn from(error: WriteError) -> Self {
        match error {
            WriteError::Mismatch(mismatch) => mismatch.into(),
            WriteError::Disk(disk) => disk.into(),
        }
    }
}

impl From<LookupError> for UploadError {
    fn from(error: LookupError) -> Self {
        match error {
            LookupError::Disk(disk) => disk.into(),
            LookupError::Index(index) => index.into(),
        }
    }
}

impl Ops {
    /// Begins to receive a blob, unless we have it. Several may send the same one; each gets its
    /// own file and a true answer.
    pub fn begin_upload(&self, blob: BlobRef) -> Result<Begun, UploadError> {
        if self.have_already(&blob)? {
            return Ok(Begun::AlreadyStored);
        }
        self.refuse_without_room(&blob, 0)?;
        let sending = self.inflight.begin(blob);
        let staged = self.store.stage(blob)?;
        Ok(Begun::Receiving(Box::new(Upload::new(blob, staged, sending, None))))
    }

    /// Says whether we have a blob, and keeps it, since somebody is told so.
    pub(super) fn have_already(&self, blob: &BlobRef) -> Result<bool, UploadError> {
        let Some(found) = self.find(blob)? else { return Ok(false) };
        if !self.note_use(blob, &found)? {
            return Ok(false);
        }
        if self.limits.durable == Durable::AtOnce {
            self.flush_found(&[*blob])?;
        }
        Ok(true)
    }

    /// Refuses a blob that would take from the reserve; so many bytes of it are here already.
    pub(super) fn refuse_without_room(
        &self,
        blob: &BlobRef,
        kept_bytes: u64,
    ) -> Result<(), UploadError> {
        let space = self.store.space()?;
        let reserve_bytes = self.limits.reserve.bytes(space);
        let wanted_bytes = blob.size.bytes().saturating_sub(kept_bytes);
        if space.free_bytes.saturating_sub(reserve_bytes) < wanted_bytes {
            return Err(UploadError::NoRoom { free_bytes: space.free_bytes, reserve_bytes });
        }
        Ok(())
    }

    /// Bytes that an upload should hand to the disk at once: the fewer, the more uploads run.
    pub fn piece_bytes(&self) -> usize {
        let each = PIECES_BYTES / self.inflight.senders().max(1);
        each.clamp(*PIECE_BYTES.start(), *PIECE_BYTES.end())
    }

    /// Notes that somebody is sending this blob, until what this gives is dropped.
    pub fn note_sending(&self, blob: BlobRef) -> Sending {
        self.inflight.begin(blob)
    }

    /// Says whether somebody is sending this blob right now.
    pub fn is_being_sent(&self, blob: &BlobRef) -> bool {
        self.inflight.is_sending(blob)
    }

    /// Gives those of `blobs` that we lack while somebody is sending them.
    pub fn awaited(&self, blobs: &[BlobRef]) -> Result<Vec<BlobRef>, DiskError> {
        let mut awaited = self.inflight.among(blobs);
        let mut failure = Ok(());
        awaited.retain(|blob| match self.store.find(blob) {
            Ok(found) => found.is_none(),
            Err(error) => {
                failure = Err(error);
                false
            }
        });
        failure.map(|()| awaited)
    }

    /// Bytes that came so far for those of `blobs` that are still being sent; `None` when none is.
    pub fn received_bytes(&self, blobs: &[BlobRef]) -> Option<u64> {
        self.inflight.received_bytes(blobs)
    }

    /// Verifies what came and makes it a blob.
    pub fn finish_upload(&self, upload: Box<Upload>) -> Result<Uploaded, UploadError> {
        // `sending` ends with this function: who waits for it finds the blob.
        let Upload { blob, staged, sending: _sending, turn } = *upload;
        let held =
            turn.as_ref().map(|turn| turn.hold().ok_or(UploadError::TakenOver)).transpose()?;
        let verified = staged.verify()?;
        self.unflushed.add(blob);
        let now = self.now_secs();
        let changing = self.count.changing();
        let committed = verified.commit(&self.store, now)?;
        drop(held);
        if let Committed::New { modified_ns } = committed {
            self.doubts.trust(blob);
            let row = BlobRow { stored_at: now, last_used: now, modified_ns };
            self.note_stored(&[(blob, row)])?;
            self.tell(Event::Stored { blobs: 1, bytes: blob.size.bytes() });
            drop(changing);
            self.heal_if_damaged(&blob);
            self.cut_soon(blob);
        } else {
            drop(changing);
            if let Some(found) = self.find(&blob)? {
                self.note_use(&blob, &found)?;
            }
        }
        if self.limits.durable == Durable::AtOnce {
            // Also what somebody else sent a moment ago.
            self.flush_found(&[blob])?;
        }
        self.flush_too_many()?;
        Ok(match committed {
            Committed::New { .. } => Uploaded::Stored,
            Committed::AlreadyThere => Uploaded::AlreadyStored,
        })
    }

    /// Flushes everything when there is too much that is not flushed.
    pub(super) fn flush_too_many(&self) -> Result<(), DiskError> {
        if let Some(many) = self.unflushed.more_than(UNFLUSHED_MAX) {
            self.store.flush_all()?;
            self.unflushed.remove(&many);
        }
        Ok(())
    }

    /// Heals the checkouts of a blob that came back.
    pub(super) fn heal_if_damaged(&self, blob: &BlobRef) {
        if let Err(error) = self.heal_with(blob) {
            // The blob is there all the same, and the upkeep tries again.
            tracing::error!(blob = %blob, %error, "cannot heal the checkouts of a blob that came back");
        }
    }
}

impl Upload {
    pub(super) fn new(blob: BlobRef, staged: Staged, sending: Sending, turn: Option<Turn>) -> Self {
        Self { blob, staged, sending, turn }
    }

    /// Notes who sends it, if that is somebody in particular.
    pub fn belongs_to(&mut self, owner: Option<&str>) {
        if let Some(owner) = owner {
            self.sending.belongs_to(owner);
        }
    }

    /// Bytes that are kept when it ends here, those of earlier requests too.
    pub fn kept_bytes(&self) -> u64 {
        if self.turn.is_some() { self.staged.received_bytes() } else { 0 }
    }

    /// Appends bytes; fails at the first one beyond the declared size.
    pub fn write(&mut self, bytes: &[u8]) -> Result<(), UploadError> {
        self.append(bytes, Staged::write)
    }

    /// The same for bytes that another thread hashes meanwhile, see [`Upload::take_hasher`].
    pub fn write_unhashed(&mut self, bytes: &[u8]) -> Result<(), UploadError> {
        self.append(bytes, Staged::write_unhashed)
    }

    /// Says whether it is worth a second thread to hash what comes.
    pub fn is_large(&self) -> bool {
        self.blob.size.bytes() >= LARGE_BYTES
    }

    /// Lends the hasher to another thread, until [`Upload::return_hasher`]; who does not return it
    /// ends with a mismatch.
    pub fn take_hasher(&mut self) -> Hasher {
        self.staged.take_hasher()
    }

    /// Takes the hasher back.
    pub fn return_hasher(&mut self, hasher: Hasher) {
        self.staged.return_hasher(hasher);
    }

    fn append(
        &mut self,
        bytes: &[u8],
        write: impl FnOnce(&mut Staged, &[u8]) -> Result<(), WriteError>,
    ) -> Result<(), UploadError> {
        let _held = match &self.turn {
            Some(turn) => Some(turn.hold().ok_or(UploadError::TakenOver)?),
            None => None,
        };
        write(&mut self.staged, bytes)?;
        self.sending.received(bytes.len());
        Ok(())
    }
}
