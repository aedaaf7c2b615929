//! The Manager's list of jobs → checkouts that go with jobs that are gone.
//!
//! A checkout is erased when the job that had it is not in the list any more, no job in the list
//! names it, it is not pinned, and we made it; one that was made at the same path since then is
//! another one. A job that vanished without our being told counts as gone when two
//! lists in a row lack it. When a list lacks *all* of many known jobs, that is rather another
//! Manager or an empty database than a tidy user: they are forgotten and their checkouts stay. The
//! list of the right Manager makes them known again.

use std::collections::{HashMap, HashSet};

use shaman_proto::{CheckoutPath, fold};

use super::{EraseError, Erased, Expiry, LookupError, Ops};
use crate::index::JobRow;

/// So many known jobs may vanish all at once.
const ALL_GONE_MAX: usize = 8;

/// A job as the Manager lists it.
#[derive(Debug, Clone)]
pub struct ListedJob {
    /// Its id.
    pub id: String,
    /// The checkout that it was given, if we made that.
    pub checkout: Option<CheckoutPath>,
    /// Every text in its settings, metadata and storage, as a path: with one slash between
    /// components, at both ends, and folded.
    pub texts: Vec<String>,
}

impl ListedJob {
    /// A text as it stands in `texts`. Blender and people spell paths in many ways, on Windows in
    /// any case.
    pub fn as_path(text: &str) -> String {
        let mut path = String::with_capacity(text.len() + 2);
        path.push('/');
        for part in text.split(['/', '\\']).filter(|part| !matches!(*part, "" | ".")) {
            path.push_str(part);
            path.push('/');
        }
        fold(&path)
    }

    /// Says whether any text of any of these jobs leads into the checkout, whatever is in front of
    /// it and however it is spelled.
    pub fn any_names<'a>(
        jobs: impl IntoIterator<Item = &'a Self>,
        checkout: &CheckoutPath,
    ) -> bool {
        let sought = Self::as_path(checkout.as_str());
        jobs.into_iter().any(|job| job.texts.iter().any(|text| text.contains(&sought)))
    }
}

/// What following a list did.
#[derive(Debug, Default)]
pub struct Followed {
    /// Checkouts that were erased.
    pub erased: Vec<CheckoutPath>,
    /// What is left to do about them, see [`Ops::clear_away`].
    pub removed: Vec<Erased>,
    /// Jobs that are missing for the first time; they are gone when the next list lacks them too.
    pub missing: HashSet<String>,
    /// Checkouts that could not be erased, and why; they stay known, and the next look tries again.
    pub stuck: Vec<(CheckoutPath, LookupError)>,
    /// All of so many known jobs are missing, so they were forgotten and nothing was erased.
    pub all_gone: Option<usize>,
}

impl Ops {
    /// Follows a list. `is_deleted` says of which jobs we were told that they were deleted;
    /// `missed` are those that the list before lacked.
    pub fn follow(
        &self,
        listed: &[ListedJob],
        is_deleted: impl Fn(&str) -> bool,
        missed: &HashSet<String>,
    ) -> Result<Followed, LookupError> {
        if self.limits.expiry == Expiry::ByAge {
            self.note_listed(listed);
        }
        let known: HashMap<String, JobRow> = self.index.jobs()?.into_iter().collect();
        let mut new = Vec::new();
        for job in listed {
            if let Some(checkout) = &job.checkout
                && let Some(row) = self.new_row(checkout, known.get(&job.id))?
            {
                new.push((job.id.as_str(), row));
            }
        }
        self.index.put_jobs(new)?;
        let ids: HashSet<&str> = listed.iter().map(|job| job.id.as_str()).collect();
        let absent = known.iter().filter(|(id, _)| !ids.contains(id.as_str()));
        let (mut gone, untold): (Vec<_>, Vec<_>) = absent.partition(|(id, _)| is_deleted(id));
        let mut followed = Followed::default();
        if untold.len() > ALL_GONE_MAX && gone.len() + untold.len() == known.len() {
            // Forgotten for good: a single job that this Manager gets would make them look like
            // some of many.
            for (id, _) in &untold {
                self.index.forget_job(id)?;
            }
            followed.all_gone = Some(untold.len());
        } else {
            let (again, first): (Vec<_>, Vec<_>) =
                untold.into_iter().partition(|(id, _)| missed.contains(*id));
            gone.extend(again);
            followed.missing = first.into_iter().map(|(id, _)| id.clone()).collect();
        }
        for (id, JobRow { checkout, mark }) in gone {
            if ListedJob::any_names(listed, checkout) {
                // Or seems to: a path that ends in the same names does too. It stays known, and
                // goes when that job does.
                continue;
            }
            match self.erase(checkout, Some(mark)) {
                Ok(erased) => {
                    followed.erased.push(checkout.clone());
                    followed.removed.push(erased);
                }
                Err(EraseError::NotOurs(_)) => {}
                // It stays known, too, and goes when the pin ends.
                Err(EraseError::Pinned(..)) => continue,
                // Others do not wait for it.
                Err(EraseError::Lookup(error)) => {
                    followed.stuck.push((checkout.clone(), error));
                    continue;
                }
            }
            self.index.forget_job(id)?;
        }
        Ok(followed)
    }

    /// Notes which checkout a job has.
    pub fn note_job(&self, id: &str, checkout: &CheckoutPath) -> Result<(), LookupError> {
        let row = self.new_row(checkout, self.index.job(id)?.as_ref())?;
        Ok(self.index.put_jobs(row.map(|row| (id, row)))?)
    }

    /// The row for a job with this checkout; `None` when it is known already, and stays that of
    /// the checkout that it was given, or when there is no such checkout.
    fn new_row(
        &self,
        checkout: &CheckoutPath,
        known: Option<&JobRow>,
    ) -> Result<Option<JobRow>, LookupError> {
        if known.is_some_and(|row| row.checkout == *checkout) {
            return Ok(None);
        }
        let mark = self.store.checkout_mark(checkout)?;
        Ok(mark.map(|mark| JobRow { checkout: checkout.clone(), mark }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_job_names_a_checkout_in_any_spelling() {
        let checkout = "Projekt/Schu\u{df} \u{e4}".parse().unwrap();
        let names = |text: &str| {
            let texts = vec![ListedJob::as_path(text)];
            ListedJob::any_names(
                &[ListedJob { id: String::new(), checkout: None, texts }],
                &checkout,
            )
        };
        for text in [
            "Projekt/Schu\u{df} \u{e4}",
            "{jobs}/Projekt/Schu\u{df} \u{e4}/scene.blend",
            "{jobs}\\Projekt\\Schu\u{df} \u{e4}\\scene.blend",
            "/mnt/jobs/projekt/SCHU\u{df} a\u{308}/scene.blend",
            "/mnt/jobs//Projekt/./Schu\u{df} \u{e4}/",
        ] {
            assert!(names(text), "{text}");
        }
        for text in
            ["Projekt/Schu\u{df} \u{e4}2", "MeinProjekt/Schu\u{df} \u{e4}/a", "Projekt/a", ""]
        {
            assert!(!names(text), "{text}");
        }
    }
}
