//! `Manifest`: what a checkout consists of.

use serde::{Deserialize, Serialize};

use crate::limits::ENTRIES_MAX;
use crate::{BlobRef, BlobSize, CheckoutPath, Digest, FilePath};

/// Name of the manifest inside each checkout.
pub const MANIFEST_FILE: &str = ".shaman-manifest.json";

/// Number of the manifest's format; a reader refuses others.
pub const MANIFEST_FORMAT: u32 = 1;

/// One file of a checkout.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ManifestEntry {
    /// Where it lies in the checkout.
    pub path: FilePath,
    /// Its bytes' number.
    pub size: BlobSize,
    /// Its bytes' SHA-256.
    pub sha256: Digest,
}

impl ManifestEntry {
    /// The blob behind the file.
    pub fn blob(&self) -> BlobRef {
        BlobRef::new(self.sha256, self.size)
    }
}

/// What a checkout consists of: sorted, each path once, no path inside another.
///
/// This is the text of `.shaman-manifest.json`, and enough to tell, without any server, whether a
/// directory is the complete checkout.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Manifest {
    /// [`MANIFEST_FORMAT`].
    pub format: u32,
    /// Where the checkout lives below the checkout root.
    pub checkout: CheckoutPath,
    /// The .blend file to render, if the client said which.
    pub blend: Option<FilePath>,
    /// When it was made, RFC 3339 in UTC.
    pub created: String,
    /// Which server made it: program, version and the store's id.
    pub server: String,
    /// Who made it: the name of a token, or an address; left out where everybody may do everything.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<String>,
    /// What somebody should know who reads this checkout on another kind of machine.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<String>,
    /// The files.
    pub files: Vec<ManifestEntry>,
}

/// A list of files that cannot stand in one directory.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ManifestError {
    /// More than [`ENTRIES_MAX`].
    #[error(
        "the list has {0} files, more than the {ENTRIES_MAX} that one checkout may have; split the job"
    )]
    TooMany(usize),
    /// One path, two blobs.
    #[error("path `{0}` is in the list twice with different contents; send each path once")]
    Twice(FilePath),
    /// One path is a directory for the other.
    #[error("path `{0}` is in the list both as a file and as the directory of `{1}`; rename one")]
    Inside(FilePath, FilePath),
}

impl Manifest {
    /// Sorts entries and drops exact repetitions; refuses what cannot stand in one directory.
    pub fn arrange(mut files: Vec<ManifestEntry>) -> Result<Vec<ManifestEntry>, ManifestError> {
        if files.len() > ENTRIES_MAX {
            return Err(ManifestError::TooMany(files.len()));
        }
        files.sort_by(|a, b| a.path.cmp(&b.path));
        files.dedup();
        for pair in files.windows(2) {
            let [first, second] = pair else { continue };
            if first.path == second.path {
                return Err(ManifestError::Twice(first.path.clone()));
            }
            let inside = second.path.as_str().strip_prefix(first.path.as_str());
            if inside.is_some_and(|rest| rest.starts_with('/')) {
                return Err(ManifestError::Inside(first.path.clone(), second.path.clone()));
            }
        }
        Ok(files)
    }

    /// Bytes of all files together, as a person who copied them would count.
    pub fn bytes(&self) -> u64 {
        self.files.iter().map(|f| f.size.bytes()).fold(0, u64::saturating_add)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(path: &str, digit: &str) -> ManifestEntry {
        ManifestEntry {
            path: path.parse().unwrap(),
            size: BlobSize::new(1).unwrap(),
            sha256: digit.repeat(64).parse().unwrap(),
        }
    }

    #[test]
    fn exact_repetitions_are_dropped() {
        let files =
            Manifest::arrange(vec![entry("b", "1"), entry("a", "1"), entry("b", "1")]).unwrap();
        assert_eq!(files.iter().map(|f| f.path.as_str()).collect::<Vec<_>>(), ["a", "b"]);
    }

    #[test]
    fn one_path_cannot_hold_two_blobs() {
        let error = Manifest::arrange(vec![entry("a", "1"), entry("a", "2")]).unwrap_err();
        assert_eq!(error, ManifestError::Twice("a".parse().unwrap()));
    }

    #[test]
    fn a_file_cannot_be_a_directory_too() {
        // `a-b` sorts between `a` and `a/b` by bytes; it must not hide the clash.
        let error = Manifest::arrange(vec![entry("a/b", "1"), entry("a-b", "1"), entry("a", "1")])
            .unwrap_err();
        assert!(matches!(error, ManifestError::Inside(..)));
    }
}
