//! What a promise names becomes durable before the promise is made.

use shaman_proto::BlobRef;

use super::Ops;
use crate::store::DiskError;

impl Ops {
    /// Makes blobs durable that were found on the storage just now, whichever server received them:
    /// all that another one may have left in the kernel, else those that we remember.
    pub(super) fn flush_found(&self, blobs: &[BlobRef]) -> Result<(), DiskError> {
        let doubtful = if self.store.has_unflushed_of_others()? {
            blobs.to_vec()
        } else {
            self.unflushed.among(blobs)
        };
        self.store.flush_blobs(&doubtful)?;
        self.unflushed.remove(&doubtful);
        Ok(())
    }
}
