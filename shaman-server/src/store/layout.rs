//! Every path of the storage; nobody else joins paths.

use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};
use shaman_proto::{BlobRef, CheckoutPath, Digest};

/// Ending of a blob's file.
pub(super) const BLOB_ENDING: &str = ".blob";
/// Ending of a file that is being received.
pub(super) const STAGED_ENDING: &str = ".tmp";
/// Ending of a file whose sender may come back.
pub(super) const PART_ENDING: &str = ".part";
/// Ending of a server's lock file in `staging/`.
pub(super) const LOCK_ENDING: &str = ".lock";

/// Name of the directory around blobs and all that goes with them.
pub(super) const FILE_STORE: &str = "file-store";

/// Name of the directory of blobs in that.
pub(super) const STORED: &str = "stored";

/// Name of the checkout root.
pub(super) const JOBS: &str = "jobs";

#[derive(Debug, Clone)]
pub(super) struct Layout {
    root: PathBuf,
}

impl Layout {
    pub(super) fn new(root: &Path) -> Self {
        Self { root: root.to_owned() }
    }

    pub(super) fn file_store(&self) -> PathBuf {
        self.root.join(FILE_STORE)
    }

    pub(super) fn stored(&self) -> PathBuf {
        self.file_store().join(STORED)
    }

    pub(super) fn uploading(&self) -> PathBuf {
        self.file_store().join("uploading")
    }

    pub(super) fn manifests(&self) -> PathBuf {
        self.file_store().join("manifests")
    }

    pub(super) fn staging(&self) -> PathBuf {
        self.file_store().join("staging")
    }

    pub(super) fn trash(&self) -> PathBuf {
        self.file_store().join("trash")
    }

    pub(super) fn quarantine(&self) -> PathBuf {
        self.file_store().join("quarantine")
    }

    pub(super) fn pins(&self) -> PathBuf {
        self.file_store().join("pins")
    }

    pub(super) fn format(&self) -> PathBuf {
        self.file_store().join("FORMAT")
    }

    pub(super) fn jobs(&self) -> PathBuf {
        self.root.join(JOBS)
    }

    /// All directories that a storage has from the start.
    pub(super) fn directories(&self) -> [PathBuf; 8] {
        [
            self.stored(),
            self.uploading(),
            self.manifests(),
            self.staging(),
            self.pins(),
            self.trash(),
            self.quarantine(),
            self.jobs(),
        ]
    }

    pub(super) fn blob(&self, blob: &BlobRef) -> PathBuf {
        self.stored().join(blob_below_stored(blob))
    }

    /// The directory for files that are being received for this digest.
    pub(super) fn uploading_dir(&self, blob: &BlobRef) -> PathBuf {
        self.uploading().join(shard(&blob.digest))
    }

    pub(super) fn manifest(&self, checkout: &CheckoutPath) -> PathBuf {
        self.manifests().join(manifest_name(checkout))
    }

    pub(super) fn pin(&self, checkout: &CheckoutPath) -> PathBuf {
        self.pins().join(manifest_name(checkout))
    }
}

/// A file name for a checkout's manifest and its pin, whatever its path is made of.
pub(super) fn manifest_name(checkout: &CheckoutPath) -> String {
    let hash = Sha256::digest(checkout.as_str().as_bytes());
    format!("{}.json", Digest::from_bytes(hash.into()))
}

/// `ab/<62 hex>/<size>.blob`, relative to `stored/`.
pub(super) fn blob_below_stored(blob: &BlobRef) -> String {
    format!("{}/{}{BLOB_ENDING}", shard(&blob.digest), blob.size)
}

/// `ab/<62 hex>`
fn shard(digest: &Digest) -> String {
    let hex = digest.to_string();
    let (first, rest) = hex.split_at(2);
    format!("{first}/{rest}")
}

/// Reads a path below `stored/` back into a name; `None` for anything that is no blob.
pub(super) fn parse_blob(first: &str, rest: &str, file: &str) -> Option<BlobRef> {
    let digest = format!("{first}{rest}").parse().ok()?;
    let size = file.strip_suffix(BLOB_ENDING)?.parse().ok()?;
    let blob = BlobRef::new(digest, size);
    (blob_below_stored(&blob) == format!("{first}/{rest}/{file}")).then_some(blob)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_blob_has_one_path_and_only_that_reads_back() {
        let blob = BlobRef::new("ab".repeat(32).parse().unwrap(), "12".parse().unwrap());
        let rest = "ab".repeat(31);
        assert_eq!(blob_below_stored(&blob), format!("ab/{rest}/12.blob"));
        assert_eq!(parse_blob("ab", &rest, "12.blob"), Some(blob));
        for (first, rest, file) in [
            ("AB", rest.as_str(), "12.blob"),
            ("ab", &rest, "012.blob"),
            ("ab", &rest, "12.tmp"),
            ("a", "b", "1.blob"),
        ] {
            assert_eq!(parse_blob(first, rest, file), None);
        }
    }
}
