//! Who is doing what right now; gone when the process ends.

mod damages;
mod doubts;
mod events;
mod holds;
mod inflight;
mod turns;
mod unflushed;

pub use damages::Damages;
pub use doubts::Doubts;
pub use events::{Events, Listener, Told};
pub use holds::{Held, Holds};
pub use inflight::{Inflight, Sending};
pub use turns::{Turn, Turns};
pub use unflushed::Unflushed;
