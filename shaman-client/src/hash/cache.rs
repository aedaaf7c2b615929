//! `HashCache`: what we hashed before, and why we may believe it.
//!
//! One file, loaded whole and replaced whole. Promise: an entry is only believed while path, size,
//! mtime, ctime and inode are what they were, and is only written when a later change of the file
//! was sure to show in them. Losing the file, or entries of it, costs time and nothing else.
#![expect(clippy::disallowed_methods, reason = "this layer puts the client's cache in place")]

use std::fs::{self, File};
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use shaman_proto::{BlobRef, BlobSize};

use super::codec::{self, Entries, Entry};
use super::{Fingerprint, Hashed};

/// Name of the file in its directory; the number is that of its format.
const FILE: &str = "hashes-v1.bin";

/// What the names of files begin with that will become [`FILE`].
const TEMPORARY: &str = "hashes-v1.tmp-";

/// Most bytes in the file: entries of some 300,000 files, loaded in a tenth of a second. What was
/// not used for longest is dropped first.
const BYTES_MAX: usize = 64 << 20;

/// An entry that nobody used for so many days is dropped.
const UNUSED_DAYS_MAX: u32 = 60;

/// The day of last use is only written anew when it lies so many days back, so that a submission
/// that finds all its files in the cache writes nothing.
const USED_DAYS_COARSE: u32 = 7;

/// A temporary file of this age was left by a client that was stopped while it wrote.
const ABANDONED: Duration = Duration::from_hours(1);

const SECONDS_A_DAY: u64 = 86_400;

/// Where the cache could not be written, and why.
#[derive(Debug, thiserror::Error)]
#[error("cannot write the cache of hashes in `{}`; files will be hashed again next time", dir.display())]
pub struct CacheError {
    dir: PathBuf,
    source: io::Error,
}

/// What was hashed before.
///
/// Many threads may ask and tell at the same time, and many processes may have the same file.
#[derive(Debug)]
pub struct HashCache {
    dir: Option<PathBuf>,
    today: u32,
    known: Entries,
    /// What this process adds.
    fresh: Mutex<Entries>,
}

impl HashCache {
    /// A cache that remembers nothing after the process ends.
    pub fn none() -> Self {
        Self { dir: None, today: 0, known: Entries::new(), fresh: Mutex::default() }
    }

    /// Loads the cache of a directory. What is not there, or not ours, or damaged, is empty.
    pub fn open(dir: &Path, now: SystemTime) -> Self {
        let known = load(&dir.join(FILE)).unwrap_or_default();
        let today = now.duration_since(UNIX_EPOCH).map_or(0, |time| time.as_secs() / SECONDS_A_DAY);
        let today = u32::try_from(today).unwrap_or(u32::MAX);
        Self { dir: Some(dir.to_owned()), today, known, fresh: Mutex::default() }
    }

    /// The name of the file's content, if the file is still what it was when we read it.
    pub fn find(&self, path: &Path, fingerprint: Fingerprint) -> Option<BlobRef> {
        let key = path.as_os_str().as_encoded_bytes();
        let entry = *self.known.get(key).filter(|entry| entry.fingerprint == fingerprint)?;
        if entry.used_day.abs_diff(self.today) >= USED_DAYS_COARSE {
            self.add(path, Entry { used_day: self.today, ..entry });
        }
        Some(BlobRef::new(entry.digest, BlobSize::new(fingerprint.size).ok()?))
    }

    /// What the file is if it is still what it was when we read it; one look at the disk.
    pub fn known(&self, path: &Path) -> Option<Hashed> {
        self.known_by(path, &fs::metadata(path).ok()?)
    }

    /// The same for who has looked.
    pub(super) fn known_by(&self, path: &Path, metadata: &fs::Metadata) -> Option<Hashed> {
        let fingerprint = Fingerprint::of(metadata);
        Some(Hashed { blob: self.find(path, fingerprint)?, fingerprint })
    }

    /// Remembers what was read, unless the file was written so recently that another write could
    /// go unnoticed. `began` is when the reading began.
    pub fn learn(&self, path: &Path, hashed: &Hashed, began: SystemTime) {
        if hashed.fingerprint.settled(began) {
            self.keep(path, hashed);
        }
    }

    /// Remembers what is in a file that nobody writes to once it has its name, however young it is.
    pub fn keep(&self, path: &Path, hashed: &Hashed) {
        let (fingerprint, digest) = (hashed.fingerprint, hashed.blob.digest);
        self.add(path, Entry { fingerprint, digest, used_day: self.today });
    }

    fn add(&self, path: &Path, entry: Entry) {
        let mut fresh = self.fresh.lock().unwrap_or_else(PoisonError::into_inner);
        fresh.insert(path.as_os_str().as_encoded_bytes().into(), entry);
    }

    /// Writes what was learnt, together with what other clients wrote meanwhile.
    ///
    /// Readers see the old file or the new one. Of two clients that save in the same moment, one
    /// may lose what it learnt. When this fails the old file is as it was.
    pub fn save(&self, now: SystemTime) -> Result<(), CacheError> {
        let Some(dir) = &self.dir else { return Ok(()) };
        let fresh = self.fresh.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if fresh.is_empty() {
            return Ok(());
        }
        let mut entries = load(&dir.join(FILE)).unwrap_or_default();
        entries.extend(fresh);
        prune(&mut entries, self.today, BYTES_MAX);
        replace(dir, &codec::encode(&entries), now)
            .map_err(|source| CacheError { dir: dir.clone(), source })
    }
}

fn load(path: &Path) -> Option<Entries> {
    let mut bytes = Vec::new();
    // Twice the most that we write: a file beyond that is not ours.
    File::open(path).ok()?.take(2 * BYTES_MAX as u64).read_to_end(&mut bytes).ok()?;
    codec::decode(&bytes)
}

/// Drops what was not used for long, then the least used until the rest fits.
fn prune(entries: &mut Entries, today: u32, bytes_max: usize) {
    entries.retain(|_, entry| entry.used_day.abs_diff(today) <= UNUSED_DAYS_MAX);
    let bytes = entries.keys().map(|path| codec::entry_bytes(path)).sum::<usize>();
    let Some(mut over) = bytes.checked_sub(bytes_max).filter(|over| *over > 0) else { return };
    let mut by_use: Vec<_> =
        entries.iter().map(|(path, entry)| (entry.used_day, path.clone())).collect();
    by_use.sort_unstable();
    for (_, path) in by_use {
        if over == 0 {
            break;
        }
        over = over.saturating_sub(codec::entry_bytes(&path));
        entries.remove(&path);
    }
}

/// Puts the bytes in place under a name of their own, then gives them the right one.
fn replace(dir: &Path, bytes: &[u8], now: SystemTime) -> io::Result<()> {
    fs::create_dir_all(dir)?;
    remove_abandoned(dir, now);
    let temporary = dir.join(format!("{TEMPORARY}{:016x}", fastrand::u64(..)));
    let written = File::create_new(&temporary)
        .and_then(|mut file| file.write_all(bytes))
        .and_then(|()| fs::rename(&temporary, dir.join(FILE)));
    if written.is_err() {
        // What cannot be removed now is removed an hour later by somebody else.
        drop(fs::remove_file(&temporary));
    }
    written
}

/// Removes what clients left that were stopped while they wrote. No harm if that fails.
fn remove_abandoned(dir: &Path, now: SystemTime) {
    let Ok(files) = fs::read_dir(dir) else { return };
    for file in files.flatten() {
        if !file.file_name().as_encoded_bytes().starts_with(TEMPORARY.as_bytes()) {
            continue;
        }
        let modified = file.metadata().and_then(|metadata| metadata.modified());
        let age = modified.ok().and_then(|modified| now.duration_since(modified).ok());
        if age.is_some_and(|age| age > ABANDONED) {
            drop(fs::remove_file(file.path()));
        }
    }
}

#[cfg(test)]
mod tests {
    use shaman_proto::Digest;

    use super::*;

    const DAY: Duration = Duration::from_secs(SECONDS_A_DAY);

    fn day(number: u32) -> SystemTime {
        UNIX_EPOCH + number * DAY
    }

    fn hashed(digit: u8) -> Hashed {
        let fingerprint = Fingerprint { size: 7, modified_ns: 1, changed_ns: 2, inode: 3 };
        let digest = Digest::from_bytes([digit; 32]);
        Hashed { blob: BlobRef::new(digest, BlobSize::new(7).unwrap()), fingerprint }
    }

    fn learn(dir: &Path, path: &str, now: SystemTime) {
        let cache = HashCache::open(dir, now);
        cache.learn(Path::new(path), &hashed(9), now);
        cache.save(now).unwrap();
    }

    #[test]
    fn what_was_learnt_is_found_by_the_next_client() {
        let dir = tempfile::tempdir().unwrap();
        learn(dir.path(), "/a", day(100));
        let cache = HashCache::open(dir.path(), day(101));
        let known = hashed(9);
        assert_eq!(cache.find(Path::new("/a"), known.fingerprint), Some(known.blob));
        assert_eq!(cache.find(Path::new("/b"), known.fingerprint), None);
        let other = Fingerprint { changed_ns: 9, ..known.fingerprint };
        assert_eq!(cache.find(Path::new("/a"), other), None);
    }

    #[test]
    fn clients_add_to_what_others_wrote_meanwhile() {
        let dir = tempfile::tempdir().unwrap();
        let early = HashCache::open(dir.path(), day(100));
        learn(dir.path(), "/late", day(100));
        early.learn(Path::new("/early"), &hashed(9), day(100));
        early.save(day(100)).unwrap();
        let cache = HashCache::open(dir.path(), day(100));
        for path in ["/early", "/late"] {
            assert!(cache.find(Path::new(path), hashed(9).fingerprint).is_some(), "{path}");
        }
    }

    #[test]
    fn entries_that_nobody_uses_go_and_used_ones_stay() {
        let dir = tempfile::tempdir().unwrap();
        learn(dir.path(), "/unused", day(100));
        learn(dir.path(), "/used", day(100));
        let cache = HashCache::open(dir.path(), day(130));
        assert!(cache.find(Path::new("/used"), hashed(9).fingerprint).is_some());
        cache.save(day(130)).unwrap();
        learn(dir.path(), "/new", day(161));
        let cache = HashCache::open(dir.path(), day(161));
        assert_eq!(cache.known.len(), 2, "{:?}", cache.known);
        assert!(cache.find(Path::new("/used"), hashed(9).fingerprint).is_some());
    }

    #[test]
    fn a_submission_that_learns_nothing_writes_nothing() {
        let dir = tempfile::tempdir().unwrap();
        learn(dir.path(), "/a", day(100));
        let before = fs::metadata(dir.path().join(FILE)).unwrap();
        let cache = HashCache::open(dir.path(), day(103));
        assert!(cache.find(Path::new("/a"), hashed(9).fingerprint).is_some());
        cache.save(day(103)).unwrap();
        let after = fs::metadata(dir.path().join(FILE)).unwrap();
        assert_eq!(Fingerprint::of(&before), Fingerprint::of(&after));
    }

    #[test]
    fn the_least_used_goes_when_the_file_grows_too_large() {
        let entry = |used_day| {
            let Hashed { fingerprint, blob } = hashed(1);
            Entry { fingerprint, digest: blob.digest, used_day }
        };
        let mut entries: Entries =
            (0_u8..10).map(|n| (Box::from([n]), entry(100 + u32::from(n)))).collect();
        prune(&mut entries, 110, 3 * codec::entry_bytes(&[0]));
        let mut left: Vec<u8> = entries.keys().map(|path| path[0]).collect();
        left.sort_unstable();
        assert_eq!(left, [7, 8, 9]);
    }

    #[test]
    fn a_damaged_cache_is_a_fresh_start() {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join(FILE), "somebody else's file").unwrap();
        learn(dir.path(), "/a", day(100));
        let cache = HashCache::open(dir.path(), day(100));
        assert!(cache.find(Path::new("/a"), hashed(9).fingerprint).is_some());
    }

    #[test]
    fn what_stopped_clients_left_is_removed_after_an_hour() {
        let dir = tempfile::tempdir().unwrap();
        let left = dir.path().join("hashes-v1.tmp-0123");
        fs::write(&left, "half").unwrap();
        let now = fs::metadata(&left).unwrap().modified().unwrap();
        learn(dir.path(), "/a", now + ABANDONED / 2);
        assert!(left.exists(), "its writer may still be at it");
        learn(dir.path(), "/b", now + ABANDONED * 2);
        assert!(!left.exists());
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_cache_that_cannot_be_written_says_where() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("file");
        fs::write(&file, "").unwrap();
        let cache = HashCache::open(&file.join("below"), day(100));
        cache.learn(Path::new("/a"), &hashed(1), day(100));
        assert!(cache.save(day(100)).unwrap_err().to_string().contains("file/below"));
    }
}
