//! What `GET /v1/events` tells, as it happens.

use serde::{Deserialize, Serialize};

use crate::{BlobSize, Digest};

/// The `data` of one event, beside its number in `id`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct EventData {
    /// When, RFC 3339 in UTC; null when that is not known.
    pub at: Option<String>,
    /// What.
    #[serde(flatten)]
    pub event: Event,
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Event {
    /// Blobs came: one, or those of a batch of frames.
    Stored {
        /// How many.
        blobs: u64,
        /// Their bytes.
        bytes: u64,
    },
    /// A checkout was made.
    CheckoutMade {
        /// Below the checkout root.
        checkout: String,
        /// Files.
        files: u64,
        /// Their bytes, as a copy would take.
        bytes: u64,
    },
    /// A checkout was erased, by whomever.
    CheckoutErased {
        /// Below the checkout root.
        checkout: String,
    },
    /// A sweep that was not dry is over.
    Swept {
        /// Blobs that were taken into the trash.
        blobs: u64,
        /// Their bytes.
        bytes: u64,
        /// Bytes that were deleted from the trash for ever.
        deleted_bytes: u64,
    },
    /// All blobs were read again.
    Scrubbed {
        /// How many.
        blobs: u64,
        /// Those that were damaged.
        damaged: u64,
    },
    /// A blob was damaged: it is in quarantine and counts as missing.
    Damaged {
        /// Its digest.
        sha256: Digest,
        /// Its size in bytes.
        size: BlobSize,
    },
    /// Damaged blobs came back, and files in checkouts are right again.
    Healed {
        /// So many files.
        files: u64,
    },
    /// The listener was too slow, or away for too long: events before this one are gone.
    Lost {
        /// How many; null when that is not known.
        events: Option<u64>,
    },
}

impl Event {
    /// The event's name: the field `event` of the stream, and of the data.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Stored { .. } => "stored",
            Self::CheckoutMade { .. } => "checkout_made",
            Self::CheckoutErased { .. } => "checkout_erased",
            Self::Swept { .. } => "swept",
            Self::Scrubbed { .. } => "scrubbed",
            Self::Damaged { .. } => "damaged",
            Self::Healed { .. } => "healed",
            Self::Lost { .. } => "lost",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_has_one_name() {
        let erased = Event::CheckoutErased { checkout: "job".into() };
        for event in [erased, Event::Lost { events: None }] {
            let name = event.name();
            let data = EventData { at: Some("2026-11-24T00:00:00Z".into()), event };
            let json = serde_json::to_value(&data).unwrap();
            assert_eq!(json["event"], name);
            assert_eq!(serde_json::from_value::<EventData>(json).unwrap(), data);
        }
    }
}
