//! Waiting for blobs that somebody is sending right now.

use std::time::Duration;

use shaman_proto::BlobRef;
use tokio::time::Instant;

use super::Shared;
use super::failure::Failure;

/// How often a create looks whether the uploads it waits for have ended.
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// How long an upload may pause before a create stops waiting for it.
const STALL_MAX: Duration = Duration::from_secs(10);

/// Waits for those of these blobs that somebody is sending right now: while bytes keep coming, and
/// not longer than configured. Clients ask for their checkout as soon as another one says that it
/// sends the rest.
pub(super) async fn wait_for_senders(shared: &Shared, blobs: Vec<BlobRef>) -> Result<(), Failure> {
    let awaited = shared.run(move |ops| ops.awaited(&blobs)).await??;
    if awaited.is_empty() {
        return Ok(());
    }
    let deadline = Instant::now() + shared.settings.now().upload_wait;
    let (mut seen, mut seen_at) = (None, Instant::now());
    while let Some(received) = shared.ops.received_bytes(&awaited) {
        let now = Instant::now();
        if seen != Some(received) {
            (seen, seen_at) = (Some(received), now);
        }
        if now >= deadline || now.duration_since(seen_at) >= STALL_MAX {
            tracing::debug!(blobs = awaited.len(), "stopped waiting for uploads");
            break;
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
    Ok(())
}
