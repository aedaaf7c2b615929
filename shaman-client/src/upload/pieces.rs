//! A file in pieces, hashed once more on the way.
//!
//! The last piece is held back until the digest of all is the one that was promised. So a file that
//! changes while it is sent never makes a complete upload, and what is complete is right.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use futures_util::{Stream, stream};
use sha2::{Digest as _, Sha256};
use shaman_proto::{BlobRef, Digest};

use crate::hash::{Fingerprint, Hashed};
use crate::threads::on_a_thread;

/// Bytes read and sent at a time.
const PIECE_BYTES: usize = 256 << 10;

/// Why the pieces ended early.
#[derive(Debug)]
pub(super) enum Fault {
    /// The file is not what was hashed any more.
    Changed,
    /// It cannot be read.
    Unreadable(io::Error),
}

/// What became of the pieces; empty while all is well.
#[derive(Debug, Clone, Default)]
pub(super) struct Fate(Arc<Mutex<Option<Fault>>>);

impl Fate {
    /// Takes the fault, if there was one.
    pub(super) fn take(&self) -> Option<Fault> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    /// Notes a fault, and gives the error that ends the upload.
    fn note(&self, fault: Fault) -> io::Error {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(fault);
        io::Error::other("the file could not be sent as it was hashed")
    }
}

/// Where bytes come from.
#[derive(Debug)]
enum Input {
    File(File),
    Memory(io::Cursor<Bytes>),
}

impl io::Read for Input {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::File(file) => file.read(into),
            Self::Memory(bytes) => bytes.read(into),
        }
    }
}

/// An open file that is, as far as the file system says, what was hashed.
#[derive(Debug)]
pub(super) struct Source {
    bytes: Input,
    blob: BlobRef,
    left: u64,
    hasher: Sha256,
    fate: Fate,
}

/// Opens a file; `None` when it is another one by now.
pub(super) async fn open(path: &Path, hashed: Hashed) -> io::Result<Option<Source>> {
    let path = path.to_owned();
    on_a_thread(move || {
        let file = File::open(path)?;
        let is_same = Fingerprint::of(&file.metadata()?) == hashed.fingerprint;
        let (blob, left) = (hashed.blob, hashed.blob.size.bytes());
        let (hasher, fate) = (Sha256::new(), Fate::default());
        let bytes = Input::File(file);
        Ok(is_same.then_some(Source { bytes, blob, left, hasher, fate }))
    })
    .await
}

impl Source {
    /// Bytes that are the blob.
    pub(super) fn of(bytes: Bytes, blob: BlobRef) -> Self {
        let (bytes, left) = (Input::Memory(io::Cursor::new(bytes)), blob.size.bytes());
        Self { bytes, blob, left, hasher: Sha256::new(), fate: Fate::default() }
    }

    /// Where faults will be noted.
    pub(super) fn fate(&self) -> Fate {
        self.fate.clone()
    }

    /// All of the file, piece by piece. Ends with an error, and without the last piece, when the
    /// bytes are not those that were hashed.
    pub(super) fn pieces(self) -> impl Stream<Item = io::Result<Bytes>> + Send + 'static {
        stream::try_unfold(self, |mut source| async move {
            if source.left == 0 {
                return Ok(None);
            }
            on_a_thread(move || {
                let piece = source.next(u64::MAX)?;
                Ok(Some((piece, source)))
            })
            .await
        })
    }

    /// Where it stands.
    pub(super) fn at(&self) -> u64 {
        self.blob.size.bytes() - self.left
    }

    /// Reads on to this byte, and gives nothing of that.
    pub(super) async fn skip_to(mut self, offset: u64) -> io::Result<Self> {
        on_a_thread(move || {
            while self.at() < offset {
                self.next(offset - self.at())?;
            }
            Ok(self)
        })
        .await
    }

    /// The next piece, of so many bytes at most; there must be one.
    pub(super) fn next(&mut self, most: u64) -> io::Result<Bytes> {
        let most = self.left.min(most);
        let most = usize::try_from(most).map_or(PIECE_BYTES, |most| most.min(PIECE_BYTES));
        let mut piece = vec![0; most];
        if let Err(error) = self.bytes.read_exact(&mut piece) {
            return Err(self.fate.note(match error.kind() {
                io::ErrorKind::UnexpectedEof => Fault::Changed,
                _ => Fault::Unreadable(error),
            }));
        }
        self.hasher.update(&piece);
        self.left -= most as u64;
        if self.left == 0 {
            let digest = Digest::from_bytes(std::mem::take(&mut self.hasher).finalize().into());
            if digest != self.blob.digest {
                return Err(self.fate.note(Fault::Changed));
            }
        }
        Ok(piece.into())
    }
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "tests make files")]
mod tests {
    use futures_util::TryStreamExt as _;
    use shaman_proto::BlobSize;

    use super::*;

    /// Sends `before`, which becomes `after` once it is open; gives the pieces that came through.
    async fn sent(before: &[u8], after: &[u8]) -> (Vec<u8>, Option<Fault>) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a");
        std::fs::write(&path, before).unwrap();
        let fingerprint = Fingerprint::of(&path.metadata().unwrap());
        let digest = Digest::from_bytes(Sha256::digest(before).into());
        let blob = BlobRef::new(digest, BlobSize::new(before.len() as u64).unwrap());
        let source = open(&path, Hashed { blob, fingerprint }).await.unwrap().unwrap();
        let fate = source.fate();
        std::fs::write(&path, after).unwrap();
        let mut came = Vec::new();
        let mut pieces = Box::pin(source.pieces());
        while let Ok(Some(piece)) = pieces.try_next().await {
            came.extend_from_slice(&piece);
        }
        (came, fate.take())
    }

    fn long() -> Vec<u8> {
        (0..3 * PIECE_BYTES + 5).map(|at| u8::try_from(at % 251).unwrap()).collect()
    }

    #[tokio::test]
    async fn a_file_that_stays_as_it_is_comes_through_whole() {
        for bytes in [long(), vec![7; PIECE_BYTES], b"x".to_vec(), Vec::new()] {
            let (came, fault) = sent(&bytes, &bytes).await;
            assert!(came == bytes && fault.is_none());
        }
    }

    #[tokio::test]
    async fn of_a_file_that_changes_the_last_piece_is_held_back() {
        let before = long();
        for at in [0, before.len() - 1] {
            let mut after = before.clone();
            after[at] ^= 1;
            let (came, fault) = sent(&before, &after).await;
            assert_eq!(came.len(), 3 * PIECE_BYTES, "all but the last piece");
            assert!(matches!(fault, Some(Fault::Changed)));
        }
    }

    #[tokio::test]
    async fn a_file_that_becomes_shorter_has_changed() {
        let (_, fault) = sent(&long(), b"short").await;
        assert!(matches!(fault, Some(Fault::Changed)));
    }
}
