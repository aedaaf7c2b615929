//! How far the scrub is; when it is lost, a pass begins anew. And how the store grew; when that is
//! lost, charts begin anew.

use shaman_proto::BlobRef;

use super::{Index, IndexError};

const SCRUB: &[u8] = b"scrub-1";
const HISTORY: &[u8] = b"history-1";

impl Index {
    /// What was noted of the scrub: a text of whoever noted it.
    pub fn scrub_note(&self) -> Result<Option<Vec<u8>>, IndexError> {
        self.db.get(SCRUB).map_err(|e| self.failed(e))
    }

    /// Notes how far the scrub is.
    pub fn put_scrub_note(&self, note: &[u8]) -> Result<(), IndexError> {
        self.db.put(SCRUB, note).map_err(|e| self.failed(e))
    }

    /// What was noted of how the store grew: bytes of whoever noted it.
    pub fn history_note(&self) -> Result<Option<Vec<u8>>, IndexError> {
        self.db.get(HISTORY).map_err(|e| self.failed(e))
    }

    /// Notes how the store grew.
    pub fn put_history_note(&self, note: &[u8]) -> Result<(), IndexError> {
        self.db.put(HISTORY, note).map_err(|e| self.failed(e))
    }

    /// Looks up one blob.
    pub fn blob(&self, blob: &BlobRef) -> Result<Option<super::BlobRow>, IndexError> {
        Ok(self.blobs(std::slice::from_ref(blob))?.pop().flatten())
    }
}
