//! One file to our server, in as many requests as it takes.
//!
//! ```text
//!  how much has come? ──► the rest, or as much as may go at once ──► stored
//!          ▲                          │
//!          └──── the line broke, or there is more ◄┘
//! ```

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use reqwest::Body;

use super::line::Line;
use super::part::{Between, part};
use super::pieces::{self, Fate, Fault, Source};
use super::told::Told;
use super::{Sent, ToSend, UploadError, squeeze};
use crate::api::{Api, ApiError, Come, Part, Patience, Pulse, Put};
use crate::hash::{Fingerprint, HashError};
use crate::progress::{Event, Listener, Phase};
use crate::threads::on_a_thread;

/// From here on the server keeps what came of a blob.
const KEPT_BYTES_MIN: u64 = 1 << 20;

/// From here on it is asked whether an earlier submit left a part: less is quickly sent anew.
const ASKED_BYTES_MIN: u64 = 8 << 20;

/// While nobody knows how fast the line is, only so much of a large file goes at first.
const FIRST_BYTES: u64 = 2 << 20;

/// How often the server may have another part of a blob than it said, before something is wrong.
const ELSEWHERE_MAX: u32 = 8;

/// How long nothing may come of a request that broke off before it is taken for over.
const SETTLING: Duration = Duration::from_millis(300);

/// The server's word for bytes that are not what the name says.
const MISMATCHED: u16 = 422;

/// A body that is too long, or has no length.
const TOO_LONG: u16 = 413;
const NO_LENGTH: u16 = 411;

/// How sending ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ended {
    /// As told.
    Sent(Sent),
    /// The server, or something before it, does not take such requests.
    NotTaken,
}

/// A file on its way.
struct Putting<'a> {
    api: &'a Api,
    file: &'a ToSend,
    line: &'a Line,
    progress: &'a Listener,
    /// Bytes of it that progress was told of.
    told: Told,
    fate: Fate,
    /// Whether it pays to compress it, once that was tried.
    pays: Option<bool>,
}

/// Sends a file, again and again while that may help, from where it broke off.
pub(super) async fn put(
    api: &Api,
    file: &ToSend,
    line: &Line,
    progress: &Listener,
) -> Result<Ended, UploadError> {
    let told = Told::default();
    let mut putting =
        Putting { api, file, line, progress, told, fate: Fate::default(), pays: None };
    let ended = putting.all().await;
    match ended {
        Ok(Ended::Sent(Sent::Changed) | Ended::NotTaken) | Err(_) => {
            putting.told.bring_to(0, progress);
        }
        Ok(Ended::Sent(_)) => {
            putting.told.bring_to(file.hashed.blob.size.bytes(), progress);
            progress.tell(Event::Advanced { phase: Phase::Upload, files: 1, bytes: 0 });
        }
    }
    ended
}

impl Putting<'_> {
    async fn all(&mut self) -> Result<Ended, UploadError> {
        let (blob, size) = (self.file.hashed.blob, self.file.hashed.blob.size.bytes());
        let (mut patience, mut elsewhere, mut offset) = (Patience::default(), 0, 0);
        if size >= ASKED_BYTES_MIN {
            match self.api.come(&blob).await {
                Ok(Come::All) => return Ok(Ended::Sent(Sent::Claimed)),
                Ok(Come::Bytes(bytes)) => offset = bytes,
                // The next request says more.
                Ok(Come::Nothing) | Err(_) => {}
            }
        }
        let mut source = None;
        loop {
            self.told.bring_to(offset, self.progress);
            let opened = match source.take() {
                Some(source) if Source::at(&source) == offset => Some(source),
                _ => self.open(offset).await?,
            };
            let Some(opened) = opened else { return Ok(Ended::Sent(Sent::Changed)) };
            let next = self.next(offset).await?;
            let between = Between::new(opened);
            let error = match self.once(next, between.clone()).await {
                Ok(Put::Stored) => return Ok(Ended::Sent(Sent::Stored)),
                Ok(Put::HadIt) => return Ok(Ended::Sent(Sent::Claimed)),
                Ok(Put::Kept(bytes)) => {
                    (source, patience) = (between.take(), Patience::default());
                    offset = bytes.min(size);
                    continue;
                }
                Ok(Put::Elsewhere(bytes)) if elsewhere < ELSEWHERE_MAX => {
                    elsewhere += 1;
                    offset = self.settled(bytes).await.min(size);
                    continue;
                }
                Ok(Put::Elsewhere(_)) => {
                    let message = "somebody else sends the same file, too; try again later";
                    self.api.refusal(409, message)
                }
                Err(error) => error,
            };
            if let Some(ended) = self.fault().await? {
                return Ok(ended);
            }
            match error.status() {
                Some(NO_LENGTH) if next.is_packed => {
                    self.line.refused_unknown_length();
                    continue;
                }
                Some(TOO_LONG) if size > KEPT_BYTES_MIN && self.line.refused(next.bytes) => {
                    continue;
                }
                Some(403..=405 | NO_LENGTH | 415 | 501) => {
                    self.line.refused_put();
                    return Ok(Ended::NotTaken);
                }
                _ => {}
            }
            let wait = match error.status() {
                // Damaged on the way, or what had come before was.
                Some(MISMATCHED) => patience.again(),
                _ => patience.after(&error),
            };
            let Some(wait) = wait else { return Err(error.into()) };
            self.wait(&error, wait).await;
            offset = match self.api.come(&blob).await {
                Ok(Come::All) => return Ok(Ended::Sent(Sent::Claimed)),
                Ok(Come::Bytes(bytes)) if error.status() != Some(MISMATCHED) => {
                    if bytes > offset {
                        // It is not the same try again, it goes on.
                        patience = Patience::default();
                    }
                    bytes
                }
                _ => 0,
            };
        }
    }

    /// Waits until the server has no more of the blob than it said: what a request brings that broke
    /// off on our side is still on its way to it.
    async fn settled(&self, mut bytes: u64) -> u64 {
        for _ in 0..ELSEWHERE_MAX {
            tokio::time::sleep(SETTLING).await;
            match self.api.come(&self.file.hashed.blob).await {
                Ok(Come::Bytes(now)) if now > bytes => bytes = now,
                _ => break,
            }
        }
        bytes
    }

    /// Opens the file and reads up to where it goes on; `None` when it is another one by now.
    async fn open(&mut self, offset: u64) -> Result<Option<Source>, UploadError> {
        let reading = |source| HashError::reading(&self.file.path, source);
        let opened = match &self.file.bytes {
            Some(bytes) => Some(Source::of(bytes.clone(), self.file.hashed.blob)),
            None => pieces::open(&self.file.path, self.file.hashed).await.map_err(reading)?,
        };
        let Some(source) = opened else { return Ok(None) };
        self.fate = source.fate();
        match source.skip_to(offset).await {
            Ok(source) => Ok(Some(source)),
            Err(error) => match self.fate.take() {
                Some(Fault::Changed) => Ok(None),
                Some(Fault::Unreadable(source)) => Err(reading(source).into()),
                None => Err(reading(error).into()),
            },
        }
    }

    /// What goes in the next request.
    async fn next(&mut self, offset: u64) -> Result<Part, UploadError> {
        let (size, rate) = (self.file.hashed.blob.size.bytes(), self.line.rate());
        let left = size - offset;
        if size <= KEPT_BYTES_MIN {
            return Ok(Part { offset, bytes: left, is_packed: false });
        }
        let most = match rate {
            None if left > ASKED_BYTES_MIN => FIRST_BYTES,
            _ => self.line.body_bytes_max(),
        };
        let bytes = left.min(most);
        if let Some(rate) = rate.filter(|_| self.pays.is_none() && self.file.bytes.is_none()) {
            let path = self.file.path.clone();
            let tried = on_a_thread(move || squeeze::pays(&path, size, rate)).await;
            // Whoever reads it next says what is wrong with it.
            self.pays = Some(tried.unwrap_or(false));
        }
        let is_packed = self.pays == Some(true) && self.line.takes_unknown_lengths();
        Ok(Part { offset, bytes, is_packed })
    }

    /// One request.
    async fn once(&self, next: Part, source: Between) -> Result<Put, ApiError> {
        let (pulse, wire) = (Pulse::default(), Arc::new(AtomicU64::new(0)));
        let body = {
            let (pulse, wire, told) = (pulse.clone(), Arc::clone(&wire), self.told.clone());
            let progress = Arc::clone(self.progress);
            part(source, next.bytes, next.is_packed, move |bytes, packed| {
                wire.fetch_add(packed, Ordering::Relaxed);
                pulse.beat();
                told.add(bytes, &progress);
            })
        };
        // zstd fails to begin for want of memory only; then it goes as it is.
        let Ok(body) = body else {
            self.line.refused_unknown_length();
            return Err(self.api.refusal(NO_LENGTH, "zstd cannot begin"));
        };
        let body = Body::wrap_stream(body);
        let measure = self.line.begin();
        let ended = self.api.put(&self.file.hashed.blob, next, body, &pulse).await;
        if matches!(ended, Ok(Put::Stored | Put::Kept(_))) {
            measure.ended(wire.load(Ordering::Relaxed));
        }
        ended
    }

    /// Whether the reason for an error lies in the file.
    async fn fault(&self) -> Result<Option<Ended>, UploadError> {
        let reading = |source| HashError::reading(&self.file.path, source);
        match self.fate.take() {
            Some(Fault::Changed) => return Ok(Some(Ended::Sent(Sent::Changed))),
            Some(Fault::Unreadable(source)) => return Err(reading(source).into()),
            None => {}
        }
        if self.file.bytes.is_some() {
            return Ok(None);
        }
        // It may be in the file though not in what was read of it yet.
        let now = tokio::fs::metadata(&self.file.path).await.map_err(reading)?;
        let is_same = Fingerprint::of(&now) == self.file.hashed.fingerprint;
        Ok((!is_same).then_some(Ended::Sent(Sent::Changed)))
    }

    async fn wait(&self, error: &ApiError, wait: Duration) {
        self.progress.tell(Event::Retrying { why: error.to_string(), wait });
        tokio::time::sleep(wait).await;
    }
}
