//! Two manifests → what changed from one to the other.

use std::cmp::Ordering;

use shaman_proto::{FilePath, Manifest, ManifestEntry};

/// What changed between two manifests, by path.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Diff {
    /// Only in the second.
    pub added: Vec<ManifestEntry>,
    /// Only in the first.
    pub removed: Vec<ManifestEntry>,
    /// In both, with other bytes: the first, then the second.
    pub changed: Vec<(ManifestEntry, ManifestEntry)>,
    /// Number of files that are the same in both.
    pub same: u64,
}

/// Compares two manifests in one walk; both are sorted.
pub fn diff(one: &Manifest, other: &Manifest) -> Diff {
    let mut diff = Diff::default();
    let (mut left, mut right) = (one.files.iter().peekable(), other.files.iter().peekable());
    loop {
        let order = match (left.peek(), right.peek()) {
            (None, None) => return diff,
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            (Some(left), Some(right)) => path(left).cmp(path(right)),
        };
        match order {
            Ordering::Less => diff.removed.extend(left.next().cloned()),
            Ordering::Greater => diff.added.extend(right.next().cloned()),
            Ordering::Equal => {
                let Some(pair) = left.next().zip(right.next()) else { continue };
                if pair.0.blob() == pair.1.blob() {
                    diff.same += 1;
                } else {
                    diff.changed.push((pair.0.clone(), pair.1.clone()));
                }
            }
        }
    }
}

fn path(entry: &ManifestEntry) -> &FilePath {
    &entry.path
}
