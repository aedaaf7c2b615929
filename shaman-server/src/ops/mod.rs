//! What is done: one verb a file. Plain blocking code; who calls it brings the thread.

mod catch_up;
mod check;
mod check_out;
mod damage;
mod delta;
mod diff;
mod erase;
mod expire;
mod flush;
mod follow;
mod history;
mod keep;
mod look;
mod missing;
mod pace;
mod pin;
mod read;
mod reindex;
mod resume;
mod scrub;
mod spread;
mod status;
mod sweep;
mod totals;
mod upload;
mod upload_small;
mod verify;

use std::path::PathBuf;
use std::sync::Mutex;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use shaman_proto::wire::event::Event;
use shaman_proto::{BlobRef, BlobStatus};

use crate::index::{BlobRow, Index, IndexError};
use crate::live::{
    Damages, Doubts, Events, Holds, Inflight, Running, Tally, Turns, Uncut, Unflushed,
};
use crate::store::{DiskError, LinkError, ProbeError, ServerOnStorage, Space, Store, StoredBlob};

pub use catch_up::CaughtUp;
pub use check::Check;
pub use check_out::{CheckOutError, Wanted};
pub use damage::{Damage, Healed, Thorough};
pub use delta::{AssembleError, Assembly, CutEnd};
pub use diff::{Diff, diff};
pub use erase::{EraseError, Erased};
pub use expire::{Expired, JobsFrom};
pub use follow::{Followed, ListedJob};
pub use history::Point;
pub use look::{Load, Look, NotReady};
pub use pin::PinError;
pub use reindex::{Ended, ReindexError, Reindexed};
pub use resume::Keep;
pub use scrub::{ScrubEnd, ScrubPass, ScrubStatus};
pub use status::Cost;
pub use sweep::{By, Dry, SweepError, SweepOrder, Swept, Weight};
pub use totals::Totals;
pub use upload::{Begun, Upload, UploadError, Uploaded};
pub use verify::Verified;

/// How long a blob stays after its last use: Flamenco's default `maxAge`, 31 days.
const GRACE: Duration = Duration::from_hours(744);

/// Everything a verb needs.
#[derive(Debug)]
pub struct Ops {
    store: Store,
    index: Index,
    inflight: Inflight,
    turns: Turns,
    holds: Holds,
    unflushed: Unflushed,
    uncut: Uncut,
    doubts: Doubts,
    damages: Damages,
    events: Events,
    tally: Tally,
    scrubbing: scrub::Scrubbing,
    /// Held while the index is compared with the storage.
    reindexing: Mutex<()>,
    seen: status::Seen,
    count: totals::Count,
    limits: Limits,
    clock: Clock,
}

/// How long blobs stay, and how much room has to.
#[derive(Debug, Clone)]
pub struct Limits {
    /// How long a blob stays after its last use.
    pub grace: Duration,
    /// No sweep may be asked for a shorter age: a client that was told that we have a blob has so
    /// long to ask for its checkout.
    pub age_min: Duration,
    /// Room that is never given to blobs.
    pub reserve: Reserve,
    /// When what was uploaded survives a power cut.
    pub durable: Durable,
    /// Whether checkouts expire.
    pub expiry: Expiry,
    /// Most files in one list.
    pub entries: usize,
}

/// Whether checkouts that no job has expire.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expiry {
    /// They stay until somebody erases them.
    Never,
    /// At some age.
    ByAge,
}

/// When what was uploaded survives a power cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Durable {
    /// When a checkout that names it is there.
    WithCheckout,
    /// When the upload is over.
    AtOnce,
}

/// Room on the storage that is never given to blobs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reserve {
    /// So many bytes.
    Bytes(u64),
    /// So many percent of all.
    Percent(u8),
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            grace: GRACE,
            age_min: Duration::from_hours(1),
            reserve: Reserve::Percent(5),
            durable: Durable::WithCheckout,
            expiry: Expiry::Never,
            entries: shaman_proto::limits::ENTRIES_MAX,
        }
    }
}

impl Reserve {
    /// The reserve on a storage of this size, in bytes.
    pub fn bytes(self, space: Space) -> u64 {
        match self {
            Self::Bytes(bytes) => bytes,
            Self::Percent(percent) => space.all_bytes / 100 * u64::from(percent),
        }
    }
}

/// Tells the time; handed down, so that a test can set it.
pub type Clock = fn() -> SystemTime;

/// A lookup that failed.
#[derive(Debug, thiserror::Error)]
pub enum LookupError {
    /// On disk.
    #[error(transparent)]
    Disk(#[from] DiskError),
    /// In the index.
    #[error(transparent)]
    Index(#[from] IndexError),
}

impl From<LinkError> for LookupError {
    fn from(error: LinkError) -> Self {
        match error {
            LinkError::Disk(error) => error.into(),
            LinkError::Missing(blob) => DiskError::missing(&blob.to_string()).into(),
        }
    }
}

impl Ops {
    /// The verbs on this store and index. Blobs that changed at or after `doubtful_since` (seconds
    /// since 1970) are verified before their first use.
    pub fn new(
        store: Store,
        index: Index,
        doubtful_since: Option<u64>,
        limits: Limits,
        clock: Clock,
    ) -> Self {
        Self {
            store,
            index,
            inflight: Inflight::default(),
            turns: Turns::default(),
            holds: Holds::default(),
            unflushed: Unflushed::default(),
            uncut: Uncut::default(),
            doubts: Doubts::new(doubtful_since),
            damages: Damages::default(),
            events: Events::default(),
            tally: Tally::default(),
            scrubbing: scrub::Scrubbing::default(),
            reindexing: Mutex::default(),
            seen: status::Seen::default(),
            count: totals::Count::default(),
            limits,
            clock,
        }
    }

    /// Most files in one list.
    pub fn entries_max(&self) -> usize {
        self.limits.entries
    }

    /// Looks for a blob, in the trash too: who asks for it gets it back. One that is in doubt, or
    /// that somebody wrote to, is verified; one that does not match its name is set aside and
    /// missing.
    fn find(&self, blob: &BlobRef) -> Result<Option<StoredBlob>, LookupError> {
        self.find_known(blob, self.index.blob(blob)?)
    }

    /// The same with what the index knows of it.
    fn find_known(
        &self,
        blob: &BlobRef,
        row: Option<BlobRow>,
    ) -> Result<Option<StoredBlob>, LookupError> {
        let was_doubt = self.doubts.since().is_some();
        let mut found = self.store.find(blob)?;
        if found.is_none() {
            if let Some(file) = self.store.find_misfit(blob)? {
                self.set_aside(blob, file)?;
            }
            // Whoever put it back, the sweep itself, another client or we: it may be there now.
            self.store.restore(blob)?;
            found = self.store.find(blob)?;
        }
        if was_doubt && self.doubts.since().is_none() {
            // The last torn blob may have been set aside since the look.
            found = self.store.find(blob)?;
        }
        let Some(found) = found else { return Ok(None) };
        if self.doubts.covers(blob, found.changed) || self.is_written_to(blob, row, &found)? {
            return Ok(self.verify(blob)?.then_some(found));
        }
        Ok(Some(found))
    }

    /// Says whether a blob's file has another mtime than we know of.
    fn is_written_to(
        &self,
        blob: &BlobRef,
        row: Option<BlobRow>,
        found: &StoredBlob,
    ) -> Result<bool, IndexError> {
        let differs =
            |row: Option<BlobRow>| row.is_some_and(|r| r.modified_ns != found.modified_ns);
        // Another request may have marked it as used between both looks.
        Ok(differs(row) && differs(self.index.blob(blob)?))
    }

    /// Room on the storage.
    pub fn space(&self) -> Result<Space, DiskError> {
        self.store.space()
    }

    /// Bytes that are wanting of the reserve.
    pub fn shortage(&self) -> Result<u64, DiskError> {
        let space = self.store.space()?;
        Ok(self.limits.reserve.bytes(space).saturating_sub(space.free_bytes))
    }

    /// What we have of a blob, from the disk.
    /// Who is told that it is there may count on it: it counts as used now.
    pub fn status(&self, blob: &BlobRef) -> Result<BlobStatus, LookupError> {
        let found = self.find(blob)?;
        let is_there = found.map(|found| self.note_use(blob, &found)).transpose()?;
        Ok(if is_there == Some(true) {
            BlobStatus::Stored
        } else if self.inflight.is_sending(blob) {
            BlobStatus::Staged
        } else {
            BlobStatus::Missing
        })
    }

    /// What happens, for those who want to listen.
    pub fn events(&self) -> &Events {
        &self.events
    }

    /// What was done since the start.
    pub fn tally(&self) -> &Tally {
        &self.tally
    }

    /// The servers that run on this storage, the oldest first.
    pub fn servers(&self) -> Result<Vec<ServerOnStorage>, DiskError> {
        self.store.servers()
    }

    /// Every blob that is being sent, the largest first.
    pub fn running_uploads(&self) -> Vec<Running> {
        self.inflight.running()
    }

    /// Every blob that this owner sends, the largest first.
    pub fn running_uploads_of(&self, owner: &str) -> Vec<Running> {
        self.inflight.running_of(owner)
    }

    fn tell(&self, event: Event) {
        self.tally.note(&event);
        self.events.tell(self.now_secs(), event);
    }

    /// Absolute path of the directory that holds all checkouts.
    pub fn checkout_root(&self) -> PathBuf {
        self.store.checkout_root()
    }

    /// Tries whether the storage can still be written to; leaves nothing behind.
    pub fn try_storage(&self) -> Result<(), ProbeError> {
        self.store.probe()
    }

    /// Seconds since 1970.
    pub fn now_secs(&self) -> u64 {
        (self.clock)().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
    }
}
