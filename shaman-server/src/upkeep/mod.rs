//! What the server does by itself, now and then.

mod sweeping;

pub use sweeping::{keep_swept, order};
