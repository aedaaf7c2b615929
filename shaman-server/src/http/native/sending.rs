//! `Sending`: part of a blob as the body of an answer.

use std::fmt;
use std::ops::Range;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use hyper::body::{Body, Frame, SizeHint};

use crate::store::{DiskError, OpenBlob};
use crate::tasks::{Blocking, Panicked};

/// Bytes read at once: one hop to a blocking thread for 3,800 of them a GB, and at most two pieces
/// in memory.
const PIECE_BYTES: u64 = 256 << 10;

type Reading = Pin<Box<dyn Future<Output = Result<Result<Vec<u8>, DiskError>, Panicked>> + Send>>;

/// Why a body ends early; the connection is closed, so that nobody takes a part for the whole.
#[derive(Debug, thiserror::Error)]
pub(super) enum SendError {
    #[error(transparent)]
    Disk(#[from] DiskError),
    #[error(transparent)]
    Panicked(#[from] Panicked),
}

/// Reads the next piece while this one is sent. Nothing is read before somebody wants it.
pub(super) struct Sending {
    blob: Arc<OpenBlob>,
    blocking: Blocking,
    /// What nobody reads yet.
    left: Range<u64>,
    /// What has not been handed on yet.
    unsent_bytes: u64,
    reading: Option<Reading>,
    ahead: Option<Result<Bytes, SendError>>,
}

impl Sending {
    pub(super) fn new(blob: OpenBlob, blocking: Blocking, range: Range<u64>) -> Self {
        Self {
            blob: Arc::new(blob),
            blocking,
            unsent_bytes: range.end - range.start,
            left: range,
            reading: None,
            ahead: None,
        }
    }

    /// Goes on reading; done when there is a piece.
    fn read_on(&mut self, context: &mut Context<'_>) {
        if self.ahead.is_some() {
            return;
        }
        if self.reading.is_none() && !self.left.is_empty() {
            let wanted = PIECE_BYTES.min(self.left.end - self.left.start);
            let (blob, blocking, offset) =
                (Arc::clone(&self.blob), self.blocking.clone(), self.left.start);
            self.left.start += wanted;
            let wanted = usize::try_from(wanted).expect("a piece fits into memory");
            self.reading =
                Some(Box::pin(
                    async move { blocking.run(move || blob.read_at(offset, wanted)).await },
                ));
        }
        if let Some(reading) = &mut self.reading
            && let Poll::Ready(read) = reading.as_mut().poll(context)
        {
            self.reading = None;
            let read = read.map_err(SendError::from);
            self.ahead = Some(read.and_then(|bytes| Ok(bytes?.into())));
        }
    }
}

impl Body for Sending {
    type Data = Bytes;
    type Error = SendError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, SendError>>> {
        self.read_on(context);
        match self.ahead.take() {
            Some(Ok(bytes)) => {
                self.unsent_bytes -= bytes.len() as u64;
                self.read_on(context);
                Poll::Ready(Some(Ok(Frame::data(bytes))))
            }
            Some(Err(error)) => {
                tracing::error!(%error, "cannot send a blob");
                self.left.start = self.left.end;
                Poll::Ready(Some(Err(error)))
            }
            None if self.reading.is_none() => Poll::Ready(None),
            None => Poll::Pending,
        }
    }

    fn is_end_stream(&self) -> bool {
        self.unsent_bytes == 0
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.unsent_bytes)
    }
}

impl fmt::Debug for Sending {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sending").field("unsent_bytes", &self.unsent_bytes).finish_non_exhaustive()
    }
}
