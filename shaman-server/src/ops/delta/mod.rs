//! A large blob that resembles others: only what is new of it has to come.
//!
//! ```text
//!  upload ──► cut ──► index: where each chunk is            beside everything else, calmly
//!  chunks ──► ask ──► index ──► those that have to be sent
//!  recipe ──► assemble ──► read from blobs, or sent ──► Staged ──► a blob, or nothing
//! ```
//!
//! # Why a wrong index spoils nothing
//!
//! A row says where a chunk was seen. What is read there is hashed and compared with the chunk's name
//! before it is used, and all of the blob is hashed as any upload is. A row that lies is a chunk that
//! is missing: the row is forgotten, the sender is told, and sends it.

mod ask;
mod assemble;
mod cut;

pub use assemble::{AssembleError, Assembly};
pub use cut::CutEnd;
