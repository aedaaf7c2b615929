//! Take a checkout away.
//!
//! Rename the tree out of sight → manifest gone → index row gone → answer → delete the tree. Each
//! step leaves something that the next start finishes.

use shaman_proto::wire::event::Event;
use shaman_proto::{BlobRef, CheckoutPath, ManifestEntry};

use super::{LookupError, Ops};
use crate::store::{Removal, RemovedTree};

/// How an erase ended well.
#[derive(Debug)]
pub enum Erased {
    /// Nobody sees it any more; dropped, this deletes what is left, which takes a while.
    Erased(RemovedTree),
    /// Somebody had removed it before.
    WasGone,
}

/// Why a checkout was not erased. Nothing was changed, unless `Lookup` says that a step failed.
#[derive(Debug, thiserror::Error)]
pub enum EraseError {
    /// We made no checkout at exactly this path, or it is another one by now.
    #[error("there is no checkout `{0}` of this server; name one exactly as it was answered")]
    NotOurs(CheckoutPath),
    /// Somebody wants it to stay.
    #[error("the checkout `{0}` is pinned{reason}; unpin it first", reason = reason_of(.1))]
    Pinned(CheckoutPath, String),
    /// A file operation or the index failed.
    #[error(transparent)]
    Lookup(#[from] LookupError),
}

fn reason_of(reason: &str) -> String {
    if reason.is_empty() { String::new() } else { format!(" ({reason})") }
}

impl Ops {
    /// Erases the checkout at exactly this path, if it is still the one with this mark (`None`:
    /// whichever is there). What stock servers made, directories of checkouts and anything else is
    /// refused.
    pub fn erase(&self, checkout: &CheckoutPath, mark: Option<&str>) -> Result<Erased, EraseError> {
        let lookup = |error| EraseError::Lookup(LookupError::Disk(error));
        let there = self.store.checkout_mark(checkout).map_err(lookup)?;
        let is_it = there.is_some_and(|there| mark.is_none_or(|mark| mark == there));
        if !is_it {
            return Err(EraseError::NotOurs(checkout.clone()));
        }
        if let Some(pin) = self.pin_of(checkout)? {
            return Err(EraseError::Pinned(checkout.clone(), pin.reason));
        }
        // What cannot be understood is not kept from being erased.
        let manifest = self.store.read_manifest(checkout).unwrap_or_default();
        let erased = match self.store.remove_checkout(checkout, mark).map_err(lookup)? {
            Removal::Removed(tree) => Erased::Erased(tree),
            Removal::WasGone => Erased::WasGone,
            Removal::NotOurs => return Err(EraseError::NotOurs(checkout.clone())),
        };
        // One that ended would come to life again with the next checkout of that name.
        self.unpin(checkout)?;
        let blobs: Vec<BlobRef> =
            manifest.iter().flat_map(|m| &m.files).map(ManifestEntry::blob).collect();
        self.index.forget_checkout(checkout, &blobs).map_err(LookupError::Index)?;
        // The path is free since it was taken away: a create may have noted its own by now.
        if let Some(manifest) = self.store.read_manifest(checkout).map_err(lookup)? {
            self.note_checkout(&manifest).map_err(LookupError::Index)?;
        }
        self.tell(Event::CheckoutErased { checkout: checkout.as_str().to_owned() });
        Ok(erased)
    }

    /// The longest checkout of ours that a path below the checkout root starts with; slashes of
    /// both kinds separate. A path with `..` in it leads into none.
    pub fn checkout_at(&self, path: &str) -> Result<Option<CheckoutPath>, LookupError> {
        let parts = path.split(['/', '\\']).filter(|part| !matches!(*part, "" | "."));
        if parts.clone().any(|part| part == "..") {
            return Ok(None);
        }
        let (mut start, mut longest) = (String::new(), None);
        for part in parts {
            if !start.is_empty() {
                start.push('/');
            }
            start.push_str(part);
            // What is no checkout path does not become one by growing: this bounds the loop.
            let Ok(checkout) = start.parse::<CheckoutPath>() else { break };
            if self.store.has_checkout(&checkout)? {
                longest = Some(checkout);
            }
        }
        Ok(longest)
    }

    /// Says whether there is a directory at this path that is no checkout but may hold some.
    pub fn is_directory_of_checkouts(&self, path: &CheckoutPath) -> Result<bool, LookupError> {
        Ok(self.store.is_directory_of_checkouts(path)?)
    }
}
