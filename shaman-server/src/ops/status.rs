//! How the store is, and what a checkout costs.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};

use shaman_proto::wire::event::Event;
use shaman_proto::{BlobRef, Manifest, ManifestEntry};

use super::{ListedJob, Look, LookupError, Ops, Swept};
use crate::index::Sharing;
use crate::store::{Abilities, Space};

/// What a checkout costs.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Cost {
    /// Bytes of its files, as a copy would take.
    pub logical_bytes: u64,
    /// Bytes of its blobs, each once; `None` until the index has all of the store.
    pub sharing: Option<Sharing>,
}

/// What was seen of the store lately.
#[derive(Debug, Default)]
pub(super) struct Seen {
    pub(super) look: Mutex<Option<Look>>,
    last_sweep: Mutex<Option<(u64, Swept)>>,
    /// The Manager's jobs, if anything may expire.
    listed: Mutex<Option<Arc<[ListedJob]>>>,
}

impl Ops {
    /// What a checkout costs, from the index: what it shares with others, and what erasing it
    /// would free once its blobs are swept.
    pub fn cost(&self, manifest: &Manifest) -> Result<Cost, LookupError> {
        let sharing = if self.index.is_complete()? {
            let blobs: BTreeSet<BlobRef> = manifest.files.iter().map(ManifestEntry::blob).collect();
            let blobs: Vec<BlobRef> = blobs.into_iter().collect();
            Some(self.index.sharing(&manifest.checkout, &blobs)?)
        } else {
            None
        };
        Ok(Cost { logical_bytes: manifest.bytes(), sharing })
    }

    /// The last sweep of this server that was not dry, and when it ended, in seconds since 1970.
    pub fn last_sweep(&self) -> Option<(u64, Swept)> {
        self.seen.last_sweep.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The jobs in the Manager's last list.
    pub(super) fn listed_jobs(&self) -> Option<Arc<[ListedJob]>> {
        self.seen.listed.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(super) fn note_listed(&self, listed: &[ListedJob]) {
        let noted = Some(Arc::from(listed));
        *self.seen.listed.lock().unwrap_or_else(PoisonError::into_inner) = noted;
    }

    pub(super) fn note_sweep(&self, swept: &Swept) {
        self.tell(Event::Swept {
            blobs: swept.swept.blobs,
            bytes: swept.swept.bytes,
            deleted_bytes: swept.deleted.bytes,
        });
        let noted = Some((self.now_secs(), swept.clone()));
        *self.seen.last_sweep.lock().unwrap_or_else(PoisonError::into_inner) = noted;
    }

    /// Name of the storage, the same for all servers on it.
    pub fn store_id(&self) -> &str {
        self.store.id()
    }

    /// What the storage can do.
    pub fn abilities(&self) -> &Abilities {
        self.store.abilities()
    }

    /// Bytes that are never given to blobs.
    pub fn reserve_bytes(&self, space: Space) -> u64 {
        self.limits.reserve.bytes(space)
    }
}
