//! Background work and blocking threads: named, bounded, waited for at exit.
#![expect(clippy::disallowed_methods, reason = "this layer is where work is spawned")]

mod beside;
mod blocking;
mod crew;
mod turnstile;

pub use beside::beside;
pub use blocking::{Begun, Blocking, Panicked, calmly};
pub use crew::{Crew, Stop};
pub use turnstile::{Bounds, Pass, TurnedAway, Turnstile};
