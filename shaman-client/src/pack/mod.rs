//! What goes along, and where each file lies there.

mod gather;
mod name;

use std::path::PathBuf;

pub use gather::{GatherError, from_directory, from_trace};
pub use name::{NameError, checkout_name};

/// A file and its place in the checkout.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Packed {
    /// Where it is.
    pub path: PathBuf,
    /// Where it goes, with `/`.
    pub in_pack: String,
    /// Bytes when it was found.
    pub size: u64,
}

/// What to submit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Job {
    /// The files; each place once.
    pub files: Vec<Packed>,
    /// The place of the file to render.
    pub blend: Option<String>,
    /// Where the checkout should live.
    pub name: String,
}
