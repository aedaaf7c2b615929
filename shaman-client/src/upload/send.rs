//! One blob, once.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use futures_util::TryStreamExt as _;
use reqwest::Body;

use super::pieces::{self, Fault};
use super::{Sent, ToSend, UploadError};
use crate::api::{Api, Pulse, Taken};
use crate::hash::{Fingerprint, HashError};
use crate::progress::{Event, Listener, Phase};

/// Sends a file under the name it was hashed to, unless it is another file by now. Nothing complete
/// is ever sent under a wrong name.
pub(super) async fn send(
    api: &Api,
    file: &ToSend,
    progress: &Listener,
) -> Result<Sent, UploadError> {
    let reading = |source| HashError::reading(&file.path, source);
    let opened = pieces::open(&file.path, file.hashed).await.map_err(reading)?;
    let Some(source) = opened else { return Ok(Sent::Changed) };
    let (fate, pulse, size) = (source.fate(), Pulse::default(), file.hashed.blob.size.bytes());
    let sent_bytes = Arc::new(AtomicU64::new(0));
    let told = (Arc::clone(progress), Arc::clone(&sent_bytes), pulse.clone());
    let pieces = source.pieces().inspect_ok(move |piece| {
        let bytes = piece.len() as u64;
        told.1.fetch_add(bytes, Ordering::Relaxed);
        told.0.tell(Event::Advanced { phase: Phase::Upload, files: 0, bytes });
        told.2.beat();
    });
    let body = Body::wrap_stream(pieces);
    let ended = api.upload(&file.hashed.blob, &file.name, body, &pulse).await;
    let error = match ended {
        Ok(taken) => {
            // A server that had the blob already need not have read it all.
            let rest = size.saturating_sub(sent_bytes.load(Ordering::Relaxed));
            progress.tell(Event::Advanced { phase: Phase::Upload, files: 0, bytes: rest });
            return Ok(match taken {
                Taken::Stored => Sent::Stored,
                Taken::HadIt => Sent::Claimed,
            });
        }
        Err(error) => error,
    };
    let bytes = sent_bytes.load(Ordering::Relaxed);
    progress.tell(Event::Rewound { phase: Phase::Upload, bytes });
    match fate.take() {
        Some(Fault::Changed) => return Ok(Sent::Changed),
        Some(Fault::Unreadable(source)) => return Err(reading(source).into()),
        None => {}
    }
    // The reason may be in the file though not in what was read of it yet.
    let now = tokio::fs::metadata(&file.path).await.map_err(reading)?;
    if Fingerprint::of(&now) != file.hashed.fingerprint {
        return Ok(Sent::Changed);
    }
    Err(error.into())
}
