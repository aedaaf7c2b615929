//! One blob from the server into the cache.

use std::collections::HashSet;
use std::time::{Duration, Instant};

use shaman_proto::BlobRef;
use shaman_proto::limits::READ_FRAME_BYTES_MAX;
use shaman_proto::wire::framing::Frame;

use super::FetchError;
use super::cache::{BlobCache, BlobCacheError, Coming, Committed};
use crate::api::{Api, ApiError, Patience};
use crate::progress::{Event, Listener, Phase};
use crate::stop::Stop;
use crate::threads::on_a_thread;

/// Bytes that are gathered before a thread hashes and writes them.
const PIECE_BYTES: usize = 1 << 20;

/// And for so long at most: on a slow line little is lost when it breaks.
const GATHERING: Duration = Duration::from_millis(500);

/// Between two looks at whether somebody else is through with a blob.
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// A blob of so many bytes is taken in whole: to hand over pieces costs more than to write them.
pub(super) const SMALL_BYTES: u64 = READ_FRAME_BYTES_MAX;

/// Bytes of small blobs that a thread hashes and writes at a time.
const BATCH_BYTES: usize = 512 << 10;

/// And so many of them at most.
const BATCH_BLOBS: usize = 64;

/// What a server says that does not have a blob.
const NOT_FOUND: u16 = 404;

/// What one blob took.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Got {
    /// Bytes that came from the server now.
    pub(super) bytes: u64,
    /// Bytes that had come before.
    pub(super) resumed_bytes: u64,
}

impl Got {
    pub(super) fn add(&mut self, other: Self) {
        self.bytes += other.bytes;
        self.resumed_bytes += other.resumed_bytes;
    }
}

/// Where blobs come from and go to.
#[derive(Clone, Copy)]
pub(super) struct Way<'a> {
    pub(super) api: &'a Api,
    pub(super) cache: &'a BlobCache,
    pub(super) stop: &'a Stop,
    pub(super) progress: &'a Listener,
}

impl Way<'_> {
    /// Brings a blob into the cache, verified. What has come when it fails, or is dropped, stays
    /// for the next time.
    pub(super) async fn get(self, blob: BlobRef) -> Result<Got, FetchError> {
        if let Some(got) = self.get_small(blob).await? {
            return Ok(got);
        }
        let (mut got, mut patience) = (Got::default(), Patience::default());
        let Some(mut coming) = self.open(blob).await? else {
            self.told(1, blob.size.bytes());
            return Ok(got);
        };
        got.resumed_bytes = coming.here();
        let mut is_fresh = coming.here() == 0;
        self.told(0, coming.here());
        loop {
            if coming.is_whole() {
                let cache = self.cache.clone();
                let committed = on_a_thread(move || cache.commit(coming, &blob)).await?;
                if committed == Committed::Stored {
                    self.told(1, 0);
                    return Ok(got);
                }
                let bytes = blob.size.bytes();
                self.progress.tell(Event::Rewound { phase: Phase::Fetch, bytes });
                if is_fresh {
                    let server = self.api.base().to_owned();
                    return Err(FetchError::Mismatched { server, blob });
                }
                // What had come before may be what was wrong.
                let Some(anew) = self.open(blob).await? else {
                    self.told(1, bytes);
                    return Ok(got);
                };
                (coming, is_fresh, got.resumed_bytes) = (anew, true, 0);
                self.told(0, coming.here());
                continue;
            }
            let before = coming.here();
            let broken = self.some(coming, &blob, &mut got).await?;
            coming = broken.0;
            let Some(error) = broken.1 else { continue };
            if error.status() == Some(NOT_FOUND) {
                return Err(FetchError::Lost { server: self.api.base().to_owned(), blob });
            }
            if coming.here() > before {
                // It is not the same try again, it goes on.
                patience = Patience::default();
            }
            let Some(wait) = patience.after(&error) else { return Err(error.into()) };
            self.progress.tell(Event::Retrying { why: error.to_string(), wait });
            tokio::time::sleep(wait).await;
        }
    }

    /// The same for a small blob, in one go. `None`: it is not small, or that did not do; then the
    /// long way tries again and says why not.
    async fn get_small(self, blob: BlobRef) -> Result<Option<Got>, FetchError> {
        if blob.size.bytes() > SMALL_BYTES {
            return Ok(None);
        }
        let Ok(bytes) = self.whole(&blob).await else { return Ok(None) };
        let got = Got { bytes: bytes.len() as u64, resumed_bytes: 0 };
        let (cache, stop) = (self.cache.clone(), self.stop.clone());
        let frame = Frame { blob, bytes };
        if !on_a_thread(move || store(&cache, &stop, &frame)).await? {
            return Ok(None);
        }
        self.told(1, blob.size.bytes());
        Ok(Some(got))
    }

    /// Brings many small blobs into the cache, in one answer. Gives those that did not come, or were
    /// not what they should be: each of them by itself tells why.
    pub(super) async fn get_together(
        self,
        blobs: &[BlobRef],
    ) -> Result<(Got, Vec<BlobRef>), FetchError> {
        let (mut got, mut left) = (Got::default(), blobs.iter().copied().collect::<HashSet<_>>());
        let Ok(mut frames) = self.api.blobs(blobs).await else { return Ok((got, blobs.to_vec())) };
        let mut is_end = false;
        while !is_end {
            let (mut batch, mut bytes) = (Vec::new(), 0);
            while batch.len() < BATCH_BLOBS && bytes < BATCH_BYTES {
                let Ok(Some(frame)) = frames.next().await else {
                    is_end = true;
                    break;
                };
                bytes += frame.bytes.len();
                if left.contains(&frame.blob) {
                    batch.push(frame);
                }
            }
            got.bytes += bytes as u64;
            let (cache, stop) = (self.cache.clone(), self.stop.clone());
            let stored = on_a_thread(move || -> Result<Vec<BlobRef>, BlobCacheError> {
                let mut stored = Vec::with_capacity(batch.len());
                for frame in &batch {
                    if store(&cache, &stop, frame)? {
                        stored.push(frame.blob);
                    }
                }
                Ok(stored)
            });
            for blob in stored.await? {
                left.remove(&blob);
                self.told(1, blob.size.bytes());
            }
        }
        Ok((got, left.into_iter().collect()))
    }

    /// All bytes that the server sends for a small blob, and not many more.
    async fn whole(self, blob: &BlobRef) -> Result<Vec<u8>, ApiError> {
        let mut source = self.api.blob(blob, 0).await?;
        let mut bytes = Vec::new();
        while let Some(more) = source.next().await? {
            bytes.extend_from_slice(&more);
            if bytes.len() as u64 > SMALL_BYTES {
                break;
            }
        }
        Ok(bytes)
    }

    /// Opens what has come so far; `None` once somebody else has brought the blob.
    async fn open(self, blob: BlobRef) -> Result<Option<Coming>, FetchError> {
        loop {
            let (cache, stop) = (self.cache.clone(), self.stop.clone());
            let opened = on_a_thread(move || {
                let coming = cache.coming(&blob, &stop)?;
                let is_there = cache.find(&blob).is_some();
                if is_there && let Some(coming) = coming {
                    coming.discard();
                    return Ok((true, None));
                }
                Ok::<_, BlobCacheError>((is_there, coming))
            });
            match opened.await? {
                (true, _) => return Ok(None),
                (false, Some(coming)) => return Ok(Some(coming)),
                (false, None) => tokio::time::sleep(LOOK_EVERY).await,
            }
        }
    }

    /// Takes what the server sends of the rest. With an error when it broke off before the end.
    async fn some(
        self,
        mut coming: Coming,
        blob: &BlobRef,
        got: &mut Got,
    ) -> Result<(Coming, Option<ApiError>), FetchError> {
        let mut source = match self.api.blob(blob, coming.here()).await {
            Ok(source) => source,
            Err(error) => return Ok((coming, Some(error))),
        };
        // Bytes that we have already, if it sends those as well.
        let mut known = coming.here().saturating_sub(source.from());
        let (mut gathered, mut began) = (Vec::new(), Instant::now());
        loop {
            let came = source.next().await;
            if let Ok(Some(bytes)) = &came {
                got.bytes += bytes.len() as u64;
                let skip = usize::try_from(known).map_or(bytes.len(), |n| n.min(bytes.len()));
                known -= skip as u64;
                gathered.extend_from_slice(bytes.split_at(skip).1);
            }
            let is_end = !matches!(came, Ok(Some(_)));
            let is_due = is_end || gathered.len() >= PIECE_BYTES || began.elapsed() >= GATHERING;
            if is_due && !gathered.is_empty() {
                began = Instant::now();
                let (bytes, before) = (std::mem::take(&mut gathered), coming.here());
                let pushed = on_a_thread(move || coming.push(&bytes).map(|()| coming)).await;
                coming = pushed.map_err(|source| self.cache.failed("write to", source))?;
                self.told(0, coming.here() - before);
            }
            match came {
                Ok(Some(_)) => {}
                Ok(None) => return Ok((coming, None)),
                Err(error) => return Ok((coming, Some(error))),
            }
        }
    }

    fn told(self, files: u64, bytes: u64) {
        self.progress.tell(Event::Advanced { phase: Phase::Fetch, files, bytes });
    }
}

/// Puts a whole blob into the cache; `false` when its bytes are not the blob, or somebody else is
/// just doing so.
fn store(cache: &BlobCache, stop: &Stop, frame: &Frame) -> Result<bool, BlobCacheError> {
    let Some(mut coming) = cache.coming(&frame.blob, stop)? else { return Ok(false) };
    // Of the little that had come before nothing is needed.
    let pushed = coming.restart().and_then(|()| coming.push(&frame.bytes));
    pushed.map_err(|source| cache.failed("write to", source))?;
    Ok(cache.commit(coming, &frame.blob)? == Committed::Stored)
}
