//! Which files a .blend needs.

use std::path::{Path, PathBuf};

use serde::Serialize;

/// What a file is needed for; the word in `deps --json`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Kind {
    /// The .blend itself or a library.
    Blend,
    /// A still image, one frame of a sequence, or a tile.
    Image,
}

/// A file that is there.
#[derive(Debug, Clone, Serialize)]
pub struct Found {
    /// Absolute path on this machine.
    pub path: PathBuf,
    /// What it is needed for.
    pub kind: Kind,
    /// Bytes.
    pub size: u64,
    /// Its place in the pack, relative to the root with `/`; `None` when it lies outside the root.
    pub in_pack: Option<String>,
    /// Who asked for it: `/abs/file.blend#IMname`, sorted.
    pub users: Vec<String>,
}

/// A file that somebody asks for and that is not there.
#[derive(Debug, Clone, Serialize)]
pub struct Missing {
    /// Absolute path where it should be.
    pub path: PathBuf,
    /// What it is needed for.
    pub kind: Kind,
    /// Who asked for it.
    pub users: Vec<String>,
}

/// All that a .blend needs.
#[derive(Debug, Clone, Serialize)]
pub struct Trace {
    /// Absolute path of the .blend.
    pub blend: PathBuf,
    /// Absolute path of the project root.
    pub root: PathBuf,
    /// What is there, sorted by path; the .blend itself included.
    pub files: Vec<Found>,
    /// What is not there.
    pub missing: Vec<Missing>,
    /// Sentences about what could not be followed.
    pub warnings: Vec<String>,
}

/// Why nothing could be traced.
#[derive(Debug, thiserror::Error)]
pub enum TraceError {
    /// Placeholder.
    #[error("not built yet")]
    NotYet,
}

/// Finds every file that `blend` needs.
pub fn trace(_blend: &Path, _project: Option<&Path>) -> Result<Trace, TraceError> {
    Err(TraceError::NotYet)
}
