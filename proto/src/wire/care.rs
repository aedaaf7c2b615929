//! How the store is: status, scrubbing, damage, what a checkout costs.

use serde::{Deserialize, Serialize};

use super::native::{SweepAnswer, Weight};
use crate::{BlobSize, Digest, Manifest};

/// `POST /v1/scrub`: read every blob again, from the beginning; answered at once.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct ScrubRequest {
    /// How fast (`20MB/s`); as configured unless said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rate: Option<String>,
}

/// Answer to [`ScrubRequest`] and to `GET /v1/scrub`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ScrubAnswer {
    /// Whether it reads right now, or is about to.
    pub is_running: bool,
    /// The pass that is not through yet.
    pub current: Option<ScrubPass>,
    /// The one before.
    pub last: Option<ScrubPass>,
}

/// One pass through all blobs.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ScrubPass {
    /// When it began, RFC 3339 in UTC.
    pub began: String,
    /// When it was through; null while it is not.
    pub ended: Option<String>,
    /// How far it is.
    pub percent: u64,
    /// Blobs that were read.
    pub blobs: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Those that were damaged.
    pub damaged: u64,
}

/// Answer to `GET /v1/damage`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct DamageAnswer {
    /// What is not healed yet, by digest.
    pub damaged: Vec<Damage>,
}

/// A damaged blob.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Damage {
    /// Its digest.
    pub sha256: Digest,
    /// Its size in bytes.
    pub size: BlobSize,
    /// When it was found, RFC 3339 in UTC, if that is known.
    pub found: Option<String>,
    /// Whether a client has to send it again. That heals it.
    pub missing: bool,
    /// The checkouts in which the damaged file stands.
    pub checkouts: Vec<Touched>,
}

/// Damaged files in a checkout.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Touched {
    /// Below the checkout root.
    pub checkout: String,
    /// Below the checkout.
    pub paths: Vec<String>,
}

/// Answer to `GET /v1/checkouts/{checkout}`: its manifest, and what it costs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CheckoutAnswer {
    /// What it consists of.
    #[serde(flatten)]
    pub manifest: Manifest,
    /// What it costs.
    pub space: CheckoutSpace,
}

/// What a checkout costs.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CheckoutSpace {
    /// Bytes of its files, as a copy would take.
    pub logical_bytes: u64,
    /// Bytes of those of its blobs that other checkouts have too; null until the index is filled.
    pub shared_bytes: Option<u64>,
    /// Bytes of the others: what erasing it frees once they are swept.
    pub exclusive_bytes: Option<u64>,
}

/// Answer to `GET /v1/status`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct StatusAnswer {
    /// Version of the server.
    pub version: String,
    /// Name of the storage, the same for all servers on it.
    pub store: String,
    /// Blobs and their bytes.
    pub blobs: Weight,
    /// Number of checkouts.
    pub checkouts: u64,
    /// Bytes of their files, as copies would take.
    pub logical_bytes: u64,
    /// Whether the index has all of the store; else there is more than these numbers say.
    pub is_indexed: bool,
    /// Free bytes on the storage.
    pub free_bytes: u64,
    /// All bytes of it.
    pub all_bytes: u64,
    /// Those that are never given to blobs.
    pub reserve_bytes: u64,
    /// What the storage's file system can do.
    pub storage: StorageAbilities,
    /// The last sweep of this server since its start that was not dry.
    pub last_sweep: Option<LastSweep>,
    /// Where the scrub is.
    pub scrub: ScrubAnswer,
    /// Damaged blobs that are not healed; `GET /v1/damage` names them.
    pub damaged: u64,
    /// What whoever asks may do: `submit`, `read`, `ops`.
    #[serde(default)]
    pub scopes: Vec<String>,
}

/// What the storage's file system can do, tried at start.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct StorageAbilities {
    /// Its name, if it is a known one.
    pub file_system: Option<String>,
    /// Most names of one file, as far as it is known.
    pub link_limit: Option<u64>,
    /// From so many new blobs on, a checkout flushes the whole file system instead of each of them:
    /// a start measures what is cheaper.
    #[serde(default)]
    pub flush_all_from: u64,
    /// `hard_links`, `clones`, `symlinks`, `renames_over_empty_directories`, `exchanges_names`,
    /// `flushes_directories`, `folds_names`.
    pub can: Vec<String>,
}

/// A sweep that is over.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct LastSweep {
    /// When, RFC 3339 in UTC.
    pub ended: String,
    /// What it did.
    pub report: SweepAnswer,
}
