//! A blob → its bytes.

use shaman_proto::BlobRef;

use super::{LookupError, Ops};
use crate::store::OpenBlob;

/// Times that a blob is looked for again which a sweep takes between the look and the opening.
const LOOKS_MAX: usize = 8;

impl Ops {
    /// Opens a blob for reading; `None`: it is missing. Who reads it may count on it: it counts as
    /// used now. Once open, its bytes stay readable whatever is swept.
    pub fn open_blob(&self, blob: &BlobRef) -> Result<Option<OpenBlob>, LookupError> {
        for _ in 0..LOOKS_MAX {
            let Some(found) = self.find(blob)? else { return Ok(None) };
            if !self.note_use(blob, &found)? {
                return Ok(None);
            }
            if let Some(open) = self.store.open_to_read(blob)? {
                return Ok(Some(open));
            }
        }
        Ok(None)
    }
}
