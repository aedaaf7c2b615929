//! `BlobStatus`: missing, staged, stored.

/// What a server has of a blob.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum BlobStatus {
    /// Nothing.
    Missing,
    /// Somebody is sending it right now.
    Staged,
    /// All of it, verified when it came.
    Stored,
}
