//! Checkouts of other servers → index.
//!
//! The manifests on the storage say which checkouts there are, whoever made them. Their names alone
//! tell which are new here and which are gone; only new ones are read.

use std::collections::BTreeSet;

use shaman_proto::CheckoutPath;

use super::{LookupError, Ops};

/// Checkouts looked at at once.
const PAGE: usize = 1_000;

/// What the index did not know.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct CaughtUp {
    /// Checkouts that somebody else made.
    pub made: u64,
    /// Checkouts that somebody else took away.
    pub gone: u64,
}

impl Ops {
    /// Makes the index know the checkouts that other servers made and erased, and those whose server was killed or lost its power before it wrote the row. Until all of the
    /// store was read into it there is nothing to catch up with.
    ///
    /// What is made or erased at the same time may come out wrong, until the next time.
    pub fn catch_up(&self) -> Result<CaughtUp, LookupError> {
        let mut caught_up = CaughtUp::default();
        if !self.index.is_complete()? {
            return Ok(caught_up);
        }
        let mut unknown = self.store.manifest_names()?;
        let mut gone: BTreeSet<CheckoutPath> = BTreeSet::new();
        let mut after = String::new();
        loop {
            let page = self.index.checkouts_after(&after, PAGE)?;
            let Some((last, _)) = page.last() else { break };
            last.as_str().clone_into(&mut after);
            for (checkout, _) in page {
                // One that was made since the names were listed is there.
                if !unknown.take(&checkout) && !self.store.has_checkout(&checkout)? {
                    gone.insert(checkout);
                }
            }
        }
        for manifest in self.store.read_manifests(unknown) {
            self.write_checkout(&manifest)?;
            caught_up.made += 1;
        }
        if !gone.is_empty() {
            self.index.forget_checkouts(&gone)?;
            caught_up.gone = gone.len() as u64;
        }
        if caught_up != CaughtUp::default() {
            self.count.set_stale();
        }
        Ok(caught_up)
    }
}
