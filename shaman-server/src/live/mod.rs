//! Who is doing what right now; gone when the process ends.

mod damages;
mod doubts;
mod events;
mod figures;
mod histogram;
mod holds;
mod inflight;
mod tally;
mod turns;
mod uncut;
mod unflushed;

pub use damages::Damages;
pub use doubts::Doubts;
pub use events::{Events, Listener, Told};
pub use figures::{Family, Figures, Kind, Number, Sample};
pub use histogram::{BOUNDS, Counted, Histogram};
pub use holds::{Held, Holds};
pub use inflight::{Inflight, Running, Sending};
pub use tally::{Counter, Tally};
pub use turns::{Turn, Turns};
pub use uncut::Uncut;
pub use unflushed::Unflushed;
