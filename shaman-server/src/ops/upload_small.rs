//! Many small blobs that are here as a whole → blobs, with one look at the room, one flush where
//! that is wanted, and one write to the index.

use shaman_proto::BlobRef;
use shaman_proto::wire::event::Event;
use shaman_proto::wire::framing::Frame;

use super::{Durable, LookupError, Ops, UploadError, Uploaded};
use crate::index::BlobRow;
use crate::store::Committed;

impl Ops {
    /// Stores each of these that is what its name says, and gives what became of each. Nothing is
    /// left of the others.
    pub fn upload_small(
        &self,
        smalls: &[Frame],
    ) -> Result<Vec<Result<Uploaded, UploadError>>, UploadError> {
        let space = self.store.space()?;
        let reserve_bytes = self.limits.reserve.bytes(space);
        let mut room = space.free_bytes.saturating_sub(reserve_bytes);
        let mut rows = Vec::new();
        let mut fates = Vec::with_capacity(smalls.len());
        let changing = self.count.changing();
        for small in smalls {
            let bytes = small.bytes.len() as u64;
            let fate = match self.have(&small.blob) {
                Ok(true) => Ok(Uploaded::AlreadyStored),
                Ok(false) if bytes > room => {
                    Err(UploadError::NoRoom { free_bytes: space.free_bytes, reserve_bytes })
                }
                Ok(false) => self.upload_one(small, &mut rows),
                Err(error) => Err(error),
            };
            if matches!(fate, Ok(Uploaded::Stored)) {
                room = room.saturating_sub(bytes);
            }
            fates.push(fate);
        }
        self.note_new(&rows)?;
        drop(changing);
        if self.limits.durable == Durable::AtOnce {
            let blobs: Vec<BlobRef> = smalls.iter().map(|small| small.blob).collect();
            self.flush_found(&blobs)?;
        }
        self.flush_too_many()?;
        Ok(fates)
    }

    /// Stores one.
    pub fn upload_one_small(&self, small: &Frame) -> Result<Uploaded, UploadError> {
        let mut fates = self.upload_small(std::slice::from_ref(small))?;
        fates.pop().expect("each has a fate")
    }

    /// Says whether we have a blob, and notes that somebody is told so. One in the trash counts as
    /// missing here: its bytes have come anyway.
    fn have(&self, blob: &BlobRef) -> Result<bool, UploadError> {
        if self.store.find(blob)?.is_none() {
            return Ok(false);
        }
        match self.find(blob)? {
            Some(found) => Ok(self.note_use(blob, &found)?),
            None => Ok(false),
        }
    }

    fn upload_one(
        &self,
        small: &Frame,
        rows: &mut Vec<(BlobRef, BlobRow)>,
    ) -> Result<Uploaded, UploadError> {
        let blob = small.blob;
        // Who waits for it finds the blob when this ends.
        let _sending = self.inflight.begin(blob);
        let verified = self.store.stage_whole(blob, &small.bytes)?;
        self.unflushed.add(blob);
        let now = self.now_secs();
        match verified.commit(&self.store, now)? {
            Committed::New { modified_ns } => {
                self.doubts.trust(blob);
                rows.push((blob, BlobRow { stored_at: now, last_used: now, modified_ns }));
                self.heal_if_damaged(&blob);
                Ok(Uploaded::Stored)
            }
            Committed::AlreadyThere => {
                if let Some(found) = self.find(&blob)? {
                    self.note_use(&blob, &found)?;
                }
                Ok(Uploaded::AlreadyStored)
            }
        }
    }

    fn note_new(&self, rows: &[(BlobRef, BlobRow)]) -> Result<(), LookupError> {
        if rows.is_empty() {
            return Ok(());
        }
        let bytes = rows.iter().map(|(blob, _)| blob.size.bytes()).sum();
        self.tell(Event::Stored { blobs: rows.len() as u64, bytes });
        self.note_stored(rows)
    }
}
