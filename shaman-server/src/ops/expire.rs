//! Checkouts that are old and that no job has → erased.
//!
//! What a job of the Manager has, or names in any of its texts, goes with the job and never by age:
//! with a Manager behind us nothing expires before its list was read once. Without a Manager
//! nothing is known of jobs, and all checkouts age alike.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use shaman_proto::CheckoutPath;

use super::{EraseError, Erased, ListedJob, LookupError, Ops};

/// Checkouts looked at at once.
const PAGE: usize = 1_000;

/// Who knows which jobs there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum JobsFrom {
    /// The Manager, whose list is followed.
    Manager,
    /// Nobody.
    Nobody,
}

/// What was erased.
#[derive(Debug, Default)]
pub struct Expired {
    /// Which.
    pub erased: Vec<CheckoutPath>,
    /// What is left to do about them, see [`Ops::clear_away`].
    pub removed: Vec<Erased>,
}

impl Ops {
    /// Erases checkouts that were made longer ago than `age`, unless a known job has them or they
    /// are pinned.
    pub fn expire(
        &self,
        age: Duration,
        jobs: JobsFrom,
        go_on: impl Fn() -> bool,
    ) -> Result<Expired, LookupError> {
        let oldest_kept = self.now_secs().saturating_sub(age.as_secs());
        let mut expired = Expired::default();
        let listed = match (self.listed_jobs(), jobs) {
            (Some(listed), _) => listed,
            (None, JobsFrom::Nobody) => Arc::default(),
            (None, JobsFrom::Manager) => return Ok(expired),
        };
        let mut after = String::new();
        loop {
            let page = self.index.checkouts_after(&after, PAGE)?;
            let Some((last, _)) = page.last() else { return Ok(expired) };
            last.as_str().clone_into(&mut after);
            for (checkout, row) in page {
                if !go_on() {
                    return Ok(expired);
                }
                if row.created >= oldest_kept {
                    continue;
                }
                // What tells it from one that is made there meanwhile, before the look at jobs.
                let Some(mark) = self.store.checkout_mark(&checkout)? else { continue };
                // The index may remember one of that name that is gone.
                let Some(manifest) = self.store.read_manifest(&checkout)? else { continue };
                let created = super::reindex::seconds(&manifest.created);
                // One without a time that can be read is as young as can be.
                let is_young = created == 0 || created >= oldest_kept;
                if is_young
                    || ListedJob::any_names(listed.iter(), &checkout)
                    || self.jobs_have()?.contains(&checkout)
                {
                    continue;
                }
                match self.erase(&checkout, Some(&mark)) {
                    Ok(erased) => {
                        expired.removed.push(erased);
                        expired.erased.push(checkout);
                    }
                    Err(EraseError::NotOurs(_) | EraseError::Pinned(..)) => {}
                    Err(EraseError::Lookup(error)) => return Err(error),
                }
            }
        }
    }

    fn jobs_have(&self) -> Result<HashSet<CheckoutPath>, LookupError> {
        Ok(self.index.jobs()?.into_iter().map(|(_, row)| row.checkout).collect())
    }
}
