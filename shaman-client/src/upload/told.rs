//! `Told`: how many bytes of a file progress was told of, so that what did not last can be taken back.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::progress::{Event, Listener, Phase};

/// Bytes of one file on its way.
#[derive(Debug, Clone, Default)]
pub(super) struct Told(Arc<AtomicU64>);

impl Told {
    /// So many more have gone.
    pub(super) fn add(&self, bytes: u64, progress: &Listener) {
        self.0.fetch_add(bytes, Ordering::Relaxed);
        progress.tell(Event::Advanced { phase: Phase::Upload, files: 0, bytes });
    }

    /// Brings progress to so many bytes of this file.
    pub(super) fn bring_to(&self, bytes: u64, progress: &Listener) {
        let told = self.0.swap(bytes, Ordering::Relaxed);
        let phase = Phase::Upload;
        match bytes.checked_sub(told) {
            Some(0) => {}
            Some(more) => progress.tell(Event::Advanced { phase, files: 0, bytes: more }),
            None => progress.tell(Event::Rewound { phase, bytes: told - bytes }),
        }
    }
}
