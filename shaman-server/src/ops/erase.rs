//! Take a checkout away.
//!
//! Rename the tree out of sight → manifest gone → index row gone → answer → what it named leaves the
//! index → delete the tree. Each step leaves something that the next start finishes.

use std::collections::BTreeSet;

use shaman_proto::wire::event::Event;
use shaman_proto::{BlobRef, CheckoutPath, ManifestEntry};

use super::{LookupError, Ops};
use crate::store::{Removal, RemovedTree};

/// A checkout that nobody sees any more, and what is left to do about it, which takes a while: see
/// [`Ops::clear_away`]. Dropped before that, its tree is deleted, and the next start does the rest.
#[derive(Debug)]
pub struct Erased {
    checkout: CheckoutPath,
    /// `None`: somebody had removed it before.
    tree: Option<RemovedTree>,
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
        let changing = self.count.changing();
        let tree = match self.store.remove_checkout(checkout, mark).map_err(lookup)? {
            Removal::Removed(tree) => Some(tree),
            Removal::WasGone => None,
            Removal::NotOurs => return Err(EraseError::NotOurs(checkout.clone())),
        };
        // One that ended would come to life again with the next checkout of that name.
        self.unpin(checkout)?;
        let row = self.index.checkout(checkout).map_err(LookupError::Index)?;
        self.index.begin_forgetting(checkout).map_err(LookupError::Index)?;
        self.note_again(checkout)?;
        self.tally.bytes_erased.add(row.map_or(0, |row| row.bytes));
        self.tell(Event::CheckoutErased { checkout: checkout.as_str().to_owned() });
        drop(changing);
        Ok(Erased { checkout: checkout.clone(), tree })
    }

    /// Forgets what an erased checkout named, and deletes its files.
    pub fn clear_away(&self, erased: Erased) -> Result<(), LookupError> {
        let Erased { checkout, tree } = erased;
        // What cannot be understood is not kept from being erased.
        let manifest = tree.as_ref().and_then(|tree| tree.manifest().unwrap_or_default());
        match manifest {
            Some(manifest) => {
                let blobs: Vec<BlobRef> = manifest.files.iter().map(ManifestEntry::blob).collect();
                self.index.end_forgetting(&checkout, &blobs)?;
            }
            None => self.index.forget_checkouts(&BTreeSet::from([checkout.clone()]))?,
        }
        self.note_again(&checkout)
    }

    /// The path of a checkout is free since it was taken away: a create may have noted its own by
    /// now, which must not be forgotten with the old one.
    fn note_again(&self, checkout: &CheckoutPath) -> Result<(), LookupError> {
        match self.store.read_manifest(checkout)? {
            Some(manifest) => Ok(self.note_checkout(&manifest)?),
            None => Ok(()),
        }
    }

    /// Forgets what checkouts named that were erased when the server was stopped.
    pub(super) fn forget_half_forgotten(&self) -> Result<(), LookupError> {
        let half = self.index.half_forgotten()?;
        if !half.is_empty() {
            self.index.forget_checkouts(&half)?;
            half.iter().try_for_each(|checkout| self.note_again(checkout))?;
        }
        Ok(())
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
