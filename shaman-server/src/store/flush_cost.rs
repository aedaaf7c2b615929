//! What a flush costs here: from how many files on is one of the whole file system cheaper?
//!
//! On a disk that does nothing else one flush of the whole file system costs less than those of four
//! small files, and a tenth of those of 1,000. But it also waits for what others have written
//! meanwhile, seconds if somebody is sending gigabytes, and on some network file systems it asks every
//! server. So both are tried, at each start, and what takes no time is flushed one by one.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use super::Store;
use super::disk::{DiskError, During as _};
use super::flush::flush_each;

/// Where it could not be tried.
pub(super) const USUAL: usize = 17;

/// Below this nobody waits for what others have written.
const MIN: usize = 4;

/// Nobody notices that a checkout took so long: cheaper would not be better.
const UNNOTICED: Duration = Duration::from_millis(10);

/// Above this the index of what to flush is longer than the flush.
const MAX: usize = 256;

/// Files in a try: as many as are flushed at once.
const FILES: usize = 4;

/// Bytes of each.
const BYTES: usize = 4_096;

impl Store {
    /// Tries both ways with a few files, in a directory that goes again: some milliseconds, on a
    /// slow disk some tens. Call it when nothing else is to be flushed.
    pub(super) fn flush_all_from(&self) -> Result<usize, DiskError> {
        let dir = self.layout.staging().join(self.unique());
        let tried = self.try_flushes(&dir);
        let removed = std::fs::remove_dir_all(&dir);
        let (each, all) = tried?;
        removed.during("remove", &dir)?;
        Ok(cheaper_from(each, all))
    }

    /// How long some files take, each by itself and with the whole file system.
    fn try_flushes(&self, dir: &Path) -> Result<(Duration, Duration), DiskError> {
        let files = written(&dir.join("each"))?;
        let start = Instant::now();
        flush_each(&files, dir)?;
        let each = start.elapsed();
        written(&dir.join("all"))?;
        let start = Instant::now();
        self.flush_all()?;
        Ok((each, start.elapsed()))
    }
}

/// As blobs lie: each in a directory of its own.
fn written(dir: &Path) -> Result<Vec<PathBuf>, DiskError> {
    let write = |number: usize| {
        let dir = dir.join(number.to_string());
        let file = dir.join("blob");
        std::fs::create_dir_all(&dir).during("make directory", &dir)?;
        std::fs::write(&file, [1; BYTES]).during("write", &file)?;
        Ok(file)
    };
    (0..FILES).map(write).collect()
}

/// The number of files that cost as much one by one as all at once, or as nobody notices.
fn cheaper_from(each: Duration, all: Duration) -> usize {
    let files = u128::try_from(FILES).unwrap_or(1) * all.max(UNNOTICED).as_nanos();
    let from = files.div_ceil(each.as_nanos().max(1));
    usize::try_from(from).unwrap_or(MAX).clamp(MIN, MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_dearer_a_flush_of_everything_the_more_files_are_flushed_one_by_one() {
        let from =
            |each, all| cheaper_from(Duration::from_millis(each), Duration::from_millis(all));
        assert_eq!(from(40, 20), MIN);
        assert_eq!(from(4, 20), 20);
        assert_eq!(from(4, 21), 21);
        assert_eq!(from(2, 1), 20, "10 ms");
        assert_eq!(from(1, 60_000), MAX);
        assert_eq!(from(0, 0), MAX);
    }
}
