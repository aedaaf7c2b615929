//! How the store is: scrubbing, damage.

use serde::{Deserialize, Serialize};

use crate::{BlobSize, Digest};

/// `POST /v1/scrub`: read every blob again, from the beginning; answered at once.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ScrubRequest {
    /// How fast (`20MB/s`); as configured unless said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rate: Option<String>,
}

/// Answer to [`ScrubRequest`] and to `GET /v1/scrub`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
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
pub struct DamageAnswer {
    /// What is not healed yet, by digest.
    pub damaged: Vec<Damage>,
}

/// A damaged blob.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
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
pub struct Touched {
    /// Below the checkout root.
    pub checkout: String,
    /// Below the checkout.
    pub paths: Vec<String>,
}
