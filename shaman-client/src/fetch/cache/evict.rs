//! Which blobs go when there are too many.

use std::collections::HashSet;
use std::fs::{self, Metadata};
use std::io;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use shaman_proto::{BlobRef, BlobSize, Digest};

/// A file of the cache that could go.
struct Candidate {
    used: SystemTime,
    path: PathBuf,
    bytes: u64,
}

/// Removes what was not used for longest until the rest takes no more than `limit`. Gives the bytes
/// that went.
///
/// What is held stays. So does what has other names in directories: to remove it would free
/// nothing, and it takes no room that those do not take anyway, so it does not count either.
pub(super) fn evict(dirs: &[PathBuf], limit: u64, held: &HashSet<BlobRef>) -> io::Result<u64> {
    let (mut all, mut candidates) = (0_u64, Vec::new());
    for dir in dirs {
        walk(dir, &mut |path, metadata| {
            if names(&metadata) > 1 {
                return;
            }
            let bytes = metadata.len();
            all = all.saturating_add(bytes);
            if !blob_of(&path).is_some_and(|blob| held.contains(&blob)) {
                let used = metadata.modified().unwrap_or(UNIX_EPOCH);
                candidates.push(Candidate { used, path, bytes });
            }
        })?;
    }
    candidates.sort_by_key(|candidate| candidate.used);
    let mut gone = 0;
    for Candidate { path, bytes, .. } in candidates {
        if all - gone <= limit {
            break;
        }
        fs::remove_file(&path)?;
        gone += bytes;
    }
    Ok(gone)
}

/// Looks at all files at any depth.
fn walk(dir: &Path, look: &mut impl FnMut(PathBuf, Metadata)) -> io::Result<()> {
    for entry in fs::read_dir(dir)? {
        let entry = entry?;
        // What another process renamed or removed meanwhile is not there to be counted.
        let Ok(metadata) = entry.metadata() else { continue };
        if metadata.is_dir() {
            walk(&entry.path(), look)?;
        } else {
            look(entry.path(), metadata);
        }
    }
    Ok(())
}

/// The blob that a file of this name is, or is to be.
fn blob_of(path: &Path) -> Option<BlobRef> {
    let (digest, size) = path.file_name()?.to_str()?.split_once('-')?;
    let digest: Digest = digest.parse().ok()?;
    let size: BlobSize = size.parse().ok()?;
    Some(BlobRef::new(digest, size))
}

#[cfg(unix)]
fn names(metadata: &Metadata) -> u64 {
    std::os::unix::fs::MetadataExt::nlink(metadata)
}

#[cfg(not(unix))]
fn names(_metadata: &Metadata) -> u64 {
    1
}
