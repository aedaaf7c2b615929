//! Pins and lists of checkouts.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use shaman_proto::{BlobRef, CheckoutPath, Manifest};

use super::{LookupError, Ops};
use crate::index::CheckoutRow;
use crate::store::StoredPin;

/// A checkout that cannot be pinned.
#[derive(Debug, thiserror::Error)]
pub enum PinError {
    /// We made no such checkout.
    #[error("there is no checkout `{0}` of this server; name one exactly as it was answered")]
    NotOurs(CheckoutPath),
    /// A lookup failed.
    #[error(transparent)]
    Lookup(#[from] LookupError),
}

impl Ops {
    /// The pin of a checkout that has not ended yet.
    pub fn pin_of(&self, checkout: &CheckoutPath) -> Result<Option<StoredPin>, LookupError> {
        let now = self.now_secs();
        let pin = self.store.read_pin(checkout)?;
        Ok(pin.filter(|pin| pin.until.is_none_or(|until| until > now)))
    }

    /// Pins a checkout, in place of an older pin: nothing but `unpin` and its end let it go.
    pub fn pin(&self, pin: &StoredPin) -> Result<(), PinError> {
        if !self.store.has_checkout(&pin.checkout).map_err(LookupError::Disk)? {
            return Err(PinError::NotOurs(pin.checkout.clone()));
        }
        Ok(self.store.write_pin(pin).map_err(LookupError::Disk)?)
    }

    /// Takes a pin away; `false` when there was none.
    pub fn unpin(&self, checkout: &CheckoutPath) -> Result<bool, LookupError> {
        Ok(self.store.remove_pin(checkout)?)
    }

    /// At most `most` checkouts from this path on, by path.
    pub fn checkouts_from(
        &self,
        from: &str,
        most: usize,
    ) -> Result<Vec<(CheckoutPath, CheckoutRow)>, LookupError> {
        Ok(self.index.checkouts_from(from, most)?)
    }

    /// Says whether a checkout of that list is still there: one that was erased in the moment of a
    /// kill is in the index for ever.
    pub fn has_checkout(&self, checkout: &CheckoutPath) -> Result<bool, LookupError> {
        Ok(self.store.has_checkout(checkout)?)
    }

    /// A checkout's manifest; `None` when we made no such checkout.
    pub fn manifest(&self, checkout: &CheckoutPath) -> Result<Option<Manifest>, LookupError> {
        Ok(self.store.read_manifest(checkout)?)
    }

    /// What tells the checkout at this path from later ones there, and whose it is; `None` when we
    /// made no such checkout.
    pub fn owner_of(
        &self,
        checkout: &CheckoutPath,
    ) -> Result<Option<(String, Option<String>)>, LookupError> {
        // The mark first: with an older one nothing is erased.
        let Some(mark) = self.store.checkout_mark(checkout)? else { return Ok(None) };
        Ok(self.store.read_owner(checkout)?.map(|owner| (mark, owner)))
    }

    /// Says whether a checkout names this blob; `None` while the index is being filled.
    pub fn is_named(&self, blob: &BlobRef) -> Result<Option<bool>, LookupError> {
        let is_named = !self.index.checkouts_with(blob)?.is_empty();
        Ok(if is_named || self.index.is_complete()? { Some(is_named) } else { None })
    }

    /// Now, so far as this server knows.
    pub fn now(&self) -> SystemTime {
        UNIX_EPOCH + Duration::from_secs(self.now_secs())
    }
}
