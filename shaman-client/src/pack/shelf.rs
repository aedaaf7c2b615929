//! Where rewritten .blend files are kept: in the client's cache, or for one run.
//!
//! ```text
//! CACHE/rewritten-v1/3f/3f2c….blend     name: digest of the source, the rules, and all changes
//! ```
//!
//! Promise: what has a name is complete. Losing any of it costs time and nothing else.
#![expect(clippy::disallowed_methods, reason = "this layer puts rewritten files in place")]

use std::fs::{self, File};
use std::io::{self, BufWriter, Write as _};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

/// Name of the directory; the number is that of the rules. Whoever changes what is written for the
/// same source and the same changes counts it up.
const DIR: &str = "rewritten-v1";

/// Most bytes kept: 8 GiB. What was not used for longest goes first.
const BYTES_MAX: u64 = 8 << 30;

/// What was used so lately may be in use by another client.
const IN_USE: Duration = Duration::from_hours(6);

/// That it was used is noted again after this time: a sixth of the one above.
const NOTED: Duration = Duration::from_hours(1);

/// A directory with rewritten files.
#[derive(Debug)]
pub struct Shelf {
    dir: PathBuf,
    lifetime: Lifetime,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Lifetime {
    Kept,
    OneRun,
}

impl Shelf {
    /// The one in the cache directory; without any, one that goes away with this value.
    pub fn open(cache: Option<&Path>) -> Self {
        if let Some(cache) = cache {
            return Self { dir: cache.join(DIR), lifetime: Lifetime::Kept };
        }
        let name = format!("shaman-{DIR}-{:016x}", fastrand::u64(..));
        Self { dir: std::env::temp_dir().join(name), lifetime: Lifetime::OneRun }
    }

    /// Gives the directory.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// Gives the file of that name if it is there, and notes that it was used, unless that was noted
    /// lately.
    pub(super) fn find(&self, key: &str) -> Option<PathBuf> {
        let (_, path) = self.place(key);
        let file = File::open(&path).ok()?;
        let (now, used) = (SystemTime::now(), file.metadata().ok()?.modified());
        // Who knows what is in the file knows it by this time, too.
        if !used.is_ok_and(|used| now.duration_since(used).is_ok_and(|age| age < NOTED)) {
            // Not every file system keeps times, and nothing but the order depends on it.
            drop(file.set_modified(now));
        }
        Some(path)
    }

    /// The directory of a file, and the file.
    fn place(&self, key: &str) -> (PathBuf, PathBuf) {
        let dir = self.dir.join(key.get(..2).unwrap_or_default());
        let path = dir.join(format!("{key}.blend"));
        (dir, path)
    }

    /// Gives the file of that name, which `write` fills if it is not there. When it fails there is
    /// no such file.
    pub(super) fn file<E: From<io::Error>>(
        &self,
        key: &str,
        write: impl FnOnce(&mut BufWriter<File>) -> Result<(), E>,
    ) -> Result<PathBuf, E> {
        if let Some(path) = self.find(key) {
            return Ok(path);
        }
        let (dir, path) = self.place(key);
        fs::create_dir_all(&dir)?;
        let half = dir.join(format!("{key}.tmp-{:016x}", fastrand::u64(..)));
        let written = File::create_new(&half).map_err(E::from).and_then(|file| {
            let mut out = BufWriter::with_capacity(256 << 10, file);
            write(&mut out)?;
            out.flush()?;
            drop(out);
            Ok(fs::rename(&half, &path)?)
        });
        if let Err(error) = written {
            // What cannot be removed now goes when the shelf is full.
            drop(fs::remove_file(&half));
            return Err(error);
        }
        Ok(path)
    }

    /// Makes room: the files used least lately go, until the rest fits.
    pub fn trim(&self, now: SystemTime) {
        self.trim_to(BYTES_MAX, now);
    }

    fn trim_to(&self, bytes_max: u64, now: SystemTime) {
        if self.lifetime == Lifetime::OneRun {
            return;
        }
        let mut files = Vec::new();
        for dir in fs::read_dir(&self.dir).into_iter().flatten().flatten() {
            for file in fs::read_dir(dir.path()).into_iter().flatten().flatten() {
                let Ok(metadata) = file.metadata() else { continue };
                let used = metadata.modified().unwrap_or(SystemTime::UNIX_EPOCH);
                files.push((used, metadata.len(), file.path()));
            }
        }
        files.sort();
        let mut bytes: u64 = files.iter().map(|(_, len, _)| len).sum();
        for (used, len, path) in files {
            let is_in_use = now.duration_since(used).is_ok_and(|age| age < IN_USE);
            if bytes <= bytes_max || is_in_use {
                break;
            }
            if fs::remove_file(path).is_ok() {
                bytes -= len;
            }
        }
    }
}

impl Drop for Shelf {
    fn drop(&mut self) {
        if self.lifetime == Lifetime::OneRun {
            // It may never have been made.
            drop(fs::remove_dir_all(&self.dir));
        }
    }
}
