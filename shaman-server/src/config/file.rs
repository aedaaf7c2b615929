//! What may be written in `shaman.yaml`: every key optional, others refused.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::variables::{Audience, Platform};

/// The file. Keys that Flamenco has too are called as there.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct File {
    pub(super) shared_storage_path: Option<String>,
    pub(super) state: Option<PathBuf>,
    pub(super) listen: Option<SocketAddr>,
    pub(super) log: Option<String>,
    pub(super) path_prefix: Option<String>,
    pub(super) upstream: Option<String>,
    pub(super) defer: Option<bool>,
    pub(super) upload_wait: Option<String>,
    pub(super) follow_period: Option<String>,
    pub(super) reserve: Option<String>,
    pub(super) trash_grace: Option<String>,
    pub(super) max_sweep_share: Option<String>,
    #[serde(default)]
    pub(super) durability: Durability,
    #[serde(default)]
    pub(super) checkouts: Checkouts,
    #[serde(default)]
    pub(super) scrub: Scrub,
    #[serde(default)]
    pub(super) shaman: Shaman,
    #[serde(default)]
    pub(super) variables: BTreeMap<String, Variable>,
}

/// Flamenco's section of that name.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct Shaman {
    #[serde(default)]
    pub(super) garbage_collect: GarbageCollect,
}

/// When Flamenco would sweep, and what.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct GarbageCollect {
    pub(super) period: Option<String>,
    pub(super) max_age: Option<String>,
}

/// When what was uploaded survives a power cut.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Durability {
    /// When a checkout that names it is answered.
    #[default]
    Checkout,
    /// When the upload is answered.
    Blob,
}

/// What the files of checkouts are.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LinkWord {
    /// Names of the blobs.
    #[default]
    Hardlink,
    /// Files that share bytes with the blobs.
    Clone,
    /// Symlinks to the blobs.
    Symlink,
    /// Files with bytes of their own.
    Copy,
    /// The first of hard links, clones and copies that the storage allows.
    Auto,
}

/// How long checkouts stay, and what they are made of.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Checkouts {
    pub(super) expire_after: Option<String>,
    #[serde(default)]
    pub(super) link_policy: LinkWord,
    #[serde(default)]
    pub(super) copy_globs: Vec<String>,
}

/// How fast and how often blobs are read again.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Scrub {
    pub(super) rate: Option<String>,
    pub(super) period: Option<String>,
}

/// One of Flamenco's variables.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Variable {
    #[serde(default)]
    pub(super) is_twoway: bool,
    pub(super) values: Vec<Value>,
}

/// What it is for some machines.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Value {
    #[serde(default)]
    pub(super) audience: Audience,
    pub(super) platform: Option<Platform>,
    #[serde(default)]
    pub(super) platforms: Vec<Platform>,
    #[serde(rename = "value")]
    pub(super) text: String,
}

/// A file that cannot be read or understood.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    /// Not readable.
    #[error("cannot read the configuration `{}`: {source}", path.display())]
    Unreadable {
        /// Which.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// Not understood.
    #[error("`{}:{line}:{column}`: {message}", path.display())]
    NotUnderstood {
        /// Which.
        path: PathBuf,
        /// Line, from 1.
        line: u64,
        /// Column, from 1.
        column: u64,
        /// What is wrong.
        message: String,
    },
}

impl File {
    pub(super) fn read(path: &Path) -> Result<Self, FileError> {
        let text = std::fs::read_to_string(path)
            .map_err(|source| FileError::Unreadable { path: path.to_owned(), source })?;
        // An empty file is a file that says nothing.
        if text.lines().all(|line| line.trim().is_empty() || line.trim().starts_with('#')) {
            return Ok(Self::default());
        }
        serde_saphyr::from_str(&text).map_err(|error| {
            let place = error.location();
            let message = error.without_snippet().to_string();
            FileError::NotUnderstood {
                path: path.to_owned(),
                line: place.map_or(0, |place| place.line()),
                column: place.map_or(0, |place| place.column()),
                message: message.lines().next().unwrap_or_default().to_owned(),
            }
        })
    }
}
