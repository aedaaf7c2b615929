//! A large file that resembles what the server has: only what is new of it travels.
//!
//! ```text
//!  a sample ──► is some of it there? ──► cut all of it ──► ask ──► recipe ──► stored
//!                       │ no                              │ little   │ refused
//!                       └───────────► all of it goes ◄────┴──────────┘
//! ```
//!
//! Promise: it saves, or it is as if nobody had tried. Nothing here ends an upload but a file that
//! cannot be read. The server verifies the whole, so that a file that changes meanwhile makes no
//! blob under a wrong name.

mod cut;
mod recipe;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use reqwest::Body;
use shaman_proto::Chunk;
use shaman_proto::limits::{CHUNKS_MAX, CUT_BYTES_MIN};

use super::line::Line;
use super::told::Told;
use super::{Sent, ToSend, UploadError, squeeze};
use crate::api::{Api, ApiError, Length, Pulse, Taken};
use crate::cli::Delta;
use crate::hash::{Fingerprint, HashError};
use crate::progress::{Event, Listener, Phase};
use crate::threads::on_a_thread;
use recipe::Step;

/// Of so much the list of chunks is held in memory: 36 bytes for 32 KiB.
const SIZE_MAX: u64 = 64 << 30;

/// So much of a file must be there, as one of so many parts: less does not pay for reading it twice.
const SHARE_MIN: u64 = 10;

/// A line that moves more bytes a second takes a file faster than both sides cut and read it.
const FAST: f64 = 300e6;

/// How often the server may lose a chunk between its answer and the recipe.
const TRIES: u32 = 2;

/// Status of a server that lost one.
const GONE: u16 = 409;

/// Sends a file in part, if that pays; `None`: it has to be sent whole.
pub(super) async fn send(
    api: &Api,
    file: &ToSend,
    line: &Line,
    progress: &Listener,
) -> Result<Option<Sent>, UploadError> {
    let size = file.hashed.blob.size.bytes();
    let delta = line.delta();
    let is_fast = delta == Delta::Auto && line.rate().is_some_and(|rate| rate > FAST);
    let is_wanted = delta != Delta::Never && file.bytes.is_none() && !is_fast;
    if !is_wanted || !(CUT_BYTES_MIN..=SIZE_MAX).contains(&size) || !line.may_resemble(size) {
        return Ok(None);
    }
    let sending = Sending { api, file, line, progress, told: Told::default() };
    let sent = sending.all(size, delta).await;
    match sent {
        Ok(Some(Sent::Stored | Sent::Claimed)) => {
            sending.told.bring_to(size, progress);
            progress.tell(Event::Advanced { phase: Phase::Upload, files: 1, bytes: 0 });
        }
        Ok(Some(Sent::Changed) | None) | Err(_) => sending.told.bring_to(0, progress),
    }
    sent
}

/// A file on its way.
struct Sending<'a> {
    api: &'a Api,
    file: &'a ToSend,
    line: &'a Line,
    progress: &'a Listener,
    /// Bytes of it that progress was told of.
    told: Told,
}

impl Sending<'_> {
    async fn all(&self, size: u64, delta: Delta) -> Result<Option<Sent>, UploadError> {
        let reading = |source| HashError::reading(&self.file.path, source);
        // All chunks, and which of them the server lacks, when the sample told that already.
        let mut known = None;
        if delta == Delta::Auto {
            let path = self.file.path.clone();
            let sample = on_a_thread(move || cut::sample(&path, size)).await.map_err(reading)?;
            let Some(missing) = self.missing(&sample).await else { return Ok(None) };
            let resembles = pays(&sample, &missing);
            self.line.resembled(resembles);
            if !resembles {
                return Ok(None);
            }
            known = cut::samples_all(size).then_some((sample, missing));
        }
        let (chunks, mut missing) = if let Some((chunks, missing)) = known {
            (chunks, Some(missing))
        } else {
            let path = self.file.path.clone();
            (on_a_thread(move || cut::all(&path)).await.map_err(reading)?, None)
        };
        for _ in 0..TRIES {
            let missing = match missing.take() {
                None => self.missing(&chunks).await,
                known => known,
            };
            let Some(missing) = missing else { return Ok(None) };
            let all_missing = missing.iter().all(|is_missing| *is_missing);
            if all_missing || (delta == Delta::Auto && !pays(&chunks, &missing)) {
                return Ok(None);
            }
            let steps: Arc<[Step]> = chunks
                .iter()
                .zip(missing)
                .map(|(chunk, is_sent)| Step { chunk: *chunk, is_sent })
                .collect();
            match self.once(&steps).await {
                Ok(taken) => {
                    return Ok(Some(match taken {
                        Taken::Stored => Sent::Stored,
                        Taken::HadIt => Sent::Claimed,
                    }));
                }
                Err(_) if self.is_changed().await? => return Ok(Some(Sent::Changed)),
                Err(error) if error.status() == Some(GONE) => {
                    self.told.bring_to(0, self.progress);
                }
                // Whoever sends all of it says what is wrong, or that nothing is.
                Err(_) => return Ok(None),
            }
        }
        Ok(None)
    }

    /// Which of these the server lacks; `None`: it does not tell.
    async fn missing(&self, chunks: &[Chunk]) -> Option<Vec<bool>> {
        let mut missing = Vec::with_capacity(chunks.len());
        for batch in chunks.chunks(CHUNKS_MAX) {
            match self.api.missing_chunks(batch).await {
                Ok(some) => missing.extend(some),
                Err(error) => {
                    if error.was_heard() {
                        // An older one, or something in between that takes no such questions.
                        self.line.refused_chunks();
                    }
                    return None;
                }
            }
        }
        Some(missing)
    }

    /// Sends the recipe.
    async fn once(&self, steps: &Arc<[Step]>) -> Result<Taken, ApiError> {
        let bytes = recipe::len(steps);
        if bytes > self.line.body_bytes_max() {
            return Err(self.api.refusal(413, "the recipe is too long"));
        }
        let is_packed = self.is_packed(bytes).await;
        let (pulse, wire) = (Pulse::default(), Arc::new(AtomicU64::new(0)));
        let body = {
            let (pulse, wire, told) = (pulse.clone(), Arc::clone(&wire), self.told.clone());
            let progress = Arc::clone(self.progress);
            let path = self.file.path.clone();
            let steps = Arc::clone(steps);
            recipe::body(path, steps, is_packed, move |bytes, sent| {
                wire.fetch_add(sent, Ordering::Relaxed);
                pulse.beat();
                told.add(bytes, &progress);
            })
        };
        let length = if is_packed { Length::Packed } else { Length::Known(bytes) };
        let (blob, body) = (&self.file.hashed.blob, Body::wrap_stream(body));
        // Others have less of the line meanwhile. How long it takes says more about the server's disk.
        let _measure = self.line.begin();
        let taken = self.api.put_recipe(blob, length, body, &pulse).await;
        if let Ok(Taken::Stored) = taken {
            self.line.reused(blob.size.bytes().saturating_sub(wire.load(Ordering::Relaxed)));
        }
        taken
    }

    /// Says whether it pays to compress the recipe.
    async fn is_packed(&self, bytes: u64) -> bool {
        let Some(rate) = self.line.rate().filter(|_| self.line.takes_unknown_lengths()) else {
            return false;
        };
        let (path, size) = (self.file.path.clone(), self.file.hashed.blob.size.bytes());
        let is_long = bytes >= CUT_BYTES_MIN;
        is_long && on_a_thread(move || squeeze::pays(&path, size, rate)).await.unwrap_or(false)
    }

    /// Says whether the file is another one by now.
    async fn is_changed(&self) -> Result<bool, UploadError> {
        let reading = |source| HashError::reading(&self.file.path, source);
        let now = tokio::fs::metadata(&self.file.path).await.map_err(reading)?;
        Ok(Fingerprint::of(&now) != self.file.hashed.fingerprint)
    }
}

/// Says whether enough of these is there.
fn pays(chunks: &[Chunk], missing: &[bool]) -> bool {
    let bytes = |chunk: &Chunk| u64::from(chunk.length.bytes());
    let all: u64 = chunks.iter().map(bytes).sum();
    let there: u64 = chunks.iter().zip(missing).filter(|(_, m)| !**m).map(|(c, _)| bytes(c)).sum();
    there > 0 && there >= all / SHARE_MIN
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tenth_must_be_there() {
        let chunks: Vec<Chunk> = (0..100_u8).map(|byte| Chunk::of(&[byte]).unwrap()).collect();
        let missing = |there: usize| (0..100).map(|at| at >= there).collect::<Vec<_>>();
        assert!(!pays(&chunks, &missing(9)));
        assert!(pays(&chunks, &missing(10)));
        assert!(!pays(&chunks[..1], &missing(0)[..1]), "nothing is nothing");
    }
}
