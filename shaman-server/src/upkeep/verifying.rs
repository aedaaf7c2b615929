//! After an unclean end: verify what may be torn.

use std::sync::Arc;

use crate::ops::Ops;
use crate::tasks::{Blocking, Stop};

/// Verifies every blob in doubt, once, and says what came of it.
pub async fn verify_doubtful(ops: &Arc<Ops>, blocking: &Blocking, stop: Stop) {
    let ops = Arc::clone(ops);
    match blocking.run(move || ops.verify_doubtful(|| !stop.is_set())).await {
        Ok(Ok(Some(verified))) => {
            tracing::info!(whole = verified.whole, torn = verified.torn, "verified blobs in doubt");
        }
        Ok(Ok(None)) => {}
        Ok(Err(error)) => {
            let error = anyhow::Error::from(error);
            tracing::error!(
                "verifying blobs in doubt failed, each is verified when it is used: {error:#}"
            );
        }
        Err(error) => tracing::error!("{error}"),
    }
}
