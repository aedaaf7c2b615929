//! What the server does by itself, now and then.

mod scrubbing;
mod sweeping;
mod verifying;

pub use scrubbing::keep_scrubbed;
pub use sweeping::{keep_swept, order, report};
pub use verifying::verify_doubtful;
