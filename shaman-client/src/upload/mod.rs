//! Blobs to the server: in parallel on few connections, streamed from disk.

mod delta;
mod line;
mod pack;
mod part;
mod pieces;
mod put;
mod send;
mod squeeze;
mod told;

pub use crate::cli::Delta;
pub use line::Line;
pub use pack::{PACK_FILES_MAX, PACKED_BYTES_MAX, PackError, Packed, send_pack};

use std::path::PathBuf;

use bytes::Bytes;
use futures_util::{StreamExt as _, stream};
use tokio::sync::Semaphore;

use crate::api::{Api, ApiError, Patience};
use crate::hash::{HashError, Hashed};
use crate::progress::{Event, Listener, Phase};

/// Connections at once. Small files gain up to here; beyond, the server's disk is what waits.
pub const CONNECTIONS: usize = 8;

/// Large files at once, so that they neither fill all connections nor all of the network.
pub const LARGE_AT_ONCE: usize = 2;

/// From here on a file is large.
pub const LARGE_BYTES: u64 = 16 << 20;

/// Status of a server to which somebody else is sending the same blob.
const DEFERRED: u16 = 425;

/// A file to send.
#[derive(Debug, Clone)]
pub struct ToSend {
    /// Where it is.
    pub path: PathBuf,
    /// Its name on the server's side, for the server's log.
    pub name: String,
    /// What it was when it was hashed.
    pub hashed: Hashed,
    /// Its bytes, if there is no file; then it has to be sent by [`send_alone`], to our server.
    pub bytes: Option<Bytes>,
}

/// What became of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sent {
    /// The server took the blob and verified it.
    Stored,
    /// The server says that it had the blob, or got it from somebody else meanwhile. Flamenco's own
    /// also says so when the other one broke off, so that it has to be asked once more.
    Claimed,
    /// The file is not what was hashed any more; nothing was stored under the old name.
    Changed,
}

/// Why sending ended. What was stored before stays stored, so the next try sends the rest.
#[derive(Debug, thiserror::Error)]
pub enum UploadError {
    /// The server.
    #[error(transparent)]
    Api(#[from] ApiError),
    /// The file.
    #[error(transparent)]
    File(#[from] HashError),
}

/// Sends all files and says of each what became of it, in order. Ends with the first one that
/// fails for good.
pub async fn upload(
    api: &Api,
    files: &[ToSend],
    progress: &Listener,
) -> Result<Vec<Sent>, UploadError> {
    let large = Semaphore::new(LARGE_AT_ONCE);
    let mut ended = stream::iter(files.iter().enumerate())
        .map(|(at, file)| {
            let large = &large;
            async move {
                let _permit = if file.hashed.blob.size.bytes() >= LARGE_BYTES {
                    Some(large.acquire().await.expect("never closed"))
                } else {
                    None
                };
                send_patiently(api, file, progress).await.map(|sent| (at, sent))
            }
        })
        .buffer_unordered(CONNECTIONS);
    let mut all = vec![Sent::Changed; files.len()];
    while let Some(one) = ended.next().await {
        let (at, sent) = one?;
        all[at] = sent;
    }
    Ok(all)
}

/// Sends one file by itself to our server: what is new of it, where it resembles what the server has;
/// else all of it, in parts that go on where they broke off, compressed where that pays; and as
/// [`send_patiently`] does where something does not take that.
pub async fn send_alone(
    api: &Api,
    file: &ToSend,
    line: &Line,
    progress: &Listener,
) -> Result<Sent, UploadError> {
    if let Some(sent) = delta::send(api, file, line, progress).await? {
        return Ok(sent);
    }
    if line.takes_puts()
        && let put::Ended::Sent(sent) = put::put(api, file, line, progress).await?
    {
        return Ok(sent);
    }
    if file.bytes.is_some() {
        let message = "something before the server takes neither a list of that length nor PUT; \
                       let it take longer requests";
        return Err(api.refusal(413, message).into());
    }
    send_patiently(api, file, progress).await
}

/// Sends one file by itself, again and again while that may help, and says what became of it.
pub async fn send_patiently(
    api: &Api,
    file: &ToSend,
    progress: &Listener,
) -> Result<Sent, UploadError> {
    let mut patience = Patience::default();
    // Whether somebody else was sending it, too.
    let mut was_deferred = false;
    let ready = |files, bytes| {
        progress.tell(Event::Advanced { phase: Phase::Upload, files, bytes });
    };
    loop {
        let error = match send::send(api, file, progress).await {
            Ok(Sent::Changed) => return Ok(Sent::Changed),
            Ok(sent) => {
                ready(1, 0);
                return Ok(if was_deferred { Sent::Claimed } else { sent });
            }
            Err(UploadError::Api(error)) => error,
            Err(error) => return Err(error),
        };
        was_deferred |= error.status() == Some(DEFERRED);
        let Some(wait) = patience.after(&error) else { return Err(error.into()) };
        progress.tell(Event::Retrying { why: error.to_string(), wait });
        tokio::time::sleep(wait).await;
        // The answer may have been lost, and not the blob.
        let was_cut = matches!(error, ApiError::Unreachable { .. });
        if was_cut && api.has(&file.hashed.blob).await.unwrap_or(false) {
            ready(1, file.hashed.blob.size.bytes());
            // By what lies under a name, not by what came.
            return Ok(Sent::Claimed);
        }
    }
}
