//! What differs between two checkouts, by their manifests alone: no file is read.
//!
//! ```text
//!  a: x  y  z          removed  x      in a only
//!  b:    y' z  w       changed  y      in both, with other bytes
//!                      same     z      in both, with the same bytes
//!                      added    w      in b only
//! ```
//!
//! A file that was moved is one that was removed and one that was added; `new_blobs` shows that
//! none of its bytes are new.

use std::collections::{BTreeMap, BTreeSet};

use shaman_proto::{BlobRef, FilePath, Manifest, ManifestEntry};

/// A file that is in both and not the same.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Changed {
    /// Its place.
    pub path: FilePath,
    /// What it was.
    pub before: BlobRef,
    /// What it is.
    pub after: BlobRef,
}

/// Files and their bytes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Amount {
    /// How many.
    pub files: u64,
    /// Their bytes, as copies would take.
    pub bytes: u64,
}

impl Amount {
    fn of(blobs: impl IntoIterator<Item = BlobRef>) -> Self {
        blobs.into_iter().fold(Self::default(), |sum, blob| Self {
            files: sum.files + 1,
            bytes: sum.bytes.saturating_add(blob.size.bytes()),
        })
    }
}

/// What differs; each list by path.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Difference {
    /// In the second one only.
    pub added: Vec<ManifestEntry>,
    /// In the first one only.
    pub removed: Vec<ManifestEntry>,
    /// In both, with other bytes.
    pub changed: Vec<Changed>,
    /// In both, with the same bytes.
    pub same: Amount,
    /// Blobs that only the second one has, each once: what it takes besides the first.
    pub new_blobs: Amount,
}

impl Difference {
    /// Says whether both consist of the same files.
    pub fn is_none(&self) -> bool {
        self.added.is_empty() && self.removed.is_empty() && self.changed.is_empty()
    }

    /// What was added.
    pub fn added_amount(&self) -> Amount {
        Amount::of(self.added.iter().map(ManifestEntry::blob))
    }

    /// What was removed.
    pub fn removed_amount(&self) -> Amount {
        Amount::of(self.removed.iter().map(ManifestEntry::blob))
    }

    /// What changed, as it is in the second one.
    pub fn changed_amount(&self) -> Amount {
        Amount::of(self.changed.iter().map(|changed| changed.after))
    }
}

/// Compares two manifests, in whatever order their files stand.
pub fn diff(before: &Manifest, after: &Manifest) -> Difference {
    let mut left: BTreeMap<&FilePath, &ManifestEntry> =
        before.files.iter().map(|entry| (&entry.path, entry)).collect();
    let right: BTreeMap<&FilePath, &ManifestEntry> =
        after.files.iter().map(|entry| (&entry.path, entry)).collect();
    let known: BTreeSet<BlobRef> = before.files.iter().map(ManifestEntry::blob).collect();
    let new: BTreeSet<BlobRef> =
        after.files.iter().map(ManifestEntry::blob).filter(|blob| !known.contains(blob)).collect();
    let mut found = Difference { new_blobs: Amount::of(new), ..Difference::default() };
    for (path, entry) in right {
        match left.remove(path) {
            None => found.added.push(entry.clone()),
            Some(old) if old.blob() == entry.blob() => {
                found.same.files += 1;
                found.same.bytes = found.same.bytes.saturating_add(entry.size.bytes());
            }
            Some(old) => found.changed.push(Changed {
                path: path.clone(),
                before: old.blob(),
                after: entry.blob(),
            }),
        }
    }
    found.removed = left.into_values().cloned().collect();
    found
}

#[cfg(test)]
mod tests {
    use shaman_proto::BlobSize;

    use super::*;

    fn manifest(files: &[(&str, u8)]) -> Manifest {
        let entry = |(path, digit): &(&str, u8)| ManifestEntry {
            path: path.parse().unwrap(),
            size: BlobSize::new(u64::from(*digit)).unwrap(),
            sha256: shaman_proto::Digest::from_bytes([*digit; 32]),
        };
        Manifest {
            format: 1,
            checkout: "job".parse().unwrap(),
            blend: None,
            created: String::new(),
            server: String::new(),
            owner: None,
            warnings: Vec::new(),
            files: files.iter().map(entry).collect(),
        }
    }

    #[test]
    fn every_file_is_added_removed_changed_or_the_same() {
        let before = manifest(&[("x", 1), ("y", 2), ("z", 3)]);
        let after = manifest(&[("w", 5), ("z", 3), ("y", 4)]);
        let found = diff(&before, &after);
        let paths = |entries: &[ManifestEntry]| -> Vec<String> {
            entries.iter().map(|entry| entry.path.to_string()).collect()
        };
        assert_eq!(
            (paths(&found.added), paths(&found.removed)),
            (vec!["w".into()], vec!["x".into()])
        );
        assert_eq!(found.changed.len(), 1);
        assert_eq!(found.changed_amount(), Amount { files: 1, bytes: 4 });
        assert_eq!(found.same, Amount { files: 1, bytes: 3 });
        assert_eq!(found.new_blobs, Amount { files: 2, bytes: 9 });
        assert!(diff(&before, &before).is_none() && !found.is_none());
    }

    #[test]
    fn a_file_that_was_moved_brings_no_new_bytes() {
        let found = diff(&manifest(&[("old/a", 7)]), &manifest(&[("new/a", 7), ("new/b", 7)]));
        assert_eq!((found.added.len(), found.removed.len()), (2, 1));
        assert_eq!(found.new_blobs, Amount::default());
    }
}
