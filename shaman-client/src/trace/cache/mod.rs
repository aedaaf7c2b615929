//! What each .blend said when it was read last, so that it need not be read again.
//!
//! One file a .blend, in a directory of its own. Its name is the SHA-256 of all that the sheet
//! depends on: the path, what the file system says of the file (size, mtime, ctime, inode), and the
//! program itself, whose rules may be others tomorrow. So an entry is right or it has another name.
//! An entry is only written when a later change of the .blend is sure to show in its time stamps.
//! Losing entries, or all of them, costs time and nothing else.
#![expect(clippy::disallowed_methods, reason = "this layer puts its own cache in place")]

mod codec;

use std::fs::{self, File};
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, SystemTime};

use sha2::{Digest as _, Sha256};
use shaman_proto::Digest;

use super::sheet::Sheet;
use crate::hash::Fingerprint;

/// Name of the directory; the number is that of the format.
const DIRECTORY: &str = "traces-v2";

/// Most bytes in the directory: 256 MiB. A project of 41 heavy .blend files takes 3.
const BYTES_MAX: u64 = 256 << 20;

/// Most bytes of one entry; larger ones are read anew.
const ENTRY_BYTES_MAX: u64 = 64 << 20;

/// Most entries; what was not used for longest goes first.
const ENTRIES_MAX: usize = 20_000;

/// How old the note of the last use may be, so that most uses write nothing.
const USED_COARSE: Duration = Duration::from_hours(24);

/// What the .blend files of earlier traces said.
///
/// Many threads, and many processes, may use the same directory.
#[derive(Debug)]
pub struct TraceCache {
    dir: PathBuf,
    clock: fn() -> SystemTime,
    /// What this program is; another one may have other rules.
    program: Vec<u8>,
    has_grown: AtomicBool,
}

/// What a sheet depends on, and when that was seen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Key {
    name: String,
    fingerprint: Fingerprint,
    seen: SystemTime,
}

impl TraceCache {
    /// A cache below this directory, which need not be there. `None` if it cannot be known which
    /// program this is.
    pub fn open(dir: &Path, clock: fn() -> SystemTime) -> Option<Self> {
        let program = std::env::current_exe().ok()?;
        let fingerprint = Fingerprint::of(&fs::metadata(&program).ok()?);
        let mut identity = stamps(&fingerprint);
        identity.extend(program.as_os_str().as_encoded_bytes());
        let dir = dir.join(DIRECTORY);
        Some(Self { dir, clock, program: identity, has_grown: AtomicBool::new(false) })
    }

    /// Gives what the sheet of a file depends on: which it is, and how its path is spelled.
    pub(super) fn key(&self, path: &Path, asked: &Path) -> Option<Key> {
        let seen = (self.clock)();
        let fingerprint = Fingerprint::of(&fs::metadata(path).ok()?);
        let mut hash = Sha256::new();
        for part in [
            self.program.as_slice(),
            &stamps(&fingerprint),
            path.as_os_str().as_encoded_bytes(),
            asked.as_os_str().as_encoded_bytes(),
        ] {
            hash.update((part.len() as u64).to_le_bytes());
            hash.update(part);
        }
        let name = Digest::from_bytes(hash.finalize().into()).to_string();
        Some(Key { name, fingerprint, seen })
    }

    /// Gives the sheet that was kept under this key. What is damaged is not there.
    pub(super) fn find(&self, key: &Key) -> Option<Sheet> {
        let file = File::open(self.dir.join(&key.name)).ok()?;
        let mut bytes = Vec::new();
        (&file).take(ENTRY_BYTES_MAX + 1).read_to_end(&mut bytes).ok()?;
        let (sum, content) = bytes.split_first_chunk::<32>()?;
        if Sha256::digest(content).as_slice() != sum {
            return None;
        }
        let sheet = codec::decode(content)?;
        let used = file.metadata().and_then(|meta| meta.modified()).ok();
        if used.is_none_or(|used| key.seen.duration_since(used).is_ok_and(|age| age > USED_COARSE))
        {
            self.note_use(key);
        }
        Some(sheet)
    }

    /// Keeps a sheet that was made of the file while it was what `key` says, unless the file was
    /// written so recently that another write could go unnoticed. What fails is not kept.
    pub(super) fn keep(&self, key: &Key, path: &Path, asked: &Path, sheet: &Sheet) {
        // What could not be read may be readable next time.
        let is_whole = !sheet.is_vague && sheet.warnings.is_empty();
        let is_same = || self.key(path, asked).is_some_and(|now| now.name == key.name);
        if is_whole
            && key.fingerprint.settled(key.seen)
            && let Some(content) = codec::encode(sheet)
            && content.len() as u64 + 32 <= ENTRY_BYTES_MAX
            && is_same()
        {
            let kept = self.put(&key.name, &content);
            self.has_grown.fetch_or(kept.is_ok(), Ordering::Relaxed);
        }
    }

    fn put(&self, name: &str, content: &[u8]) -> io::Result<()> {
        fs::create_dir_all(&self.dir)?;
        let temporary = self.dir.join(format!("{name}.tmp-{:016x}", fastrand::u64(..)));
        let mut file = File::create_new(&temporary)?;
        let written = file
            .write_all(&Sha256::digest(content))
            .and_then(|()| file.write_all(content))
            .and_then(|()| fs::rename(&temporary, self.dir.join(name)));
        if written.is_err() {
            // Nothing is lost: the next clean-up takes what is left of it.
            fs::remove_file(&temporary).ok();
        }
        written
    }

    fn note_use(&self, key: &Key) {
        let file = File::options().append(true).open(self.dir.join(&key.name));
        // Not noting it only makes the entry go sooner.
        file.and_then(|file| file.set_modified(key.seen)).ok();
    }

    /// Takes away what was not used for longest, if something was added and there is too much.
    pub(super) fn tidy(&self) {
        if self.has_grown.swap(false, Ordering::Relaxed) {
            tidy(&self.dir, ENTRIES_MAX, BYTES_MAX);
        }
    }
}

fn stamps(fingerprint: &Fingerprint) -> Vec<u8> {
    let Fingerprint { size, modified_ns, changed_ns, inode } = fingerprint;
    [size.to_le_bytes(), modified_ns.to_le_bytes(), changed_ns.to_le_bytes(), inode.to_le_bytes()]
        .concat()
}

fn tidy(dir: &Path, entries_max: usize, bytes_max: u64) {
    let Ok(entries) = fs::read_dir(dir) else { return };
    let entry = |entry: fs::DirEntry| {
        let meta = entry.metadata().ok()?;
        Some((meta.modified().ok()?, meta.len(), entry.path()))
    };
    let mut entries: Vec<_> = entries.flatten().filter_map(entry).collect();
    entries.sort_unstable();
    let mut bytes: u64 = entries.iter().map(|(_, len, _)| len).sum();
    let mut count = entries.len();
    if count <= entries_max && bytes <= bytes_max {
        return;
    }
    // Down to three quarters, so that not every trace has to do it.
    for (_, len, path) in entries {
        if count <= entries_max / 4 * 3 && bytes <= bytes_max / 4 * 3 {
            break;
        }
        // Another process may have taken it already.
        fs::remove_file(path).ok();
        (count, bytes) = (count - 1, bytes - len);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A day after everything that a test writes.
    fn tomorrow() -> SystemTime {
        SystemTime::now() + USED_COARSE * 2
    }

    #[test]
    fn what_was_kept_is_found_until_the_file_changes() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.blend");
        fs::write(&path, "one").unwrap();
        let cache = TraceCache::open(&dir.path().join("cache"), tomorrow).unwrap();
        let key = cache.key(&path, &path).unwrap();
        assert_eq!(cache.find(&key), None);
        cache.keep(&key, &path, &path, &Sheet::default());
        assert_eq!(cache.find(&key), Some(Sheet::default()));
        assert_ne!(cache.key(&path, Path::new("/A.blend")).unwrap().name, key.name);
        fs::write(&path, "two").unwrap();
        assert_eq!(cache.find(&cache.key(&path, &path).unwrap()), None);
    }

    #[test]
    fn what_was_just_written_or_is_damaged_is_not_kept() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.blend");
        fs::write(&path, "one").unwrap();
        let cache = TraceCache::open(dir.path(), SystemTime::now).unwrap();
        let key = cache.key(&path, &path).unwrap();
        cache.keep(&key, &path, &path, &Sheet::default());
        assert_eq!(cache.find(&key), None);
        let cache = TraceCache::open(dir.path(), tomorrow).unwrap();
        let key = cache.key(&path, &path).unwrap();
        cache.keep(&key, &path, &path, &Sheet { is_vague: true, ..Sheet::default() });
        assert_eq!(cache.find(&key), None);
        fs::write(&path, "three").unwrap();
        // It changed while it was read.
        cache.keep(&key, &path, &path, &Sheet::default());
        assert_eq!(cache.find(&key), None);
    }

    #[test]
    fn a_bent_entry_is_not_believed() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.blend");
        fs::write(&path, "one").unwrap();
        let cache = TraceCache::open(dir.path(), tomorrow).unwrap();
        let key = cache.key(&path, &path).unwrap();
        cache.keep(&key, &path, &path, &Sheet::default());
        let entry = dir.path().join(DIRECTORY).join(&key.name);
        let whole = fs::read(&entry).unwrap();
        for at in 0..whole.len() {
            let mut bent = whole.clone();
            bent[at] ^= 1;
            fs::write(&entry, bent).unwrap();
            assert_eq!(cache.find(&key), None, "{at}");
        }
    }

    #[test]
    fn the_oldest_go_when_there_are_too_many() {
        let dir = tempfile::tempdir().unwrap();
        for number in 0..8_u64 {
            let file = File::create(dir.path().join(format!("{number}"))).unwrap();
            file.set_len(10).unwrap();
            file.set_modified(SystemTime::UNIX_EPOCH + Duration::from_secs(number)).unwrap();
        }
        let left = || {
            let names = fs::read_dir(dir.path()).unwrap().map(|it| it.unwrap().file_name());
            let mut names: Vec<_> = names.map(|name| name.into_string().unwrap()).collect();
            names.sort_unstable();
            names
        };
        tidy(dir.path(), 8, 80);
        assert_eq!(left().len(), 8);
        tidy(dir.path(), 4, 80);
        assert_eq!(left(), ["5", "6", "7"]);
        tidy(dir.path(), 4, 20);
        assert_eq!(left(), ["7"]);
    }
}
