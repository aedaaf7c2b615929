//! What is in the store, without counting it for each question.
//!
//! Counting a million rows takes a third of a second. So they are counted at the start and now and
//! then; in between it is what was counted, and what came and went since.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError, RwLock, RwLockReadGuard};
use std::time::{Duration, Instant};

use super::{LookupError, Ops, Weight};
use crate::live::Tally;

/// How long a count is good for: what other servers sent, and what comes back from the trash, is
/// seen with the next one.
const KEPT: Duration = Duration::from_mins(10);

/// While the index is being filled, counting takes a twentieth of the time at most.
const PAUSES: u32 = 20;

/// What is in the store, as the index has it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Totals {
    /// Blobs and their bytes.
    pub blobs: Weight,
    /// Checkouts.
    pub checkouts: u64,
    /// Bytes of their files, as copies would take.
    pub logical_bytes: u64,
    /// Whether the index has all of the store; else there is more.
    pub is_complete: bool,
}

impl Totals {
    /// How many times the bytes of the blobs the files of all checkouts would take as copies; 1
    /// when there are none.
    #[expect(clippy::cast_precision_loss, reason = "a ratio of bytes needs no 16 digits")]
    pub fn dedup_ratio(&self) -> f64 {
        if self.blobs.bytes == 0 || self.logical_bytes == 0 {
            return 1.0;
        }
        self.logical_bytes as f64 / self.blobs.bytes as f64
    }
}

/// The last count.
#[derive(Debug, Default)]
pub(super) struct Count {
    last: Mutex<Option<Counted>>,
    /// Held while rows are counted.
    counting: Mutex<()>,
    is_stale: AtomicBool,
    /// Held by who changes rows and tells of it, so that a count sees both or neither.
    changing: RwLock<()>,
}

#[derive(Debug, Clone, Copy)]
struct Counted {
    began: Instant,
    took: Duration,
    totals: Totals,
    /// What had come and gone then.
    moved: Moved,
}

/// What came and went since the start.
#[derive(Debug, Clone, Copy)]
struct Moved {
    blobs: u64,
    bytes: u64,
    made: u64,
    made_bytes: u64,
    erased: u64,
    erased_bytes: u64,
}

impl Moved {
    fn of(tally: &Tally) -> Self {
        Self {
            blobs: tally.blobs_stored.get(),
            bytes: tally.bytes_stored.get(),
            made: tally.checkouts_made.get(),
            made_bytes: tally.bytes_made.get(),
            erased: tally.checkouts_erased.get(),
            erased_bytes: tally.bytes_erased.get(),
        }
    }
}

impl Count {
    /// Hold it from before the first change until after the event is told.
    pub(super) fn changing(&self) -> RwLockReadGuard<'_, ()> {
        self.changing.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes that rows came or went of which the tally knows nothing.
    pub(super) fn set_stale(&self) {
        self.is_stale.store(true, Ordering::Relaxed);
    }

    fn last(&self) -> Option<Counted> {
        *self.last.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Ops {
    /// What is in the store. Counts only when that was not done yet, or the index is still being
    /// filled.
    pub fn totals(&self) -> Result<Totals, LookupError> {
        match self.known_totals() {
            Some(totals) if totals.is_complete || !self.count_is_due() => Ok(totals),
            _ => self.count(),
        }
    }

    /// What is in the store, so far as that is known without counting.
    pub fn known_totals(&self) -> Option<Totals> {
        let Counted { totals, moved: then, .. } = self.count.last()?;
        let now = Moved::of(&self.tally);
        let after = |counted: u64, came: u64, went: u64| (counted + came).saturating_sub(went);
        Some(Totals {
            blobs: Weight {
                blobs: after(totals.blobs.blobs, now.blobs - then.blobs, 0),
                bytes: after(totals.blobs.bytes, now.bytes - then.bytes, 0),
            },
            checkouts: after(totals.checkouts, now.made - then.made, now.erased - then.erased),
            logical_bytes: after(
                totals.logical_bytes,
                now.made_bytes - then.made_bytes,
                now.erased_bytes - then.erased_bytes,
            ),
            is_complete: totals.is_complete,
        })
    }

    /// Counts again when the last count is old, or something happened that it cannot know of.
    pub fn count_if_due(&self) -> Result<(), LookupError> {
        if self.count_is_due() {
            self.count()?;
        }
        Ok(())
    }

    fn count_is_due(&self) -> bool {
        let Some(last) = self.count.last() else { return true };
        let age = last.began.elapsed();
        let is_wanted =
            age > KEPT || !last.totals.is_complete || self.count.is_stale.load(Ordering::Relaxed);
        is_wanted && age > last.took * (PAUSES + 1)
    }

    /// Counts the rows of the index.
    pub(super) fn count(&self) -> Result<Totals, LookupError> {
        let asked_at = Instant::now();
        let _one_at_a_time = self.count.counting.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(last) = self.count.last().filter(|last| last.began >= asked_at) {
            // Somebody else has just counted.
            return Ok(last.totals);
        }
        let began = Instant::now();
        // Before the look at the index: what comes meanwhile makes it stale again.
        self.count.is_stale.store(false, Ordering::Relaxed);
        let is_complete = self.index.is_complete()?;
        let (rows, moved) = {
            let _nobody_changes =
                self.count.changing.write().unwrap_or_else(PoisonError::into_inner);
            (self.index.rows(), Moved::of(&self.tally))
        };
        let mut totals = Totals { is_complete, ..Totals::default() };
        rows.each_blob(|blob| totals.blobs.add(blob.size.bytes()))?;
        rows.each_checkout(|row| {
            totals.checkouts += 1;
            totals.logical_bytes += row.bytes;
        })?;
        let counted = Counted { began, took: began.elapsed(), totals, moved };
        *self.count.last.lock().unwrap_or_else(PoisonError::into_inner) = Some(counted);
        Ok(totals)
    }
}
