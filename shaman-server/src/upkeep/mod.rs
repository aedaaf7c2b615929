//! What the server does by itself, now and then.

mod sweeping;
mod verifying;

pub use sweeping::{keep_swept, order};
pub use verifying::verify_doubtful;
