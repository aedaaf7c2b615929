//! What goes along, where each file lies there, and what its .blend files say there.
//!
//! ```text
//!  trace ──► plan ──► rewrite ──► job          layout   where a directory goes
//!             │          │                     spell    how one place names another
//!           relink     shelf                   relink   one .blend at its place: new paths, needed files
//!                                              shelf    rewritten files, kept for the next time
//! ```
//!
//! Promise: inside the pack every path that led to a file leads to that file in the pack, and the
//! same project makes the same bytes on every machine and every day. The project is not written to.

mod gather;
mod layout;
mod name;
mod plan;
mod relink;
mod rewrite;
mod shelf;
mod spell;

use std::path::PathBuf;

pub use gather::{GatherError, from_directory};
pub use layout::OUTSIDE;
pub use name::{NameError, checkout_name};
pub use plan::{Plan, from_trace};
pub(crate) use rewrite::Copies;
pub use rewrite::{Fault, RewriteError, rewrite};
pub use shelf::Shelf;

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
