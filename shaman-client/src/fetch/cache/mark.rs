//! The time of a blob in the cache: its seconds say when it was last used, what lies below a second
//! says that nobody has written to it since it was verified.
//!
//! Whoever writes to a file gets the time of the clock, whose fraction of a second is another one
//! than ours in all but one of ten million cases. Then the blob is read again before it is used.
//! On file systems that keep whole seconds only, each blob is read again each time.

use std::fs::{File, Metadata};
use std::io;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use shaman_proto::BlobRef;

/// Fractions that are told apart: steps of 100 ns are the coarsest that is common (NTFS).
const STEPS: u32 = 10_000_000;

/// Nanoseconds of one step.
const STEP_NS: u32 = 100;

/// A use is not written down again within this time.
const COARSE: Duration = Duration::from_mins(1);

/// Writes down that the blob is whole and used now.
pub(super) fn set(file: &File, blob: &BlobRef, now: SystemTime) -> io::Result<()> {
    let seconds = now.duration_since(UNIX_EPOCH).map_or(0, |time| time.as_secs());
    file.set_modified(UNIX_EPOCH + Duration::new(seconds, fraction(blob)))
}

/// Says whether nobody has written to the file since it was verified.
pub(super) fn is_set(metadata: &Metadata, blob: &BlobRef) -> bool {
    let since = metadata.modified().ok().and_then(|time| time.duration_since(UNIX_EPOCH).ok());
    since.is_some_and(|since| since.subsec_nanos() == fraction(blob))
}

/// Says whether the last use was written down a moment ago.
pub(super) fn is_fresh(metadata: &Metadata, now: SystemTime) -> bool {
    let modified = metadata.modified().unwrap_or(UNIX_EPOCH);
    now.duration_since(modified).is_ok_and(|age| age < COARSE)
}

/// A fraction of a second that is the blob's own, and never zero.
fn fraction(blob: &BlobRef) -> u32 {
    let [a, b, c, d, ..] = *blob.digest.as_bytes();
    (u32::from_be_bytes([a, b, c, d]) % (STEPS - 1) + 1) * STEP_NS
}

#[cfg(test)]
mod tests {
    use shaman_proto::{BlobSize, Digest};

    use super::*;

    #[test]
    #[expect(clippy::disallowed_methods, reason = "a test makes a file")]
    fn a_write_takes_the_mark_away() {
        let blob = BlobRef::new(Digest::from_bytes([9; 32]), BlobSize::new(3).unwrap());
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("blob");
        std::fs::write(&path, "abc").unwrap();
        let now = UNIX_EPOCH + Duration::from_millis(1_795_508_102_123);
        set(&File::open(&path).unwrap(), &blob, now).unwrap();
        let metadata = path.metadata().unwrap();
        assert!(is_set(&metadata, &blob) && is_fresh(&metadata, now + Duration::from_secs(9)));
        assert!(!is_fresh(&metadata, now + COARSE * 2));
        std::fs::write(&path, "abd").unwrap();
        assert!(!is_set(&path.metadata().unwrap(), &blob));
    }
}
