//! Following the Manager's jobs in the background.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use super::jobs::listed;
use super::submissions::QUIET_TIME;
use super::{ListError, Manager, ManagerError};
use crate::audit::Audit;
use crate::ops::{Followed, LookupError, Ops};
use crate::tasks::{Blocking, Panicked};

/// Between two looks while a deletion that we were told of is not done yet.
const HURRY: Duration = Duration::from_secs(1);

/// A look at the Manager's jobs that failed; nothing was erased.
#[derive(Debug, thiserror::Error)]
enum FollowError {
    #[error(transparent)]
    Manager(#[from] ManagerError),
    #[error(transparent)]
    List(#[from] ListError),
    #[error(transparent)]
    Lookup(#[from] LookupError),
    #[error(transparent)]
    Panicked(#[from] Panicked),
    #[error("a job has been on its way to it for {t} seconds", t = QUIET_TIME.as_secs())]
    Submitting,
}

impl Manager {
    /// Looks at the Manager's jobs at once, then every `period` and whenever something was told,
    /// for ever; erases the checkouts of those that are gone (see `ops::follow`).
    pub async fn follow(
        &self,
        ops: &Arc<Ops>,
        blocking: &Blocking,
        audit: &Audit,
        period: Duration,
    ) {
        let mut missed = HashSet::new();
        let mut was_well = true;
        loop {
            let wait = match self.look(ops, blocking, &missed).await {
                Ok(Some((followed, hurry))) => {
                    was_well = true;
                    tell(&followed, audit);
                    missed = followed.missing;
                    if hurry { HURRY } else { period }
                }
                // A job was submitted meanwhile, so the list may lack it.
                Ok(None) => HURRY,
                Err(error) => {
                    if was_well {
                        let error = anyhow::Error::from(error);
                        tracing::warn!(
                            "cannot follow the Manager's jobs, checkouts stay until that works again: {error:#}"
                        );
                    }
                    was_well = false;
                    period
                }
            };
            tokio::select! {
                () = tokio::time::sleep(wait) => {}
                () = self.deletions.told() => {}
            }
        }
    }

    async fn look(
        &self,
        ops: &Arc<Ops>,
        blocking: &Blocking,
        missed: &HashSet<String>,
    ) -> Result<Option<(Followed, bool)>, FollowError> {
        let quiet = self.submissions.quiet().await.ok_or(FollowError::Submitting)?;
        let answer = self.ask_jobs().await?;
        let reading = Arc::clone(ops);
        let jobs = blocking.run(move || listed(&answer, &reading)).await??;
        // From before the list to the last erase nobody submits a job through us.
        let Some(held) = self.submissions.hold(quiet) else { return Ok(None) };
        let (told, are_many) = (self.deletions.jobs(), self.deletions.are_many());
        let ids: HashSet<String> = jobs.iter().map(|job| job.id.clone()).collect();
        let following = Arc::clone(ops);
        let missed = missed.clone();
        let mut followed = blocking
            .run(move || following.follow(&jobs, |id| are_many || told.contains(id), &missed))
            .await??;
        drop(held);
        // Nobody sees these any more; deleting their files may take a while.
        let removed = std::mem::take(&mut followed.removed);
        let clearing = Arc::clone(ops);
        blocking
            .run(move || removed.into_iter().try_for_each(|erased| clearing.clear_away(erased)))
            .await??;
        Ok(Some((followed, self.deletions.settle(|id| ids.contains(id)))))
    }
}

fn tell(followed: &Followed, audit: &Audit) {
    for checkout in &followed.erased {
        tracing::info!(checkout = checkout.as_str(), "erased the checkout of a deleted job");
        let name = ("checkout".to_owned(), checkout.as_str().into());
        audit.note("manager", None, "erase", [name].into_iter().collect());
    }
    for (checkout, error) in &followed.stuck {
        tracing::warn!(
            checkout = checkout.as_str(),
            %error,
            "cannot erase the checkout of a deleted job; it is tried again"
        );
    }
    if let Some(jobs) = followed.all_gone {
        tracing::warn!(
            jobs,
            "the Manager knows none of the jobs that had checkouts; is it the right one? their checkouts stay"
        );
    }
}
