//! Making checkouts, and comparing two.

use serde::{Deserialize, Serialize};

use super::blobs::BlobName;
use crate::{FilePath, ManifestEntry};

/// `POST /v1/checkouts`: make a checkout of these files. Either `files` or `manifest`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct CheckOutRequest {
    /// Where it should live below the checkout root; what cannot stand in a path is replaced.
    pub checkout: String,
    /// Which file is the one to render; as the manifest says unless said here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub blend: Option<FilePath>,
    /// The files.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub files: Option<Vec<ManifestEntry>>,
    /// A blob that was sent before and is a [`FileList`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub manifest: Option<BlobName>,
}

/// The files of a checkout, as a blob: JSON. Other fields are passed over, so the manifest of a
/// checkout is one, too.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct FileList {
    /// Which file is the one to render.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub blend: Option<FilePath>,
    /// The files.
    pub files: Vec<ManifestEntry>,
}

/// Answer to [`CheckOutRequest`], 201.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CheckOutAnswer {
    /// Where it really lives, with a suffix when the wanted path was taken.
    pub checkout: String,
    /// Files in it.
    pub files: u64,
    /// Their bytes, as a copy would take.
    pub bytes: u64,
    /// What somebody should know who reads it on another kind of machine.
    #[serde(default)]
    pub warnings: Vec<String>,
}

/// The answer 424 to [`CheckOutRequest`]; nothing was changed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct MissingFailure {
    /// 424.
    pub code: u16,
    /// One sentence: what was wrong and what to do.
    pub message: String,
    /// All blobs that are missing, each once, by digest; the manifest alone when that is.
    pub missing: Vec<BlobName>,
}

/// Answer to `GET /v1/checkouts/{a}/diff/{b}`: what changed from `a` to `b`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct DiffAnswer {
    /// The one.
    pub a: String,
    /// The other.
    pub b: String,
    /// Files that only `b` has, by path.
    pub added: Vec<ManifestEntry>,
    /// Files that only `a` has, by path.
    pub removed: Vec<ManifestEntry>,
    /// Files that both have, with other bytes, by path.
    pub changed: Vec<ChangedFile>,
    /// Number of files that are the same in both.
    pub same: u64,
}

/// One path, two blobs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ChangedFile {
    /// Where it lies in both.
    pub path: FilePath,
    /// What it is in `a`.
    pub a: BlobName,
    /// What it is in `b`.
    pub b: BlobName,
}
