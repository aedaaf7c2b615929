//! What a running fetch needs, written down where others see it.
//!
//! ```text
//!  leases/x1y2z3    digest(32) size(8, big-endian)   one a blob; locked while the fetch runs
//! ```
//!
//! The lock goes with its process, however that ends; a lease that nobody locks holds nothing.

use std::collections::HashSet;
use std::fs::{self, File, TryLockError};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use shaman_proto::BlobRef;
use shaman_proto::wire::blobs::{decode_list, encode_list};

/// Held for as long as this lives.
#[derive(Debug)]
pub struct Lease {
    path: PathBuf,
    /// Locked.
    _file: File,
}

impl Lease {
    /// Writes it down. The caller keeps evictions away meanwhile.
    pub(super) fn take(dir: &Path, blobs: &[BlobRef]) -> io::Result<Self> {
        let path = dir.join(format!("{:016x}", fastrand::u64(..)));
        let mut file = File::create_new(&path)?;
        file.lock()?;
        file.write_all(&encode_list(blobs))?;
        Ok(Self { path, _file: file })
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        // Whoever evicts next removes what is left.
        drop(fs::remove_file(&self.path));
    }
}

/// All blobs that running fetches need. Removes leases of those that are gone.
pub(super) fn held(dir: &Path) -> io::Result<HashSet<BlobRef>> {
    let mut held = HashSet::new();
    for entry in fs::read_dir(dir)? {
        let path = entry?.path();
        // One that ended meanwhile holds nothing.
        let Ok(file) = File::open(&path) else { continue };
        match file.try_lock() {
            Ok(()) => drop(fs::remove_file(&path)),
            Err(TryLockError::WouldBlock) => {
                let Ok(bytes) = fs::read(&path) else { continue };
                // Nobody else writes there; what is torn all the same holds nothing.
                held.extend(decode_list(&bytes).unwrap_or_default());
            }
            Err(TryLockError::Error(error)) => return Err(error),
        }
    }
    Ok(held)
}
