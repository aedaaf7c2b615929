//! Blobs that are there → where each of their chunks is.
//!
//! What was uploaded is cut soon after, while the kernel still has it in memory: in the upload itself
//! it would slow that down. What came otherwise (a store that was taken over, other servers
//! on the storage, rows that were pushed out) is found by a look through the store, in the order of
//! names, at a bounded rate; where that is, is noted in the index. It stops before it pushes out
//! what uploads noted.

use std::ops::ControlFlow;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use shaman_proto::limits::CUT_BYTES_MIN;
use shaman_proto::{BlobRef, ChunkName, Cutter};

use crate::index::{IndexError, Place};
use crate::ops::pace::Pace;
use crate::ops::{LookupError, Ops};

/// Bytes read at once.
const PIECE_BYTES: usize = 1 << 20;

/// Rows written at once.
const BATCH: usize = 4_096;

/// How far a look through the store is.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
struct Pass {
    /// Seconds since 1970 when it began.
    began: u64,
    /// Whether it is through.
    is_through: bool,
    /// The last blob.
    after: Option<String>,
}

/// How cutting ended well.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CutEnd {
    /// There is nothing left to cut.
    Through {
        /// Blobs that were cut.
        blobs: u64,
    },
    /// The index has no more room for what nobody uploads.
    Full,
    /// Somebody wanted to stop.
    Stopped,
}

/// What became of one blob.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Seen {
    Cut,
    /// It is gone, or was cut before.
    Passed,
    Stopped,
}

impl Ops {
    /// Notes that a blob came, to be cut soon if chunks are wanted.
    pub(in crate::ops) fn cut_soon(&self, blob: BlobRef) {
        if blob.size.bytes() >= CUT_BYTES_MIN && self.index.keeps_chunks() {
            self.uncut.add(blob);
        }
    }

    /// Says whether blobs that came lately wait to be cut.
    pub fn has_uncut(&self) -> bool {
        !self.uncut.is_empty()
    }

    /// Cuts the blobs that came lately; gives how many.
    pub fn cut_new(&self, go_on: impl Fn() -> bool) -> Result<u64, LookupError> {
        let mut blobs = 0;
        while go_on()
            && let Some(blob) = self.uncut.next()
        {
            let keep = |_| if go_on() { ControlFlow::Continue(()) } else { ControlFlow::Break(()) };
            blobs += u64::from(self.cut(&blob, keep)? == Seen::Cut);
        }
        Ok(blobs)
    }

    /// Says whether a look through the store is due: not through, or a period after the last began.
    /// Where no chunks are wanted it never is.
    pub fn cutting_is_due(&self, period: Duration) -> Result<bool, LookupError> {
        if !self.index.keeps_chunks() {
            return Ok(false);
        }
        let due = |pass: Pass| {
            !pass.is_through || self.now_secs() >= pass.began.saturating_add(period.as_secs())
        };
        Ok(self.cutting_pass()?.is_none_or(due))
    }

    /// Cuts what the store has and the index does not know, at `rate` bytes a second, from where the
    /// last look ended.
    pub fn cut_old(&self, rate: u64, go_on: impl Fn() -> bool) -> Result<CutEnd, LookupError> {
        let mut pass = match self.cutting_pass()? {
            Some(pass) if !pass.is_through => pass,
            _ => Pass { began: self.now_secs(), ..Pass::default() },
        };
        let after = pass.after.as_deref().and_then(|name| name.parse::<BlobRef>().ok());
        let (mut pace, mut blobs) = (Pace::new(rate), 0);
        let mut ended: Result<Option<CutEnd>, LookupError> = Ok(None);
        self.store.walk_names_after(after.as_ref(), |blob| {
            ended = self.cut_one(&blob, &mut pace, &go_on, &mut pass).map(|seen| match seen {
                Ok(seen) => {
                    blobs += u64::from(seen == Seen::Cut);
                    (seen == Seen::Stopped || !go_on()).then_some(CutEnd::Stopped)
                }
                Err(Full) => Some(CutEnd::Full),
            });
            match ended {
                Ok(None) => ControlFlow::Continue(()),
                _ => ControlFlow::Break(()),
            }
        })?;
        let ended = ended?.unwrap_or(CutEnd::Through { blobs });
        pass.is_through = ended != CutEnd::Stopped;
        self.put_cutting_pass(&pass)?;
        Ok(ended)
    }

    fn cut_one(
        &self,
        blob: &BlobRef,
        pace: &mut Pace,
        go_on: &impl Fn() -> bool,
        pass: &mut Pass,
    ) -> Result<Result<Seen, Full>, LookupError> {
        let size = blob.size.bytes();
        if size < CUT_BYTES_MIN || self.index.is_cut(blob)? {
            return Ok(Ok(Seen::Passed));
        }
        if !self.index.has_room_for_chunks(size.div_ceil(Cutter::CHUNK_BYTES)) {
            return Ok(Err(Full));
        }
        let seen = self.cut(blob, |bytes| pace.keep(bytes, go_on))?;
        if seen != Seen::Stopped {
            pass.after = Some(blob.to_string());
            self.put_cutting_pass(pass)?;
        }
        Ok(Ok(seen))
    }

    /// Reads a blob and notes where its chunks are. Reading it is no use of it.
    fn cut(
        &self,
        blob: &BlobRef,
        mut pace: impl FnMut(u64) -> ControlFlow<()>,
    ) -> Result<Seen, LookupError> {
        if self.index.is_cut(blob)? {
            return Ok(Seen::Passed);
        }
        let Some(open) = self.store.open_to_read(blob)? else { return Ok(Seen::Passed) };
        let (mut cutter, mut places) = (Cutter::default(), Vec::new());
        let (mut read, mut cut) = (0, 0);
        let mut place = |chunk: &[u8], places: &mut Vec<Place>| {
            let length = u32::try_from(chunk.len()).expect("a chunk has a limit");
            places.push(Place { name: ChunkName::of(chunk), offset: cut, length });
            cut += u64::from(length);
        };
        let size = blob.size.bytes();
        while read < size {
            let wanted =
                usize::try_from(size - read).map_or(PIECE_BYTES, |left| left.min(PIECE_BYTES));
            let piece = match open.read_at(read, wanted) {
                Ok(piece) => piece,
                Err(error) => {
                    // The scrub finds out what is wrong with it.
                    tracing::warn!(blob = %blob, %error, "a blob could not be cut into chunks");
                    return Ok(Seen::Passed);
                }
            };
            read += wanted as u64;
            cutter.push(&piece, |chunk| place(chunk, &mut places));
            if places.len() >= BATCH {
                self.index.put_chunks(blob, &places)?;
                places.clear();
            }
            if pace(wanted as u64).is_break() {
                return Ok(Seen::Stopped);
            }
        }
        cutter.finish(|chunk| place(chunk, &mut places));
        self.index.put_chunks(blob, &places)?;
        self.index.set_cut(blob)?;
        Ok(Seen::Cut)
    }

    fn cutting_pass(&self) -> Result<Option<Pass>, IndexError> {
        let note = self.index.cutting_note()?;
        // One that cannot be understood is none: a look begins anew.
        Ok(note.and_then(|text| serde_json::from_slice(&text).ok()))
    }

    fn put_cutting_pass(&self, pass: &Pass) -> Result<(), IndexError> {
        self.index.put_cutting_note(&serde_json::to_vec(pass).expect("a note is JSON"))
    }
}

/// The index has no room.
struct Full;
