//! `Tally`: how much was done since the start.

use std::sync::atomic::{AtomicU64, Ordering};

use shaman_proto::wire::event::Event;

/// A number that only grows.
#[derive(Debug, Default)]
pub struct Counter(AtomicU64);

impl Counter {
    /// Adds to it.
    pub fn add(&self, more: u64) {
        self.0.fetch_add(more, Ordering::Relaxed);
    }

    /// How far it is.
    pub fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// What was done since the start, by this server.
#[derive(Debug, Default)]
pub struct Tally {
    /// Blobs that clients asked for in lists.
    pub blobs_asked: Counter,
    /// Those that were missing.
    pub blobs_missing: Counter,
    /// Blobs that came.
    pub blobs_stored: Counter,
    /// Their bytes.
    pub bytes_stored: Counter,
    /// Checkouts that were made.
    pub checkouts_made: Counter,
    /// Their files.
    pub files_made: Counter,
    /// Bytes of these, as copies would take.
    pub bytes_made: Counter,
    /// Checkouts that were erased.
    pub checkouts_erased: Counter,
    /// Bytes of their files, as copies took.
    pub bytes_erased: Counter,
    /// Sweeps that were not dry and came to their end.
    pub sweeps: Counter,
    /// Blobs that they took into the trash.
    pub blobs_swept: Counter,
    /// Their bytes.
    pub bytes_swept: Counter,
    /// Bytes that were deleted from the trash.
    pub bytes_deleted: Counter,
    /// Scrubs that came to their end.
    pub scrubs: Counter,
    /// Blobs that were read again.
    pub blobs_scrubbed: Counter,
    /// Their bytes.
    pub bytes_scrubbed: Counter,
    /// Blobs that were found damaged.
    pub blobs_damaged: Counter,
    /// Files in checkouts that were made right again.
    pub files_healed: Counter,
}

impl Tally {
    /// Adds what an event tells.
    pub fn note(&self, event: &Event) {
        match event {
            Event::Stored { blobs, bytes } => {
                self.blobs_stored.add(*blobs);
                self.bytes_stored.add(*bytes);
            }
            Event::CheckoutMade { files, bytes, .. } => {
                self.checkouts_made.add(1);
                self.files_made.add(*files);
                self.bytes_made.add(*bytes);
            }
            Event::CheckoutErased { .. } => self.checkouts_erased.add(1),
            Event::Swept { blobs, bytes, deleted_bytes } => {
                self.sweeps.add(1);
                self.blobs_swept.add(*blobs);
                self.bytes_swept.add(*bytes);
                self.bytes_deleted.add(*deleted_bytes);
            }
            Event::Scrubbed { .. } => self.scrubs.add(1),
            Event::Damaged { .. } => self.blobs_damaged.add(1),
            Event::Healed { files } => self.files_healed.add(*files),
            Event::Lost { .. } => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_add_up() {
        let tally = Tally::default();
        for bytes in [5, 7] {
            tally.note(&Event::Stored { blobs: 2, bytes });
        }
        tally.note(&Event::CheckoutErased { checkout: "job".into() });
        assert_eq!((tally.blobs_stored.get(), tally.bytes_stored.get()), (4, 12));
        assert_eq!((tally.checkouts_erased.get(), tally.sweeps.get()), (1, 0));
    }
}
