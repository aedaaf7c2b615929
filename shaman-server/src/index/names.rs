//! Which checkouts name a blob.

use std::collections::HashSet;

use rocksdb::{Direction, IteratorMode, ReadOptions, WriteBatch};
use shaman_proto::{BlobRef, CheckoutPath};

use super::{Index, IndexError, columns, keys};

/// In the key of a name, the path of the checkout begins here.
const BLOB_KEY_BYTES: usize = 40;

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

    /// Forgets checkouts that are gone, and all that they named.
    pub fn forget_checkouts(&self, gone: &[CheckoutPath]) -> Result<(), IndexError> {
        if gone.is_empty() {
            return Ok(());
        }
        let gone: HashSet<&[u8]> = gone.iter().map(keys::checkout).collect();
        let (checkouts, names) = (columns::checkouts(&self.db), columns::names(&self.db));
        let mut batch = WriteBatch::default();
        for path in &gone {
            batch.delete_cf(checkouts, path);
        }
        for row in self.db.iterator_cf(names, IteratorMode::Start) {
            let (key, _) = row.map_err(|e| self.failed(e))?;
            if key.get(BLOB_KEY_BYTES..).is_some_and(|path| gone.contains(path)) {
                batch.delete_cf(names, key);
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
