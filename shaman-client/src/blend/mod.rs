//! Bytes of a .blend to blocks and fields; knows no other file.
//!
//! ```text
//!  plain, gzip or zstd (container)
//!  ┌────────┬───────┬──────┬───────┬──────┬───────┬──────┬─ … ─┬──────┬──────┐
//!  │ header │ block │ data │ block │ data │ block │ data │     │ DNA1 │ ENDB │
//!  └────────┴───────┴──────┴───────┴──────┴───────┴──────┴─ … ─┴──────┴──────┘
//!   header    IM…            DATA           DATA                 │
//!             └ an ID (data-block) and the DATA blocks that      └ names, types and offsets
//!               belong to it; a pointer holds the `old`            of every struct in the file
//!               value that its target's block header carries
//! ```
//!
//! [`Blend::read`] goes through the file once, whatever its size: block headers and small blocks
//! are kept, mesh and pixel data is passed over. [`Blend::ids`] then gives the data-blocks as
//! [`Record`]s, whose fields are asked for by their DNA names, and [`Links`] tells which of them a
//! data-block points to.
//!
//! [`Record::stored`] tells where a field lies in the file. [`splices`] turns new values for fields
//! into bytes for places, and [`write()`] copies a file with them, leaving all else as it was.
//!
//! Promise: no bytes, however damaged or hostile, lead to a panic, to an endless loop or to more
//! memory than `limits` allows. What does not fit reads as absent.

mod blocks;
mod container;
mod dna;
mod edit;
mod endian;
mod failure;
mod file;
mod frames;
mod header;
mod kept;
mod limits;
mod links;
mod record;
mod splice;
mod stored;
mod walk;
mod write;

pub use container::Source;
pub use edit::{Edit, NoRoom, splices};
pub use failure::BlendError;
pub use file::Blend;
pub use links::Links;
pub use record::Record;
pub use splice::Splice;
pub use stored::{Heads, Stored, block};
pub use write::{WriteError, write};
