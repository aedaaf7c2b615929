//! Flamenco's shapes to the letter, with our extensions marked. Its words appear here and in the
//! server's `http/flamenco` only.

use serde::{Deserialize, Serialize};

use crate::{BlobRef, BlobSize, BlobStatus, Digest};

/// A file as clients name it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileSpec {
    /// SHA-256.
    pub sha: Digest,
    /// Bytes.
    pub size: BlobSize,
    /// Path in the checkout, as the client spells it; not checked here.
    pub path: String,
}

impl FileSpec {
    /// The blob that is named.
    pub fn blob(&self) -> BlobRef {
        BlobRef::new(self.sha, self.size)
    }
}

/// `POST /api/v3/shaman/checkout/requirements`: which of these must I send?
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RequirementsRequest {
    /// The files.
    pub files: Vec<FileSpec>,
}

/// One file of the answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RequiredFile {
    /// Path as it was sent.
    pub path: String,
    /// SHA-256.
    pub sha: Digest,
    /// Bytes.
    pub size: BlobSize,
    /// Never `stored` in this answer.
    pub status: FileStatus,
}

/// Answer to [`RequirementsRequest`]: what the server lacks, in request order, each blob once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RequirementsAnswer {
    /// The files to send.
    pub files: Vec<RequiredFile>,
}

/// Flamenco's word for a [`BlobStatus`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum FileStatus {
    /// Missing.
    Unknown,
    /// Staged.
    Uploading,
    /// Stored.
    Stored,
}

impl From<BlobStatus> for FileStatus {
    fn from(status: BlobStatus) -> Self {
        match status {
            BlobStatus::Missing => Self::Unknown,
            BlobStatus::Staged => Self::Uploading,
            BlobStatus::Stored => Self::Stored,
        }
    }
}

/// Answer to `GET /api/v3/shaman/files/{checksum}/{filesize}`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StatusAnswer {
    /// What the server has.
    pub status: FileStatus,
}

/// `POST /api/v3/shaman/checkout/create`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CreateRequest {
    /// The files.
    pub files: Vec<FileSpec>,
    /// Where the checkout should live.
    #[serde(rename = "checkoutPath")]
    pub checkout_path: String,
    /// Our extension, ignored by stock servers: which file is the one to render.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub blend: Option<String>,
}

/// Answer to [`CreateRequest`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CreateAnswer {
    /// Where it really lives, with a suffix when the wanted path was taken.
    #[serde(rename = "checkoutPath")]
    pub checkout_path: String,
}

/// Answer to `GET /api/v3/version`; stock clients insist on all four.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct VersionAnswer {
    /// Version for people.
    pub version: String,
    /// Version that the add-on compares with its own.
    pub shortversion: String,
    /// Name of the server.
    pub name: String,
    /// Source revision.
    pub git: String,
}

/// Answer to `GET /api/v3/configuration/shared-storage/{audience}/{platform}`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SharedStorageAnswer {
    /// Absolute path of the checkout root as that audience and platform see it.
    pub location: String,
    /// `users` or `workers`.
    pub audience: String,
    /// `linux`, `darwin` or `windows`.
    pub platform: String,
    /// Whether checkouts are made by this protocol.
    #[serde(rename = "shamanEnabled")]
    pub shaman_enabled: bool,
}

/// Answer to `GET /api/v3/configuration`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ConfigurationAnswer {
    /// Absolute path of the checkout root as the server sees it.
    pub storage_location: String,
    /// Whether checkouts are made by this protocol.
    pub shaman_enabled: bool,
    /// Whether nobody has configured the server yet.
    pub is_first_run: bool,
}

/// `POST /api/v3/configuration/check/shared-storage`: can this be the shared storage?
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CheckPathRequest {
    /// A directory as the server sees it.
    pub path: String,
}

/// Answer to [`CheckPathRequest`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CheckPathAnswer {
    /// As it was asked.
    pub path: String,
    /// Whether it can.
    pub is_usable: bool,
    /// Why not; empty when it can.
    pub cause: String,
}
