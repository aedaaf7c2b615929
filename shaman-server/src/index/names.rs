//! Which checkouts name a blob.

use std::collections::{BTreeSet, HashMap};

use rocksdb::{DBRawIterator, Direction, IteratorMode, ReadOptions, WriteBatch};
use shaman_proto::{BlobRef, CheckoutPath};

use super::{BlobRow, CheckoutRow, Index, IndexError, columns, keys};

/// Bytes of a checkout's blobs, each counted once.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Sharing {
    /// Of those that other checkouts name, too.
    pub shared_bytes: u64,
    /// Of those that no other checkout names.
    pub exclusive_bytes: u64,
}

/// Names of other blobs that are stepped over before the index is asked for the place of a blob: a
/// step costs a tenth of that.
const STEPS_MAX: usize = 16;

impl Index {
    /// Calls `visit` with each blob that has a row, by name, and with a question that tells whether a
    /// checkout names it.
    pub fn each_row(
        &self,
        mut visit: impl FnMut(BlobRef, BlobRow, &mut dyn FnMut() -> bool),
    ) -> Result<(), IndexError> {
        let options = || {
            let mut options = ReadOptions::default();
            options.set_readahead_size(256 << 10);
            options
        };
        let mut rows = self.db.raw_iterator_cf_opt(columns::blobs(&self.db), options());
        let mut names = self.db.raw_iterator_cf_opt(columns::names(&self.db), options());
        rows.seek_to_first();
        names.seek_to_first();
        while let Some((key, row)) = rows.item() {
            if let (Some(blob), Some(row)) = (keys::read_blob(key), BlobRow::decode(row)) {
                visit(blob, row, &mut || is_named(&mut names, key));
            }
            rows.next();
        }
        rows.status().and_then(|()| names.status()).map_err(|e| self.failed(e))
    }

    /// The checkouts that name a blob, by path.
    pub fn checkouts_with(&self, blob: &BlobRef) -> Result<Vec<CheckoutPath>, IndexError> {
        let prefix = keys::blob(blob);
        let column = columns::names(&self.db);
        let mut found = Vec::new();
        for row in self.db.iterator_cf(column, IteratorMode::From(&prefix, Direction::Forward)) {
            let (key, _) = row.map_err(|e| self.failed(e))?;
            let Some(path) = key.strip_prefix(&prefix) else { break };
            found.extend(std::str::from_utf8(path).ok().and_then(|path| path.parse().ok()));
        }
        Ok(found)
    }

    /// Writes the row of a checkout and that it names these blobs, in one write.
    pub fn put_checkout<'a>(
        &self,
        checkout: &CheckoutPath,
        row: &CheckoutRow,
        blobs: impl IntoIterator<Item = &'a BlobRef>,
    ) -> Result<(), IndexError> {
        let names = columns::names(&self.db);
        let mut batch = WriteBatch::default();
        for blob in blobs {
            batch.put_cf(names, keys::name(blob, checkout), b"");
        }
        batch.put_cf(columns::checkouts(&self.db), keys::checkout(checkout), row.encode());
        self.db.write(batch).map_err(|e| self.failed(e))
    }

    /// Forgets a checkout that was erased, and that it named these blobs.
    pub fn forget_checkout<'a>(
        &self,
        checkout: &CheckoutPath,
        blobs: impl IntoIterator<Item = &'a BlobRef>,
    ) -> Result<(), IndexError> {
        let mut batch = WriteBatch::default();
        batch.delete_cf(columns::checkouts(&self.db), keys::checkout(checkout));
        let names = columns::names(&self.db);
        for blob in blobs {
            batch.delete_cf(names, keys::name(blob, checkout));
        }
        self.db.write(batch).map_err(|e| self.failed(e))
    }

    /// Forgets the row of a checkout that was erased, and notes that its names have to go, too.
    pub fn begin_forgetting(&self, checkout: &CheckoutPath) -> Result<(), IndexError> {
        let mut batch = WriteBatch::default();
        batch.delete_cf(columns::checkouts(&self.db), keys::checkout(checkout));
        batch.put(keys::half_forgotten(checkout), b"");
        self.db.write(batch).map_err(|e| self.failed(e))
    }

    /// Forgets the names of such a checkout.
    pub fn end_forgetting<'a>(
        &self,
        checkout: &CheckoutPath,
        blobs: impl IntoIterator<Item = &'a BlobRef>,
    ) -> Result<(), IndexError> {
        let mut batch = WriteBatch::default();
        batch.delete(keys::half_forgotten(checkout));
        let names = columns::names(&self.db);
        for blob in blobs {
            batch.delete_cf(names, keys::name(blob, checkout));
        }
        self.db.write(batch).map_err(|e| self.failed(e))
    }

    /// Checkouts whose forgetting began and did not end.
    pub fn half_forgotten(&self) -> Result<BTreeSet<CheckoutPath>, IndexError> {
        let mut found = BTreeSet::new();
        let from = IteratorMode::From(keys::HALF_FORGOTTEN, Direction::Forward);
        for row in self.db.iterator(from) {
            let (key, _) = row.map_err(|e| self.failed(e))?;
            let Some(path) = key.strip_prefix(keys::HALF_FORGOTTEN) else { break };
            found.extend(std::str::from_utf8(path).ok().and_then(|path| path.parse().ok()));
        }
        Ok(found)
    }

    /// Forgets checkouts of which nobody knows any more which blobs they named: reads all names.
    pub fn forget_checkouts(&self, checkouts: &BTreeSet<CheckoutPath>) -> Result<(), IndexError> {
        let mut batch = WriteBatch::default();
        for checkout in checkouts {
            batch.delete_cf(columns::checkouts(&self.db), keys::checkout(checkout));
            batch.delete(keys::half_forgotten(checkout));
        }
        let paths: BTreeSet<&[u8]> = checkouts.iter().map(keys::checkout).collect();
        let column = columns::names(&self.db);
        for row in self.db.iterator_cf(column, IteratorMode::Start) {
            let (key, _) = row.map_err(|e| self.failed(e))?;
            if keys::read_name(&key).is_some_and(|path| paths.contains(path)) {
                batch.delete_cf(column, &key);
            }
        }
        self.db.write(batch).map_err(|e| self.failed(e))
    }

    /// How many blobs each checkout names.
    pub fn names_by_checkout(&self) -> Result<HashMap<CheckoutPath, u64>, IndexError> {
        let mut counts = HashMap::new();
        for row in self.db.iterator_cf(columns::names(&self.db), IteratorMode::Start) {
            let (key, _) = row.map_err(|e| self.failed(e))?;
            let path = keys::read_name(&key).and_then(|path| std::str::from_utf8(path).ok());
            if let Some(path) = path.and_then(|path| path.parse().ok()) {
                *counts.entry(path).or_default() += 1;
            }
        }
        Ok(counts)
    }

    /// What a checkout shares with others; `blobs` are those that it names, sorted, each once.
    pub fn sharing(
        &self,
        checkout: &CheckoutPath,
        blobs: &[BlobRef],
    ) -> Result<Sharing, IndexError> {
        let mut options = ReadOptions::default();
        // One walk through the column, in its order.
        options.set_readahead_size(256 << 10);
        let mut names = self.db.raw_iterator_cf_opt(columns::names(&self.db), options);
        let mut sharing = Sharing::default();
        for blob in blobs {
            let prefix = keys::blob(blob);
            names.seek(prefix);
            let mut is_shared = false;
            while let Some(path) = names.key().and_then(|key| key.strip_prefix(&prefix)) {
                if path != keys::checkout(checkout) {
                    is_shared = true;
                    break;
                }
                names.next();
            }
            if is_shared {
                sharing.shared_bytes += blob.size.bytes();
            } else {
                sharing.exclusive_bytes += blob.size.bytes();
            }
        }
        names.status().map_err(|e| self.failed(e))?;
        Ok(sharing)
    }
}

/// Says whether a name of the blob with this key comes next, behind those of smaller keys.
fn is_named(names: &mut DBRawIterator<'_>, blob: &[u8]) -> bool {
    for _ in 0..STEPS_MAX {
        match names.key() {
            Some(name) if name < blob => names.next(),
            Some(name) => return name.starts_with(blob),
            None => return false,
        }
    }
    names.seek(blob);
    names.key().is_some_and(|name| name.starts_with(blob))
}
