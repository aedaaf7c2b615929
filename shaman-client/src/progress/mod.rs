//! The events; everything below `commands` reports here and prints nothing.
//!
//! ```text
//! Began(trace) … Ended(trace)  Began(hash) Advanced* Ended(hash)  Began(checkout) Ended(checkout)
//!                              Began(upload) (Grew | Advanced)* Ended(upload)
//!                              ▲
//!                              └ at the same time; either may come again, for a file that changed
//! ```
//!
//! Promise: what was advanced and did not last (an upload that broke off) is taken back with
//! `Rewound`, so that a listener's sums are right whenever it looks.

use std::sync::Arc;
use std::sync::mpsc::{self, Receiver};
use std::time::Duration;

/// A part of the work that takes its own time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Phase {
    /// Finding which files are needed.
    Trace,
    /// Writing those .blend files that have to say something else in the pack.
    Rewrite,
    /// Naming them by their content.
    Hash,
    /// Sending what the server lacks.
    Upload,
    /// Waiting for the server to make the checkout.
    Checkout,
    /// Getting blobs from the server.
    Fetch,
    /// Making the files of a copy, a pack or a fetched checkout.
    Copy,
}

impl Phase {
    /// The phase in one word, as JSON lines and bars show it.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Trace => "trace",
            Self::Rewrite => "rewrite",
            Self::Hash => "hash",
            Self::Upload => "upload",
            Self::Checkout => "checkout",
            Self::Fetch => "fetch",
            Self::Copy => "copy",
        }
    }
}

/// Something that happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// A phase starts. Zero files: nobody knows yet how many.
    Began {
        /// Which phase.
        phase: Phase,
        /// Files to work on.
        files: u64,
        /// Their bytes.
        bytes: u64,
    },
    /// There is more to do than was known when the phase began.
    Grew {
        /// Which phase.
        phase: Phase,
        /// Files more.
        files: u64,
        /// Bytes more.
        bytes: u64,
    },
    /// Some more is done.
    Advanced {
        /// Which phase.
        phase: Phase,
        /// Files that became ready.
        files: u64,
        /// Bytes that became ready.
        bytes: u64,
    },
    /// Some bytes have to be done again.
    Rewound {
        /// Which phase.
        phase: Phase,
        /// Bytes to take back from what was advanced.
        bytes: u64,
    },
    /// A phase is over.
    Ended {
        /// Which phase.
        phase: Phase,
    },
    /// Something did not work and will be tried again.
    Retrying {
        /// What is wrong, one sentence.
        why: String,
        /// How long until the next try.
        wait: Duration,
    },
    /// Something a person should know that does not stop the work, one sentence.
    Warning(String),
    /// Something that a person may like to know, one sentence.
    Note(String),
}

/// Somebody who wants to know.
///
/// Called from many threads, a few thousand times a second at most; must not block for long.
pub trait Progress: Send + Sync {
    /// Takes notice of an event.
    fn tell(&self, event: Event);
}

/// A callback.
impl<F: Fn(Event) + Send + Sync> Progress for F {
    fn tell(&self, event: Event) {
        self(event);
    }
}

/// A listener whose events come out of a channel, in order. It never blocks and holds what nobody
/// has taken yet; when the receiver is dropped nobody wants to know any more.
pub fn channel() -> (Listener, Receiver<Event>) {
    let (told, events) = mpsc::channel();
    let told = move |event| {
        // Nobody listens any more.
        if told.send(event).is_err() {}
    };
    (Arc::new(told), events)
}

/// Handed down to whoever does the work.
pub type Listener = Arc<dyn Progress>;

/// Wants to know nothing.
#[derive(Debug, Clone, Copy, Default)]
pub struct Silence;

impl Progress for Silence {
    fn tell(&self, _event: Event) {}
}
