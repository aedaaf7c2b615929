//! The index as it is at one moment.

use rocksdb::{IteratorMode, Snapshot};
use shaman_proto::BlobRef;

use super::{CheckoutRow, Index, IndexError, columns, keys};

/// All rows as they were when this was made.
pub struct Rows<'a> {
    index: &'a Index,
    snapshot: Snapshot<'a>,
}

impl std::fmt::Debug for Rows<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Rows").finish_non_exhaustive()
    }
}

impl Index {
    /// All rows as they are now; what is written later is not among them.
    pub fn rows(&self) -> Rows<'_> {
        Rows { index: self, snapshot: self.db.snapshot() }
    }

    /// Bytes of the index on disk and of what is not written yet.
    pub fn size_bytes(&self) -> Result<u64, IndexError> {
        let mut bytes = 0;
        for column in columns::all(&self.db) {
            for property in ["rocksdb.live-sst-files-size", "rocksdb.cur-size-all-mem-tables"] {
                let value = self.db.property_int_value_cf(column, property);
                bytes += value.map_err(|e| self.failed(e))?.unwrap_or(0);
            }
        }
        Ok(bytes)
    }
}

impl Rows<'_> {
    /// Calls `visit` with each blob that has a row.
    pub fn each_blob(&self, mut visit: impl FnMut(BlobRef)) -> Result<(), IndexError> {
        let column = columns::blobs(&self.index.db);
        for row in self.snapshot.iterator_cf(column, IteratorMode::Start) {
            let (key, _) = row.map_err(|e| self.index.failed(e))?;
            if let Some(blob) = keys::read_blob(&key) {
                visit(blob);
            }
        }
        Ok(())
    }

    /// Calls `visit` with the row of each checkout.
    pub fn each_checkout(&self, mut visit: impl FnMut(CheckoutRow)) -> Result<(), IndexError> {
        let column = columns::checkouts(&self.index.db);
        for row in self.snapshot.iterator_cf(column, IteratorMode::Start) {
            let (_, row) = row.map_err(|e| self.index.failed(e))?;
            if let Some(row) = CheckoutRow::decode(&row) {
                visit(row);
            }
        }
        Ok(())
    }
}
