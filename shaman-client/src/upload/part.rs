//! A part of a file as the body of a request, compressed or not; the file stays open for the next.

use std::io::{self, Write as _};
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use futures_util::{Stream, stream};
use zstd::stream::write::Encoder;

use super::pieces::Source;
use super::squeeze::LEVEL;
use crate::threads::on_a_thread;

/// A source between two parts. Empty after a part that broke off in the middle: then nobody knows
/// where it stands.
#[derive(Debug, Clone)]
pub(super) struct Between(Arc<Mutex<Option<Source>>>);

impl Between {
    /// With this source in it.
    pub(super) fn new(source: Source) -> Self {
        Self(Arc::new(Mutex::new(Some(source))))
    }

    /// Takes the source out.
    pub(super) fn take(&self) -> Option<Source> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    fn put(&self, source: Source) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(source);
    }
}

/// What is sent.
struct Sending<F> {
    source: Between,
    left: u64,
    encoder: Option<Encoder<'static, Vec<u8>>>,
    moved: F,
    is_over: bool,
}

/// The next `bytes` of the source. `moved` hears how many of the file have gone, and how long that
/// is in the body.
pub(super) fn part(
    source: Between,
    bytes: u64,
    is_packed: bool,
    moved: impl Fn(u64, u64) + Send + 'static,
) -> io::Result<impl Stream<Item = io::Result<Bytes>> + Send + 'static> {
    let encoder = if is_packed { Some(Encoder::new(Vec::new(), LEVEL)?) } else { None };
    let sending = Sending { source, left: bytes, encoder, moved, is_over: false };
    Ok(stream::try_unfold(sending, |sending| async move {
        if sending.is_over {
            return Ok(None);
        }
        on_a_thread(move || sending.next()).await
    }))
}

impl<F: Fn(u64, u64)> Sending<F> {
    fn next(mut self) -> io::Result<Option<(Bytes, Self)>> {
        loop {
            if self.left == 0 {
                self.is_over = true;
                let Some(encoder) = self.encoder.take() else { return Ok(None) };
                let rest = encoder.finish()?;
                (self.moved)(0, rest.len() as u64);
                return Ok(Some((rest.into(), self)));
            }
            let gone = || io::Error::other("somebody else is reading this file");
            let mut source = self.source.take().ok_or_else(gone)?;
            let piece = source.next(self.left)?;
            self.source.put(source);
            let bytes = piece.len() as u64;
            self.left -= bytes;
            let Some(encoder) = &mut self.encoder else {
                (self.moved)(bytes, bytes);
                return Ok(Some((piece, self)));
            };
            encoder.write_all(&piece)?;
            let packed = std::mem::take(encoder.get_mut());
            (self.moved)(bytes, packed.len() as u64);
            if !packed.is_empty() {
                return Ok(Some((packed.into(), self)));
            }
        }
    }
}
