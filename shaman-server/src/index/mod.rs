//! What is derived from the store; may be deleted while the server is stopped.
//!
//! A row says that a blob or checkout was there when the row was written. Nothing is lost with it:
//! a question that the index cannot answer goes to the disk, and a new index is filled while
//! serving.

mod chunks;
mod columns;
mod jobs;
mod keys;
mod names;
mod rows;
mod scrubs;
mod snapshot;

use std::path::{Path, PathBuf};

use rocksdb::{DB, Direction, IteratorMode, WriteBatch};
use shaman_proto::{BlobRef, CheckoutPath};

pub use chunks::{ChunkRow, Place};
pub use names::Sharing;
pub use rows::{BlobRow, CheckoutRow, JobRow};
pub use snapshot::Rows;

/// Key of the note in the default column that all of the store has been read into the index.
const COMPLETE: &[u8] = b"complete";

/// The index of one server.
#[derive(Debug)]
pub struct Index {
    db: DB,
    generations: chunks::Generations,
}

/// A question or change that RocksDB could not do.
#[derive(Debug, thiserror::Error)]
#[error("the index in `{}` failed; stop the server, delete that directory and start again, nothing is lost", path.display())]
pub struct IndexError {
    path: PathBuf,
    source: rocksdb::Error,
}

impl Index {
    /// Says whether there is an index in `<state>/index` that can be read and is of this version;
    /// changes nothing, also while a server uses it.
    pub fn look(state: &Path) -> Result<bool, IndexError> {
        let path = state.join("index");
        columns::look(&path).map_err(|source| IndexError { path, source })
    }

    /// Opens the index in `<state>/index`, making it when it is not there. One that is damaged or
    /// of another version is moved aside (`index.broken-N`) and a new one is begun. It knows the
    /// chunks of about so many bytes of blobs; `None`: of as many as when it was opened before.
    pub fn open(state: &Path, known_bytes: Option<u64>) -> Result<Self, IndexError> {
        let path = state.join("index");
        let opened = columns::open(&path);
        if let Err(error) = &opened
            && !columns::is_in_use(error)
            && let Some(aside) = set_aside(&path)
        {
            tracing::warn!(%error, aside = %aside.display(), "the index was damaged; set it aside and began a new one");
            return columns::open(&path)
                .and_then(|opened| Self::of(opened.db, known_bytes))
                .map_err(|source| IndexError { path, source });
        }
        let opened = opened.map_err(|source| IndexError { path: path.clone(), source })?;
        if !opened.has_all {
            tracing::debug!("a part of the index is new and is filled from the storage");
        }
        Self::of(opened.db, known_bytes).map_err(|source| IndexError { path, source })
    }

    fn of(db: DB, known_bytes: Option<u64>) -> Result<Self, rocksdb::Error> {
        let generations = chunks::Generations::read(&db, known_bytes)?;
        Ok(Self { db, generations })
    }

    /// Empties what is filled from the store; which job has which checkout stays.
    pub fn clear(&mut self) -> Result<(), IndexError> {
        let path = self.db.path().to_owned();
        let cleared = columns::clear(&mut self.db).and_then(|()| chunks::clear(&self.db));
        cleared.map_err(|source| IndexError { path, source })
    }

    /// Says whether all of the store is in the index; until then a miss means nothing.
    pub fn is_complete(&self) -> Result<bool, IndexError> {
        self.db.get(COMPLETE).map(|note| note.is_some()).map_err(|e| self.failed(e))
    }

    /// Notes that all of the store has been read into the index.
    pub fn set_complete(&self) -> Result<(), IndexError> {
        self.db.put(COMPLETE, b"").map_err(|e| self.failed(e))
    }

    /// Looks up many blobs, in order; sorted ones are found soonest. `None`: not known here, ask the
    /// disk.
    pub fn blobs(&self, blobs: &[BlobRef]) -> Result<Vec<Option<BlobRow>>, IndexError> {
        let column = columns::blobs(&self.db);
        let keys: Vec<_> = blobs.iter().map(keys::blob).collect();
        // Else RocksDB sorts them itself, key by key.
        let found = self.db.batched_multi_get_cf(column, keys.iter(), blobs.is_sorted());
        found
            .into_iter()
            .map(|row| {
                row.map(|row| row.and_then(|bytes| BlobRow::decode(&bytes)))
                    .map_err(|e| self.failed(e))
            })
            .collect()
    }

    /// Calls `visit` with each blob that has a row.
    pub fn each_blob(&self, mut visit: impl FnMut(BlobRef)) -> Result<(), IndexError> {
        for row in self.db.iterator_cf(columns::blobs(&self.db), IteratorMode::Start) {
            let (key, _) = row.map_err(|e| self.failed(e))?;
            if let Some(blob) = keys::read_blob(&key) {
                visit(blob);
            }
        }
        Ok(())
    }

    /// At most `most` blobs that have a row, behind this one, in order.
    pub fn blobs_after(
        &self,
        after: Option<&BlobRef>,
        most: usize,
    ) -> Result<Vec<BlobRef>, IndexError> {
        let after = after.map(keys::blob);
        let from = match &after {
            Some(after) => IteratorMode::From(after, Direction::Forward),
            None => IteratorMode::Start,
        };
        let mut found = Vec::new();
        for row in self.db.iterator_cf(columns::blobs(&self.db), from) {
            let (key, _) = row.map_err(|e| self.failed(e))?;
            if found.len() == most {
                break;
            }
            let is_next = after.is_none_or(|after| *key != after);
            found.extend(keys::read_blob(&key).filter(|_| is_next));
        }
        Ok(found)
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

    /// At most `most` checkouts behind this path, by path.
    pub fn checkouts_after(
        &self,
        after: &str,
        most: usize,
    ) -> Result<Vec<(CheckoutPath, CheckoutRow)>, IndexError> {
        // Nothing stands between a path and this.
        let next = if after.is_empty() { String::new() } else { format!("{after}\0") };
        self.checkouts_from(&next, most)
    }

    /// At most `most` checkouts from this path on, by path.
    pub fn checkouts_from(
        &self,
        from: &str,
        most: usize,
    ) -> Result<Vec<(CheckoutPath, CheckoutRow)>, IndexError> {
        let column = columns::checkouts(&self.db);
        let from = IteratorMode::From(from.as_bytes(), Direction::Forward);
        let mut found = Vec::new();
        for row in self.db.iterator_cf(column, from) {
            let (key, row) = row.map_err(|e| self.failed(e))?;
            if found.len() == most {
                break;
            }
            let path = std::str::from_utf8(&key).ok().and_then(|path| path.parse().ok());
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_family_of_another_version_goes_and_what_is_not_derived_stays() {
        let dir = tempfile::tempdir().unwrap();
        let job = JobRow { checkout: "job".parse().unwrap(), mark: "1 2".into() };
        {
            let mut options = rocksdb::Options::default();
            options.create_if_missing(true);
            options.create_missing_column_families(true);
            let families = ["blobs-1", "checkouts-1", "jobs-1"];
            let db = DB::open_cf(&options, dir.path().join("index"), families).unwrap();
            db.put(COMPLETE, b"").unwrap();
            db.put_cf(db.cf_handle("jobs-1").unwrap(), "1", job.encode()).unwrap();
        }
        let index = Index::open(dir.path(), None).unwrap();
        assert!(!index.is_complete().unwrap(), "it is to be filled again");
        assert_eq!(index.jobs().unwrap(), [("1".to_owned(), job.clone())]);
        index.set_complete().unwrap();
        drop(index);
        let mut index = Index::open(dir.path(), None).unwrap();
        assert!(index.is_complete().unwrap(), "the old family is gone");
        let blob = BlobRef::new("ab".repeat(32).parse().unwrap(), "1".parse().unwrap());
        let row = BlobRow { stored_at: 1, last_used: 2, modified_ns: 3 };
        index.put_blobs([(blob, row)]).unwrap();
        assert_eq!(index.blob(&blob).unwrap(), Some(row));
        index.clear().unwrap();
        assert_eq!(index.blob(&blob).unwrap(), None);
        assert_eq!(index.jobs().unwrap().len(), 1);
        assert!(!dir.path().join("index.broken-1").exists());
    }

    #[test]
    fn each_row_tells_whether_a_checkout_names_its_blob() {
        let dir = tempfile::tempdir().unwrap();
        let index = Index::open(dir.path(), None).unwrap();
        let blob = |number: u64| {
            let digest = shaman_proto::Digest::from_bytes([u8::try_from(number / 7).unwrap(); 32]);
            BlobRef::new(digest, number.to_string().parse().unwrap())
        };
        let row = |number| BlobRow { stored_at: 1, last_used: number, modified_ns: 3 };
        let checkout = CheckoutRow { created: 0, files: 0, bytes: 0, owner: None };
        // Names of blobs without a row, of some with one, of one at the end: long gaps and none.
        let is_named =
            |number: u64| number.is_multiple_of(5) || (100..140).contains(&number) || number == 199;
        let named: Vec<BlobRef> = (0..200).filter(|n| is_named(*n)).map(blob).collect();
        for name in ["a", "b/c"] {
            index.put_checkout(&name.parse().unwrap(), &checkout, &named).unwrap();
        }
        let with_row: Vec<u64> = (0..200).filter(|n| n % 3 != 1 && !(40..60).contains(n)).collect();
        index.put_blobs(with_row.iter().map(|n| (blob(*n), row(*n)))).unwrap();
        let mut seen = Vec::new();
        index
            .each_row(|name, row, is_named| {
                assert_eq!(name, blob(row.last_used));
                // Who does not ask skips names.
                if row.last_used.is_multiple_of(2) {
                    seen.push((row.last_used, is_named()));
                }
            })
            .unwrap();
        seen.sort_unstable();
        let even = with_row.iter().filter(|n| n.is_multiple_of(2));
        assert_eq!(seen, even.map(|n| (*n, is_named(*n))).collect::<Vec<_>>());
    }

    #[test]
    fn what_a_checkout_shares_is_known() {
        let dir = tempfile::tempdir().unwrap();
        let index = Index::open(dir.path(), None).unwrap();
        let blob =
            |size: &str| BlobRef::new("ab".repeat(32).parse().unwrap(), size.parse().unwrap());
        let (own, common) = (blob("10"), blob("7"));
        let row = CheckoutRow { created: 0, files: 2, bytes: 17, owner: None };
        let (a, longer) = ("a".parse().unwrap(), "a/b".parse().unwrap());
        index.put_checkout(&a, &row, &[common, own]).unwrap();
        let sharing =
            |bytes: (u64, u64)| Sharing { shared_bytes: bytes.0, exclusive_bytes: bytes.1 };
        assert_eq!(index.sharing(&a, &[common, own]).unwrap(), sharing((0, 17)));
        index.put_checkout(&longer, &row, &[common]).unwrap();
        assert_eq!(index.sharing(&a, &[common, own]).unwrap(), sharing((7, 10)));
        assert_eq!(index.sharing(&longer, &[common]).unwrap(), sharing((7, 0)));
        assert_eq!(index.checkouts_with(&common).unwrap(), [a.clone(), longer.clone()]);
        index.forget_checkout(&longer, &[common]).unwrap();
        assert_eq!(index.sharing(&a, &[common, own]).unwrap(), sharing((0, 17)));
        assert_eq!(index.names_by_checkout().unwrap(), [(a.clone(), 2)].into());
        index.begin_forgetting(&a).unwrap();
        assert_eq!(index.checkout(&a).unwrap(), None);
        assert_eq!(index.half_forgotten().unwrap(), [a.clone()].into(), "the next start goes on");
        assert_eq!(index.names_by_checkout().unwrap(), [(a.clone(), 2)].into());
        index.end_forgetting(&a, &[common, own]).unwrap();
        assert!(index.half_forgotten().unwrap().is_empty());
        assert!(index.names_by_checkout().unwrap().is_empty());
    }
}
