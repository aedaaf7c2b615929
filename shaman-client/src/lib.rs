//! Finds what a .blend needs, uploads what the server lacks, and asks for a checkout.
//!
//! ```text
//!  commands        what a person types; the only layer that prints
//!     │
//!   submit         trace → hash → ask → upload → check out
//!     │
//!   ┌─┴──────┬─────────┐
//! upload    hash     trace      upload: blobs to the server · hash: files to blob refs
//!   │                  │        trace: which files a .blend needs
//!  api               blend      api: one method an endpoint · blend: bytes to blocks and fields
//!
//!  progress, cli                leaves; `progress` is told by all, and prints in `commands` only
//! ```
//!
//! Lines point down: a module names only what stands below it.

pub mod api;
pub mod blend;
pub mod cli;
pub mod commands;
pub mod hash;
pub mod progress;
pub mod submit;
pub mod trace;
pub mod upload;
