//! Our own requests and answers, below `/v1`.

use serde::{Deserialize, Serialize};

use super::care::CheckoutSpace;

/// `POST /v1/sweep`: remove what nothing uses.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct SweepRequest {
    /// Only say what would be done; the default.
    #[serde(default = "yes")]
    pub dry_run: bool,
    /// Blobs that were not used for longer are swept (`14d`, `744h`); the server's own age unless
    /// said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_age: Option<String>,
    /// Also when nearly all of the store would go.
    #[serde(default)]
    pub force: bool,
    /// Look at every blob on the storage, not only at those that the server knows: slower, and finds
    /// what somebody put there past all servers.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub storage: bool,
}

fn yes() -> bool {
    true
}

/// Blobs and their bytes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Weight {
    /// How many.
    pub blobs: u64,
    /// Their bytes.
    pub bytes: u64,
}

/// Answer to [`SweepRequest`]; a dry run gives the numbers of a real one.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SweepAnswer {
    /// Whether nothing was done.
    pub dry_run: bool,
    /// All blobs before.
    pub all: Weight,
    /// Taken into the trash.
    pub swept: Weight,
    /// Spared, by reason.
    pub spared: Spared,
    /// Deleted from the trash for ever.
    pub deleted: Weight,
    /// In the trash afterwards; room that comes back when it is emptied.
    pub trashed: Weight,
}

impl SweepAnswer {
    /// What to tell a person, line by line.
    pub fn lines(&self) -> [(&'static str, Weight); 9] {
        let (swept, deleted) = if self.dry_run {
            ("would be swept", "would be deleted from the trash")
        } else {
            ("swept into the trash", "deleted from the trash")
        };
        [
            ("in the store", self.all),
            (swept, self.swept),
            ("spared: used lately", self.spared.young),
            ("spared: in a checkout", self.spared.linked),
            ("spared: in a manifest", self.spared.named),
            ("spared: in a checkout of symlinks", self.spared.symlinked),
            ("spared: needed right now", self.spared.held),
            (deleted, self.deleted),
            ("in the trash afterwards", self.trashed),
        ]
    }
}

/// Why blobs stayed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Spared {
    /// Used lately.
    pub young: Weight,
    /// In a checkout of hard links.
    pub linked: Weight,
    /// In a manifest.
    pub named: Weight,
    /// In a checkout of symlinks.
    pub symlinked: Weight,
    /// Needed by something that ran meanwhile.
    pub held: Weight,
}

/// One checkout in a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CheckoutSummary {
    /// Below the checkout root.
    pub checkout: String,
    /// When it was made, RFC 3339 in UTC.
    pub created: String,
    /// Files.
    pub files: u64,
    /// Their bytes, as a copy would take.
    pub bytes: u64,
    /// Why it must stay, if somebody said so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pin: Option<Pin>,
    /// What it costs, when that was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub space: Option<CheckoutSpace>,
}

/// Answer to `GET /v1/checkouts`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CheckoutsAnswer {
    /// By path.
    pub checkouts: Vec<CheckoutSummary>,
    /// Name it as `after` to get those that follow; null at the end.
    pub next: Option<String>,
}

/// `PUT /v1/pins/{checkout}`: keep a checkout whatever becomes of its job.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct Pin {
    /// Why.
    #[serde(default)]
    pub reason: String,
    /// Until when, RFC 3339 in UTC; for ever unless said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<String>,
}
