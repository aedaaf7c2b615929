//! After a power cut: all blobs in doubt → whole, or in quarantine.

use std::ops::ControlFlow;

use super::{LookupError, Ops};

/// Blobs that were in doubt.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Verified {
    /// What they say they are.
    pub whole: u64,
    /// Set aside.
    pub torn: u64,
}

impl Ops {
    /// Verifies every blob in doubt, so that nobody has to wait for it later. `None`: nothing was in
    /// doubt, or `go_on` said no; then the next use of each blob verifies it.
    pub fn verify_doubtful(
        &self,
        go_on: impl Fn() -> bool,
    ) -> Result<Option<Verified>, LookupError> {
        if self.doubts.since().is_none() {
            return Ok(None);
        }
        let mut doubtful = Vec::new();
        self.store.walk_blobs(|blob, found| {
            if self.doubts.covers(&blob, found.changed) {
                doubtful.push(blob);
            }
            if go_on() { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
        })?;
        let mut verified = Verified::default();
        for blob in doubtful {
            if !go_on() {
                return Ok(None);
            }
            if self.verify(&blob)? {
                verified.whole += 1;
            } else {
                self.index.forget_blobs([&blob])?;
                verified.torn += 1;
            }
        }
        self.doubts.end();
        Ok(Some(verified))
    }
}
