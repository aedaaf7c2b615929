//! Who is doing what right now; gone when the process ends.

mod inflight;
mod unflushed;

pub use inflight::{Inflight, Sending};
pub use unflushed::Unflushed;
