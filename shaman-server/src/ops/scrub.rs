//! Read every blob again, slowly, and compare it with its name.
//!
//! One pass goes through all blobs in the order of their names. Where it is, is noted in the index
//! every few seconds, so that a restart goes on there.

use std::ops::ControlFlow;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};
use shaman_proto::BlobRef;
use shaman_proto::wire::event::Event;

use super::pace::Pace;
use super::verify::Seen;
use super::{LookupError, Ops, Thorough};

/// What a blob counts at least, however small: a disk reads about so much in the time of a seek.
const BLOB_BYTES_MIN: u64 = 64 << 10;

/// Between two notes of how far a pass is.
const NOTE_EVERY: Duration = Duration::from_secs(5);

/// What a pass saw.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ScrubPass {
    /// Seconds since 1970 when it began.
    pub began: u64,
    /// Seconds since 1970 when it was through; `None` while it is not.
    pub ended: Option<u64>,
    /// Blobs that were read.
    pub blobs: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Those that were damaged.
    pub damaged: u64,
    /// The last one.
    after: Option<String>,
}

/// Where the scrub is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ScrubStatus {
    /// Whether it reads right now.
    pub is_running: bool,
    /// The pass that is not through yet.
    pub current: Option<ScrubPass>,
    /// The one before.
    pub last: Option<ScrubPass>,
}

/// How scrubbing ended well.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ScrubEnd {
    /// All blobs were read.
    Complete(ScrubPass),
    /// Somebody wanted to stop, or asked for another pass; it goes on where it is.
    Stopped,
    /// Another server scrubs this storage.
    Busy,
}

/// What is noted in the index.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
struct Note {
    current: Option<ScrubPass>,
    last: Option<ScrubPass>,
}

/// What this server is doing about it.
#[derive(Debug, Default)]
pub(super) struct Scrubbing(Mutex<Doing>);

#[derive(Debug, Default)]
struct Doing {
    /// The pass that runs.
    running: Option<ScrubPass>,
    /// Somebody asked for a pass.
    asked: Option<Asked>,
}

#[derive(Debug)]
struct Asked {
    /// Bytes a second, if they said so.
    rate: Option<u64>,
}

impl Scrubbing {
    fn lock(&self) -> MutexGuard<'_, Doing> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl ScrubPass {
    /// How far it is, in percent: names are spread evenly.
    pub fn percent(&self) -> u64 {
        if self.ended.is_some() {
            return 100;
        }
        let first = self.after.as_deref().and_then(|name| name.get(..4));
        first.and_then(|hex| u64::from_str_radix(hex, 16).ok()).unwrap_or(0) * 100 / 0x1_0000
    }

    fn after(&self) -> Option<BlobRef> {
        let (digest, size) = self.after.as_deref()?.split_once('-')?;
        Some(BlobRef::new(digest.parse().ok()?, size.parse().ok()?))
    }
}

impl Ops {
    /// Asks for a pass from the beginning, at this rate in bytes a second unless it is the usual
    /// one.
    pub fn ask_scrub(&self, rate: Option<u64>) {
        self.scrubbing.lock().asked = Some(Asked { rate });
    }

    /// Where the scrub is.
    pub fn scrub_status(&self) -> Result<ScrubStatus, LookupError> {
        let note = self.scrub_note()?;
        let doing = self.scrubbing.lock();
        let is_running = doing.running.is_some() || doing.asked.is_some();
        Ok(ScrubStatus {
            is_running,
            current: doing.running.clone().or(note.current),
            last: note.last,
        })
    }

    /// Says whether there is something to scrub: asked for, not through, or a period after the
    /// last pass began. Without a period only what was asked for.
    pub fn scrub_is_due(&self, period: Option<Duration>) -> Result<bool, LookupError> {
        if self.scrubbing.lock().asked.is_some() {
            return Ok(true);
        }
        let Some(period) = period else { return Ok(false) };
        let note = self.scrub_note()?;
        let began = note.last.map(|pass| pass.began);
        Ok(note.current.is_some()
            || began.is_none_or(|began| self.now_secs() >= began.saturating_add(period.as_secs())))
    }

    /// Reads all blobs that this pass has not read yet, at `rate` bytes a second. Heals what can
    /// be healed first.
    pub fn scrub(&self, rate: u64, go_on: impl Fn() -> bool) -> Result<ScrubEnd, LookupError> {
        let Some(_lock) = self.store.lock_scrub()? else { return Ok(ScrubEnd::Busy) };
        let mut note = self.scrub_note()?;
        let asked = self.scrubbing.lock().asked.take();
        let rate = asked.as_ref().and_then(|asked| asked.rate).unwrap_or(rate);
        let mut pass = match note.current.take() {
            Some(pass) if asked.is_none() => pass,
            _ => ScrubPass { began: self.now_secs(), ..ScrubPass::default() },
        };
        self.scrubbing.lock().running = Some(pass.clone());
        if let Err(error) = self.heal(Thorough::Yes) {
            // A manifest that cannot be read does not keep damage from being found.
            tracing::error!(%error, "cannot heal all checkouts");
        }
        let ended = self.read_on(&mut pass, &mut note, rate, go_on);
        self.scrubbing.lock().running = None;
        ended
    }

    fn read_on(
        &self,
        pass: &mut ScrubPass,
        note: &mut Note,
        rate: u64,
        go_on: impl Fn() -> bool,
    ) -> Result<ScrubEnd, LookupError> {
        let go_on = &|| go_on() && self.scrubbing.lock().asked.is_none();
        let mut pace = Pace::new(rate);
        let mut noted_at = Instant::now();
        let mut failure = None;
        let mut is_through = true;
        self.store.walk_names_after(pass.after().as_ref(), |blob| {
            let seen = self.see(&blob, |bytes| pace.keep(bytes, go_on));
            match seen {
                Ok(Seen::Stopped) => is_through = false,
                Ok(seen) => {
                    if seen != Seen::Gone {
                        pass.blobs += 1;
                        pass.bytes += blob.size.bytes();
                        self.tally.blobs_scrubbed.add(1);
                        self.tally.bytes_scrubbed.add(blob.size.bytes());
                    }
                    pass.damaged += u64::from(seen == Seen::SetAside);
                    pass.after = Some(blob.to_string());
                    self.scrubbing.lock().running = Some(pass.clone());
                    let rest = BLOB_BYTES_MIN.saturating_sub(blob.size.bytes());
                    is_through = pace.keep(rest, go_on).is_continue();
                }
                Err(error) => failure = Some(error),
            }
            if noted_at.elapsed() >= NOTE_EVERY {
                noted_at = Instant::now();
                let noted = self.put_scrub_note(Some(pass.clone()), note.last.clone());
                failure = failure.take().or(noted.err());
            }
            if is_through && failure.is_none() {
                ControlFlow::Continue(())
            } else {
                ControlFlow::Break(())
            }
        })?;
        if let Some(error) = failure {
            return Err(error);
        }
        if !is_through {
            self.put_scrub_note(Some(pass.clone()), note.last.clone())?;
            return Ok(ScrubEnd::Stopped);
        }
        pass.ended = Some(self.now_secs());
        self.put_scrub_note(None, Some(pass.clone()))?;
        self.tell(Event::Scrubbed { blobs: pass.blobs, damaged: pass.damaged });
        Ok(ScrubEnd::Complete(pass.clone()))
    }

    fn scrub_note(&self) -> Result<Note, LookupError> {
        let note = self.index.scrub_note()?;
        // One that cannot be understood is none: a pass begins anew.
        Ok(note.and_then(|text| serde_json::from_slice(&text).ok()).unwrap_or_default())
    }

    fn put_scrub_note(
        &self,
        current: Option<ScrubPass>,
        last: Option<ScrubPass>,
    ) -> Result<(), LookupError> {
        let text = serde_json::to_vec(&Note { current, last }).expect("a note is JSON");
        Ok(self.index.put_scrub_note(&text)?)
    }
}
