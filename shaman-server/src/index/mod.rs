//! What is derived from the store; may be deleted while the server is stopped.
//!
//! A row says that a blob or checkout was there when the row was written. Nothing is lost with it:
//! a question that the index cannot answer goes to the disk, and a new index is filled while
//! serving.

mod columns;
mod jobs;
mod keys;
mod rows;

use std::path::{Path, PathBuf};

use rocksdb::{DB, Direction, IteratorMode, WriteBatch};
use shaman_proto::{BlobRef, CheckoutPath};

pub use rows::{BlobRow, CheckoutRow, JobRow};

/// Key of the note in the default column that all of the store has been read into the index.
const COMPLETE: &[u8] = b"complete";

/// The index of one server.
#[derive(Debug)]
pub struct Index {
    db: DB,
}

/// A question or change that RocksDB could not do.
#[derive(Debug, thiserror::Error)]
#[error("the index in `{}` failed; stop the server, delete that directory and start again, nothing is lost", path.display())]
pub struct IndexError {
    path: PathBuf,
    source: rocksdb::Error,
}

impl Index {
    /// Opens the index in `<state>/index`, making it when it is not there. One that is damaged or
    /// of another version is moved aside (`index.broken-N`) and a new one is begun.
    pub fn open(state: &Path) -> Result<Self, IndexError> {
        let path = state.join("index");
        let opened = columns::open(&path);
        if let Err(error) = &opened
            && !columns::is_in_use(error)
            && let Some(aside) = set_aside(&path)
        {
            tracing::warn!(%error, aside = %aside.display(), "the index was damaged; set it aside and began a new one");
            return columns::open(&path)
                .map(|db| Self { db })
                .map_err(|source| IndexError { path, source });
        }
        opened.map(|db| Self { db }).map_err(|source| IndexError { path, source })
    }

    /// Says whether all of the store is in the index; until then a miss means nothing.
    pub fn is_complete(&self) -> Result<bool, IndexError> {
        self.db.get(COMPLETE).map(|note| note.is_some()).map_err(|e| self.failed(e))
    }

    /// Notes that all of the store has been read into the index.
    pub fn set_complete(&self) -> Result<(), IndexError> {
        self.db.put(COMPLETE, b"").map_err(|e| self.failed(e))
    }

    /// Looks up many blobs, in order. `None`: not known here, ask the disk.
    pub fn blobs(&self, blobs: &[BlobRef]) -> Result<Vec<Option<BlobRow>>, IndexError> {
        let column = columns::blobs(&self.db);
        let keys: Vec<_> = blobs.iter().map(keys::blob).collect();
        let found = self.db.batched_multi_get_cf(column, keys.iter(), false);
        found
            .into_iter()
            .map(|row| {
                row.map(|row| row.and_then(|bytes| BlobRow::decode(&bytes)))
                    .map_err(|e| self.failed(e))
            })
            .collect()
    }

    /// Writes rows for these blobs.
    pub fn put_blobs(
        &self,
        rows: impl IntoIterator<Item = (BlobRef, BlobRow)>,
    ) -> Result<(), IndexError> {
        let column = columns::blobs(&self.db);
        let mut batch = WriteBatch::default();
        for (blob, row) in rows {
            batch.put_cf(column, keys::blob(&blob), row.encode());
        }
        self.db.write(batch).map_err(|e| self.failed(e))
    }

    /// Forgets blobs that turned out to be missing.
    pub fn forget_blobs<'a>(
        &self,
        blobs: impl IntoIterator<Item = &'a BlobRef>,
    ) -> Result<(), IndexError> {
        let column = columns::blobs(&self.db);
        let mut batch = WriteBatch::default();
        for blob in blobs {
            batch.delete_cf(column, keys::blob(blob));
        }
        self.db.write(batch).map_err(|e| self.failed(e))
    }

    /// Writes the row of a checkout.
    pub fn put_checkout(
        &self,
        checkout: &CheckoutPath,
        row: &CheckoutRow,
    ) -> Result<(), IndexError> {
        let column = columns::checkouts(&self.db);
        self.db.put_cf(column, keys::checkout(checkout), row.encode()).map_err(|e| self.failed(e))
    }

    /// Forgets a checkout that was erased.
    pub fn forget_checkout(&self, checkout: &CheckoutPath) -> Result<(), IndexError> {
        let column = columns::checkouts(&self.db);
        self.db.delete_cf(column, keys::checkout(checkout)).map_err(|e| self.failed(e))
    }

    /// At most `most` checkouts behind this path, by path.
    pub fn checkouts_after(
        &self,
        after: &str,
        most: usize,
    ) -> Result<Vec<(CheckoutPath, CheckoutRow)>, IndexError> {
        let column = columns::checkouts(&self.db);
        let from = IteratorMode::From(after.as_bytes(), Direction::Forward);
        let mut found = Vec::new();
        for row in self.db.iterator_cf(column, from) {
            let (key, row) = row.map_err(|e| self.failed(e))?;
            if found.len() == most {
                break;
            }
            let path = std::str::from_utf8(&key).ok().filter(|path| *path != after);
            let path = path.and_then(|path| path.parse().ok());
            found.extend(path.zip(CheckoutRow::decode(&row)));
        }
        Ok(found)
    }

    /// Looks up a checkout.
    pub fn checkout(&self, checkout: &CheckoutPath) -> Result<Option<CheckoutRow>, IndexError> {
        let column = columns::checkouts(&self.db);
        let row =
            self.db.get_pinned_cf(column, keys::checkout(checkout)).map_err(|e| self.failed(e))?;
        Ok(row.and_then(|bytes| CheckoutRow::decode(&bytes)))
    }

    fn failed(&self, source: rocksdb::Error) -> IndexError {
        IndexError { path: self.db.path().to_owned(), source }
    }
}

/// Renames a damaged index to the first free `index.broken-N`.
#[expect(clippy::disallowed_methods, reason = "the index is its own directory on disk")]
fn set_aside(path: &Path) -> Option<PathBuf> {
    (1..100)
        .map(|n| path.with_file_name(format!("index.broken-{n}")))
        .find(|aside| !aside.exists())
        .filter(|aside| std::fs::rename(path, aside).is_ok())
}
