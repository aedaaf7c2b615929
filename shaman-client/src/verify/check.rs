//! One file against its line in the manifest.

use std::io;
use std::path::Path;
use std::time::{Duration, UNIX_EPOCH};

use shaman_proto::ManifestEntry;

use super::Depth;
use crate::hash::{Clock, Fingerprint, HashCache, HashError, Hasher};
use crate::progress::Progress;

/// A file that is too short and was written so recently is taken for one that is still coming.
const RECENT: Duration = Duration::from_mins(1);

/// What is wrong with a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Problem {
    /// It is not there.
    Missing,
    /// It is being written: too short, and touched a moment ago.
    Arriving {
        /// Bytes that are there.
        bytes: u64,
    },
    /// It is there with another size.
    WrongSize {
        /// Bytes that are there.
        bytes: u64,
    },
    /// Its size is right, its content is not.
    WrongBytes,
    /// A directory, a device or the like.
    NotAFile,
    /// It is there and cannot be read; a sentence says why.
    Unreadable(String),
}

impl Problem {
    /// The problem in one word, as JSON has it.
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Missing => "missing",
            Self::Arriving { .. } => "arriving",
            Self::WrongSize { .. } => "wrong-size",
            Self::WrongBytes => "wrong-bytes",
            Self::NotAFile => "not-a-file",
            Self::Unreadable(_) => "unreadable",
        }
    }
}

/// What a look at a file found.
#[derive(Debug, Clone)]
pub(super) struct Checked {
    /// `None` when all is well.
    pub(super) problem: Option<Problem>,
    /// Set when the bytes were compared, and a later change is sure to show in it.
    compared: Option<Fingerprint>,
}

/// Looks at one file; reads it only if it has changed since `known`.
pub(super) fn check(
    dir: &Path,
    entry: &ManifestEntry,
    depth: Depth,
    clock: Clock,
    known: Option<&Checked>,
    progress: &dyn Progress,
) -> Checked {
    let path = dir.join(entry.path.as_str());
    let found = |problem| Checked { problem, compared: None };
    let metadata = match std::fs::metadata(&path) {
        Ok(metadata) if metadata.is_file() => metadata,
        Ok(_) => return found(Some(Problem::NotAFile)),
        Err(error) => return found(Some(unreadable(&path, &error))),
    };
    let (bytes, size) = (metadata.len(), entry.size.bytes());
    let fingerprint = Fingerprint::of(&metadata);
    if bytes != size {
        let is_coming = bytes < size && is_recent(fingerprint, clock);
        let arriving = Problem::Arriving { bytes };
        let wrong = if is_coming { arriving } else { Problem::WrongSize { bytes } };
        return found(Some(wrong));
    }
    if depth == Depth::Sizes {
        return found(None);
    }
    if let Some(known) = known.filter(|known| known.compared == Some(fingerprint)) {
        return known.clone();
    }
    let began = clock();
    let cache = HashCache::none();
    let hashed = match (Hasher { cache: &cache, clock, progress }).anew(&path) {
        Ok(hashed) => hashed,
        Err(HashError::Vanished(_)) => return found(Some(Problem::Missing)),
        Err(HashError::Busy(_)) => return found(Some(Problem::Arriving { bytes })),
        Err(HashError::NotAFile(_)) => return found(Some(Problem::NotAFile)),
        Err(HashError::Unreadable { source, .. }) => {
            return found(Some(unreadable(&path, &source)));
        }
    };
    let problem = (hashed.blob != entry.blob()).then_some(Problem::WrongBytes);
    let is_settled = hashed.fingerprint.settled(began);
    Checked { problem, compared: is_settled.then_some(hashed.fingerprint) }
}

/// What an error of the file system means for whoever waits for the file.
fn unreadable(path: &Path, error: &io::Error) -> Problem {
    match error.kind() {
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => match coming_elsewhere(path) {
            Some(bytes) => Problem::Arriving { bytes },
            None => Problem::Missing,
        },
        _ => Problem::Unreadable(error.to_string()),
    }
}

/// Bytes of the file under the name that Syncthing gives it while it comes.
fn coming_elsewhere(path: &Path) -> Option<u64> {
    let name = path.file_name()?.to_str()?;
    let names = [format!(".syncthing.{name}.tmp"), format!("~syncthing~{name}.tmp")];
    names.iter().find_map(|name| Some(path.with_file_name(name).metadata().ok()?.len()))
}

/// Says whether the file was touched within the last minute, whatever the time that it shows.
fn is_recent(fingerprint: Fingerprint, clock: Clock) -> bool {
    let now = clock().duration_since(UNIX_EPOCH).map_or(0, |time| time.as_nanos());
    let now = i64::try_from(now).unwrap_or(i64::MAX);
    // Clients put old times back; the time of the last change tells in spite of them.
    let newest = fingerprint.modified_ns.max(fingerprint.changed_ns);
    u128::from(newest.abs_diff(now)) < RECENT.as_nanos()
}

#[cfg(test)]
mod tests {
    use std::time::SystemTime;

    use super::*;

    #[test]
    #[expect(clippy::disallowed_methods, reason = "a test makes a file and needs the time it has")]
    fn a_file_that_was_cut_short_an_hour_ago_is_not_arriving() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("a"), "ab").unwrap();
        let entry = ManifestEntry {
            path: "a".parse().unwrap(),
            size: shaman_proto::BlobSize::new(5).unwrap(),
            sha256: "0".repeat(64).parse().unwrap(),
        };
        let found = |clock| {
            check(dir.path(), &entry, Depth::Bytes, clock, None, &crate::progress::Silence).problem
        };
        assert_eq!(found(SystemTime::now), Some(Problem::Arriving { bytes: 2 }));
        let an_hour_later = || SystemTime::now() + Duration::from_hours(1);
        assert_eq!(found(an_hour_later), Some(Problem::WrongSize { bytes: 2 }));
    }
}
