//! What somebody sees who watches a server: what runs, and how the store grew.

use serde::{Deserialize, Serialize};

use super::native::Weight;
use crate::{BlobSize, Digest};

/// Answer to `GET /v1/uploads`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct UploadsAnswer {
    /// The largest first, at most 100.
    pub uploads: Vec<RunningUpload>,
    /// How many there are.
    pub all: u64,
}

/// A blob that is being received.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RunningUpload {
    /// Its digest.
    pub sha256: Digest,
    /// Its size in bytes.
    pub size: BlobSize,
    /// Bytes that came so far; of several senders all bytes.
    pub received_bytes: u64,
    /// How many send it.
    pub senders: u64,
}

/// Answer to `GET /v1/history`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct HistoryAnswer {
    /// By time: one in five minutes for two days, before that one an hour for 90 days.
    pub points: Vec<HistoryPoint>,
}

/// What was in the store at one moment.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct HistoryPoint {
    /// When, RFC 3339 in UTC.
    pub at: String,
    /// Blobs and their bytes.
    pub blobs: Weight,
    /// Number of checkouts.
    pub checkouts: u64,
    /// Bytes of their files, as copies would take.
    pub logical_bytes: u64,
    /// Free bytes on the storage.
    pub free_bytes: u64,
}

/// Answer to `GET /v1/servers`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ServersAnswer {
    /// Servers that run on this storage, the oldest first.
    pub servers: Vec<ServerOnStorage>,
}

/// A server that runs on the storage.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ServerOnStorage {
    /// Its id, another one after each start.
    pub id: String,
    /// When it began, RFC 3339 in UTC, if that is known.
    pub began: Option<String>,
    /// Whether it is the one that answers.
    pub is_this: bool,
}
