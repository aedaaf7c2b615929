//! One blob, once.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::{Bytes, BytesMut};
use futures_util::stream;
use reqwest::Body;
use tokio::fs::File;
use tokio::io::AsyncReadExt as _;

use super::{Sent, ToSend, UploadError};
use crate::api::Api;
use crate::hash::{Fingerprint, HashError};
use crate::progress::{Event, Listener, Phase};

/// Bytes read and sent at a time.
const PIECE_BYTES: usize = 256 << 10;

/// Status of a server that got other bytes than the name says.
const MISMATCH: u16 = 417;

/// Sends a file under the name it was hashed to, unless it is another file by now. The bytes are
/// what the server verifies, so nothing is ever stored under a wrong name.
pub(super) async fn send(
    api: &Api,
    file: &ToSend,
    progress: &Listener,
) -> Result<Sent, UploadError> {
    let reading = |source| HashError::reading(&file.path, source);
    let opened = File::open(&file.path).await.map_err(reading)?;
    let metadata = opened.metadata().await.map_err(reading)?;
    if Fingerprint::of(&metadata) != file.hashed.fingerprint {
        return Ok(Sent::Changed);
    }
    let sent_bytes = Arc::new(AtomicU64::new(0));
    let told = (Arc::clone(progress), Arc::clone(&sent_bytes));
    let left = file.hashed.blob.size.bytes();
    let pieces = stream::try_unfold((opened, left, told), |(mut file, left, told)| async move {
        let Some(piece) = next_piece(&mut file, left).await? else { return Ok(None) };
        let bytes = piece.len() as u64;
        told.1.fetch_add(bytes, Ordering::Relaxed);
        told.0.tell(Event::Advanced { phase: Phase::Upload, files: 0, bytes });
        Ok::<_, io::Error>(Some((piece, (file, left - bytes, told))))
    });
    let ended = api.upload(&file.hashed.blob, &file.name, Body::wrap_stream(pieces)).await;
    let rewind = || {
        let bytes = sent_bytes.load(Ordering::Relaxed);
        progress.tell(Event::Rewound { phase: Phase::Upload, bytes });
    };
    match ended {
        Ok(()) => {
            // A server that had the blob already need not have read it all.
            let rest = left.saturating_sub(sent_bytes.load(Ordering::Relaxed));
            progress.tell(Event::Advanced { phase: Phase::Upload, files: 0, bytes: rest });
            Ok(Sent::Stored)
        }
        Err(error) => {
            rewind();
            // Cut short or edited while it was read: the reason is in the file, not on the way.
            let now = tokio::fs::metadata(&file.path).await.map_err(reading)?;
            let is_same = Fingerprint::of(&now) == file.hashed.fingerprint;
            if !is_same || error.status() == Some(MISMATCH) {
                return Ok(Sent::Changed);
            }
            Err(error.into())
        }
    }
}

/// The next piece of a file of which `left` bytes are to be sent; `None` at the end. A file that
/// became shorter is an error, one that grew is cut, and the server sees to the rest.
async fn next_piece(file: &mut File, left: u64) -> io::Result<Option<Bytes>> {
    if left == 0 {
        return Ok(None);
    }
    let most = usize::try_from(left).map_or(PIECE_BYTES, |left| left.min(PIECE_BYTES));
    let mut piece = BytesMut::with_capacity(most);
    let read = (&mut *file).take(most as u64).read_buf(&mut piece).await?;
    if read == 0 {
        return Err(io::Error::new(io::ErrorKind::UnexpectedEof, "the file became shorter"));
    }
    Ok(Some(piece.freeze()))
}
