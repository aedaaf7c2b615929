//! The body of a request that makes a blob: names of chunks, and the bytes of those that are new.

use std::fs::File;
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::PathBuf;
use std::sync::Arc;

use bytes::Bytes;
use futures_util::{Stream, stream};
use shaman_proto::Chunk;
use shaman_proto::wire::chunks::{CHUNK_NAME_BYTES, Origin, encode_step};
use zstd::stream::write::Encoder;

use crate::threads::on_a_thread;
use crate::upload::squeeze::LEVEL;

/// Bytes sent at a time, about.
const PIECE_BYTES: usize = 256 << 10;

/// Chunks named at a time: so progress goes on while nothing but names are sent.
const PIECE_STEPS: usize = 256;

/// A chunk of the blob.
#[derive(Debug, Clone, Copy)]
pub(super) struct Step {
    pub(super) chunk: Chunk,
    /// Its bytes go along.
    pub(super) is_sent: bool,
}

/// Bytes of a recipe that is not packed.
pub(super) fn len(steps: &[Step]) -> u64 {
    let bytes = |step: &Step| {
        let sent = if step.is_sent { step.chunk.length.bytes() } else { 0 };
        CHUNK_NAME_BYTES as u64 + u64::from(sent)
    };
    steps.iter().map(bytes).sum()
}

/// What is sent.
struct Sending<F> {
    path: PathBuf,
    file: Option<File>,
    steps: Arc<[Step]>,
    at: usize,
    /// Where in the file the next chunk is.
    offset: u64,
    encoder: Option<Encoder<'static, Vec<u8>>>,
    moved: F,
    is_over: bool,
}

/// The recipe, piece by piece. Of the file only the chunks that are sent are read. `moved` hears how
/// many bytes of the file are told of, and how long that is in the body.
pub(super) fn body(
    path: PathBuf,
    steps: Arc<[Step]>,
    is_packed: bool,
    moved: impl Fn(u64, u64) + Send + 'static,
) -> impl Stream<Item = io::Result<Bytes>> + Send + 'static {
    // zstd fails to begin for want of memory only; then the server says what is wrong with the body.
    let encoder = if is_packed { Encoder::new(Vec::new(), LEVEL).ok() } else { None };
    let (file, at, offset, is_over) = (None, 0, 0, false);
    let sending = Sending { path, file, steps, at, offset, encoder, moved, is_over };
    stream::try_unfold(sending, |sending| async move {
        if sending.is_over {
            return Ok(None);
        }
        on_a_thread(move || sending.next()).await
    })
}

impl<F: Fn(u64, u64)> Sending<F> {
    fn next(mut self) -> io::Result<Option<(Bytes, Self)>> {
        loop {
            let before = self.offset;
            let piece = self.piece()?;
            let is_last = piece.is_empty();
            let packed = match (&mut self.encoder, is_last) {
                (None, _) => piece,
                (Some(encoder), false) => {
                    encoder.write_all(&piece)?;
                    std::mem::take(encoder.get_mut())
                }
                (Some(_), true) => self.encoder.take().map_or(Ok(Vec::new()), Encoder::finish)?,
            };
            (self.moved)(self.offset - before, packed.len() as u64);
            self.is_over = is_last;
            if is_last && packed.is_empty() {
                return Ok(None);
            }
            if !packed.is_empty() {
                return Ok(Some((packed.into(), self)));
            }
        }
    }

    /// The next steps as they are in a recipe; empty at the end.
    fn piece(&mut self) -> io::Result<Vec<u8>> {
        let mut piece = Vec::new();
        let steps = Arc::clone(&self.steps);
        for step in steps.iter().skip(self.at).take(PIECE_STEPS) {
            let origin = if step.is_sent { Origin::Body } else { Origin::Store };
            piece.extend_from_slice(&encode_step(&step.chunk, origin));
            let length = step.chunk.length.bytes();
            if step.is_sent {
                let offset = self.offset;
                let from = piece.len();
                piece.resize(from + length as usize, 0);
                let file = self.file()?;
                file.seek(SeekFrom::Start(offset))?;
                file.read_exact(&mut piece[from..])?;
            }
            self.at += 1;
            self.offset += u64::from(length);
            if piece.len() >= PIECE_BYTES {
                break;
            }
        }
        Ok(piece)
    }

    fn file(&mut self) -> io::Result<&mut File> {
        let file = match self.file.take() {
            Some(file) => file,
            None => File::open(&self.path)?,
        };
        Ok(self.file.insert(file))
    }
}
