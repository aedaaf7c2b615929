//! What the server does by itself, now and then.

mod catching_up;
mod cutting;
mod expiring;
mod feeding;
mod indexing;
mod scrubbing;
mod sweeping;
mod verifying;
mod watching;

pub use catching_up::keep_caught_up;
pub use cutting::keep_cut;
pub use expiring::keep_expired;
pub use feeding::keep_fed;
pub use indexing::keep_indexed;
pub use scrubbing::keep_scrubbed;
pub use sweeping::{audited, keep_swept, order, report};
pub use verifying::verify_doubtful;
pub use watching::keep_watched;
