//! One file to its blob ref, by reading it.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::Path;

use sha2::{Digest as _, Sha256};
use shaman_proto::{BlobRef, BlobSize, Digest};

use super::{Fingerprint, HashError, Hashed};

/// Bytes read at a time: enough that system calls do not count, little enough for a cache.
const PIECE_BYTES: usize = 256 << 10;

/// How often a file that is written meanwhile is read again before we give up on it.
const READINGS_MAX: u32 = 5;

/// Reads the file and names it. `piece` hears of the bytes as they are read, and hears negative
/// when they are read again.
///
/// Fails for a file that is written each time it is read.
pub(super) fn read(path: &Path, piece: &dyn Fn(i64)) -> Result<Hashed, HashError> {
    let failed = |source| HashError::reading(path, source);
    for _ in 0..READINGS_MAX {
        let mut file = File::open(path).map_err(failed)?;
        let before = file.metadata().map_err(failed)?;
        if !before.is_file() {
            return Err(HashError::NotAFile(path.to_owned()));
        }
        let before = Fingerprint::of(&before);
        let (digest, bytes) = digest(&mut file, piece).map_err(failed)?;
        let after = Fingerprint::of(&file.metadata().map_err(failed)?);
        if after == before && bytes == before.size {
            let size = BlobSize::new(bytes).map_err(|_| HashError::NotAFile(path.to_owned()))?;
            return Ok(Hashed { blob: BlobRef::new(digest, size), fingerprint: before });
        }
        piece(-i64::try_from(bytes).unwrap_or(i64::MAX));
    }
    Err(HashError::Busy(path.to_owned()))
}

fn digest(file: &mut File, piece: &dyn Fn(i64)) -> io::Result<(Digest, u64)> {
    let mut hasher = Sha256::new();
    let mut buffer = vec![0; PIECE_BYTES];
    let mut bytes = 0;
    loop {
        let read = match file.read(&mut buffer) {
            Ok(0) => break,
            Ok(read) => read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        hasher.update(&buffer[..read]);
        bytes += read as u64;
        piece(i64::try_from(read).unwrap_or(i64::MAX));
    }
    Ok((Digest::from_bytes(hasher.finalize().into()), bytes))
}
