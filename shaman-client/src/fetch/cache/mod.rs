//! Blobs that were fetched, kept for the next time.
//!
//! ```text
//!  CACHE/blobs-v1/
//!  ├── stored/ab/<64 hex>-<size>    verified, read-only; its time says when it was last used
//!  ├── coming/<64 hex>-<size>       not whole yet; locked by who fetches it, kept for the next one
//!  ├── leases/<16 hex>              what a running fetch needs; locked while it runs
//!  └── lock                         shared by who takes a lease, held by who evicts
//! ```
//!
//! Promise: a name under `stored/` exists only if its bytes are complete and hashed to it; what was
//! written to since is read again before it is used, see `mark`. What a running fetch needs is
//! never evicted, whichever process evicts. The whole directory may be deleted while no fetch runs.
#![expect(clippy::disallowed_methods, reason = "this layer owns the cache of blobs")]

mod coming;
mod evict;
mod lease;
mod mark;

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use shaman_proto::BlobRef;

pub(crate) use coming::{Coming, Committed};
pub use lease::Lease;

use crate::hash::{Clock, HashCache, Hasher};
use crate::progress::Silence;
use crate::stop::Stop;

/// Name of the directory in the cache; the number is that of its format.
const DIR: &str = "blobs-v1";

/// Where the cache could not be used, and why.
#[derive(Debug, thiserror::Error)]
#[error("cannot {action} the cache of blobs in `{}`; name another directory with --cache, or make room", dir.display())]
pub struct BlobCacheError {
    action: &'static str,
    dir: PathBuf,
    source: io::Error,
}

impl BlobCacheError {
    /// What the system says.
    pub fn reason(&self) -> &io::Error {
        &self.source
    }
}

/// Blobs that were fetched before. Many threads and processes may use one directory.
#[derive(Debug, Clone)]
pub struct BlobCache {
    dir: PathBuf,
    clock: Clock,
}

impl BlobCache {
    /// Opens the cache in a directory, and makes it if it is not there.
    pub fn open(dir: &Path, clock: Clock) -> Result<Self, BlobCacheError> {
        let cache = Self { dir: dir.join(DIR), clock };
        for below in ["stored", "coming", "leases"] {
            fs::create_dir_all(cache.dir.join(below))
                .map_err(|source| cache.failed("make", source))?;
        }
        Ok(cache)
    }

    /// Keeps these blobs from being evicted, by whatever process, until the lease is dropped. Those
    /// that are not there yet are kept once they are. Waits while somebody evicts.
    pub fn lease(&self, blobs: &[BlobRef]) -> Result<Lease, BlobCacheError> {
        let lock = self.lock()?;
        let taken = lock.lock_shared().and_then(|()| Lease::take(&self.dir.join("leases"), blobs));
        taken.map_err(|source| self.failed("lock", source))
    }

    /// Removes what was not used for longest until the rest takes no more than `limit` bytes; gives
    /// the bytes that went. What is leased stays. Waits while somebody takes a lease.
    pub fn evict(&self, limit: u64) -> Result<u64, BlobCacheError> {
        let lock = self.lock()?;
        // Leases are read while nobody can take one, and blobs are listed after that: what a lease
        // names is spared, and who takes one later looks for its blobs later.
        let evicted = lock.lock().and_then(|()| {
            let held = lease::held(&self.dir.join("leases"))?;
            evict::evict(&["stored", "coming"].map(|below| self.dir.join(below)), limit, &held)
        });
        evicted.map_err(|source| self.failed("clear", source))
    }

    /// Where a blob is, if it is there and what its name says. It is read again if somebody may
    /// have written to it, and goes if it is damaged. A lease should be held.
    pub fn find(&self, blob: &BlobRef) -> Option<PathBuf> {
        let path = self.stored(blob);
        let metadata = fs::metadata(&path).ok()?;
        let (now, is_right) = ((self.clock)(), metadata.len() == blob.size.bytes());
        if is_right && mark::is_set(&metadata, blob) {
            if !mark::is_fresh(&metadata, now) {
                self.note_use(&path, blob);
            }
            return Some(path);
        }
        let hasher = Hasher { cache: &HashCache::none(), clock: self.clock, progress: &Silence };
        if is_right && hasher.anew(&path).is_ok_and(|hashed| hashed.blob == *blob) {
            self.note_use(&path, blob);
            return Some(path);
        }
        // Who cannot remove it cannot put the right one there either, and says so then.
        drop(fs::remove_file(&path));
        None
    }

    /// Begins to fetch a blob, or goes on with it. `None`: somebody else is doing so.
    pub(super) fn coming(
        &self,
        blob: &BlobRef,
        stop: &Stop,
    ) -> Result<Option<Coming>, BlobCacheError> {
        let path = self.dir.join("coming").join(blob.to_string());
        Coming::open(path, *blob, stop).map_err(|source| self.failed("write to", source))
    }

    /// Gives a blob that is all here its name, if its bytes are what the name says.
    pub(super) fn commit(
        &self,
        coming: Coming,
        blob: &BlobRef,
    ) -> Result<Committed, BlobCacheError> {
        let committed = coming.commit(&self.stored(blob), (self.clock)());
        committed.map_err(|source| self.failed("write to", source))
    }

    /// What could not be done.
    pub(super) fn failed(&self, action: &'static str, source: io::Error) -> BlobCacheError {
        BlobCacheError { action, dir: self.dir.clone(), source }
    }

    fn stored(&self, blob: &BlobRef) -> PathBuf {
        let name = blob.to_string();
        let (first, _) = name.split_at(2);
        self.dir.join("stored").join(first).join(&name)
    }

    /// Without it the blob goes a little earlier, or is read again; nothing else.
    fn note_use(&self, path: &Path, blob: &BlobRef) {
        drop(File::open(path).and_then(|file| mark::set(&file, blob, (self.clock)())));
    }

    fn lock(&self) -> Result<File, BlobCacheError> {
        let options = &mut File::options();
        let opened = options.write(true).create(true).truncate(false).open(self.dir.join("lock"));
        opened.map_err(|source| self.failed("lock", source))
    }
}

#[cfg(test)]
mod tests;
