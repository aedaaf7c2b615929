//! Which checkouts name a blob.

use std::collections::BTreeSet;

use rocksdb::{Direction, IteratorMode, ReadOptions, WriteBatch};
use shaman_proto::{BlobRef, CheckoutPath};

use super::{Index, IndexError, columns, keys};

/// Bytes of a checkout's blobs, each counted once.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Sharing {
    /// Of those that other checkouts name, too.
    pub shared_bytes: u64,
    /// Of those that no other checkout names.
    pub exclusive_bytes: u64,
}

impl Index {
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

    /// Forgets checkouts of which nobody knows any more which blobs they named: reads all names.
    pub fn forget_checkouts(&self, checkouts: &BTreeSet<CheckoutPath>) -> Result<(), IndexError> {
        let mut batch = WriteBatch::default();
        for checkout in checkouts {
            batch.delete_cf(columns::checkouts(&self.db), keys::checkout(checkout));
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
