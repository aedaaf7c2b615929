//! `Fingerprint`: the stat fields that say "unchanged".

use std::fs::Metadata;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Time stamps may be as coarse as this: two seconds on FAT, and as much again is nothing to lose.
const COARSEST: Duration = Duration::from_secs(2);

/// What the file system says about a file's content without anybody reading it.
///
/// Two equal fingerprints of one path mean the same content, unless the file was written again
/// within the tick of the file system's clock: see [`Fingerprint::settled`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Fingerprint {
    /// Bytes.
    pub size: u64,
    /// When the content was last written, in nanoseconds since 1970. Programs can set it.
    pub modified_ns: i64,
    /// When content or inode last changed, in nanoseconds since 1970. Programs cannot set it, so
    /// it notices an edit that put the old mtime back. 0 where there is no such thing.
    pub changed_ns: i64,
    /// Number of the file in its file system; 0 where it is not known.
    pub inode: u64,
}

impl Fingerprint {
    /// The fingerprint of the file whose metadata these are.
    pub fn of(metadata: &Metadata) -> Self {
        let modified = metadata.modified().map_or(0, nanoseconds);
        let (changed_ns, inode) = system::changed_and_inode(metadata);
        Self { size: metadata.len(), modified_ns: modified, changed_ns, inode }
    }

    /// Says whether a later write is sure to give another fingerprint.
    ///
    /// A file written at the moment of hashing can be written again within the same tick of the
    /// clock, and nobody could tell. So its time stamps must lie further from `now` than clocks
    /// are coarse. A stamp far in the future is fine: the next write replaces it.
    pub fn settled(&self, now: SystemTime) -> bool {
        let now = nanoseconds(now);
        let coarsest = i64::try_from(COARSEST.as_nanos()).unwrap_or(i64::MAX);
        [self.modified_ns, self.changed_ns]
            .into_iter()
            .all(|stamp| stamp.abs_diff(now) > coarsest.unsigned_abs())
    }
}

/// Nanoseconds since 1970; 1677 and 2262 are the ends of the world.
fn nanoseconds(time: SystemTime) -> i64 {
    match time.duration_since(UNIX_EPOCH) {
        Ok(after) => i64::try_from(after.as_nanos()).unwrap_or(i64::MAX),
        Err(before) => i64::try_from(before.duration().as_nanos()).map_or(i64::MIN, |ns| -ns),
    }
}

#[cfg(unix)]
mod system {
    use std::fs::Metadata;
    use std::os::unix::fs::MetadataExt as _;

    pub(super) fn changed_and_inode(metadata: &Metadata) -> (i64, u64) {
        let seconds = metadata.ctime().saturating_mul(1_000_000_000);
        (seconds.saturating_add(metadata.ctime_nsec()), metadata.ino())
    }
}

#[cfg(not(unix))]
mod system {
    use std::fs::Metadata;

    pub(super) fn changed_and_inode(_metadata: &Metadata) -> (i64, u64) {
        (0, 0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stamped(modified_ns: i64, changed_ns: i64) -> Fingerprint {
        Fingerprint { size: 1, modified_ns, changed_ns, inode: 1 }
    }

    #[test]
    fn a_file_written_just_now_is_not_settled() {
        let now = UNIX_EPOCH + Duration::from_secs(1_000);
        let second = 1_000_000_000;
        assert!(!stamped(999 * second, 0).settled(now));
        assert!(!stamped(998 * second, 0).settled(now), "the margin itself is still too near");
        assert!(!stamped(1_001 * second, 0).settled(now), "a clock may be ahead");
        assert!(!stamped(0, 999 * second).settled(now), "an old mtime may have been put back");
        assert!(stamped(997 * second, 997 * second).settled(now));
        assert!(stamped(9_999 * second, 997 * second).settled(now), "dated in the future");
    }

    #[test]
    fn the_ends_of_time_do_not_overflow() {
        let now = UNIX_EPOCH + Duration::from_secs(1_000);
        assert!(stamped(i64::MIN, i64::MAX).settled(now));
        assert_eq!(nanoseconds(UNIX_EPOCH - Duration::from_nanos(5)), -5);
    }
}
