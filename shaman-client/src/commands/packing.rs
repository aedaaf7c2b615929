//! From a trace to the files that go along, with what a person hears of it.

use std::path::Path;
use std::sync::Arc;

use crate::cli::CacheArgs;
use crate::hash::{HashCache, Hasher};
use crate::pack::{self, Job, Plan, Shelf};
use crate::progress::{Event, Listener};

use super::sending::CLOCK;

/// A job, and what holds its rewritten files.
#[derive(Debug)]
pub(super) struct Ready {
    pub(super) job: Job,
    /// Without a cache directory they go when this does.
    shelf: Arc<Shelf>,
}

impl Ready {
    /// The directory in which all rewritten files are.
    pub(super) fn shelf(&self) -> &Path {
        self.shelf.dir()
    }
}

/// Writes the .blend files that have to say something else in the pack.
pub(super) fn ready(plan: Plan, cache: &CacheArgs, listener: &Listener) -> anyhow::Result<Ready> {
    let (dir, rewritten) = (cache.dir(), plan.rewritten());
    let shelf = shelf(cache);
    tell(&plan, listener);
    let known = dir.filter(|_| rewritten > 0);
    let known = known.map_or_else(HashCache::none, |dir| HashCache::open(&dir, CLOCK()));
    let hasher = Hasher { cache: &known, clock: CLOCK, progress: &crate::progress::Silence };
    let ended = pack::rewrite(plan, Arc::clone(&shelf), hasher, listener);
    if let Err(error) = known.save(CLOCK()) {
        listener.tell(Event::Warning(format!("{:#}", anyhow::Error::from(error))));
    }
    Ok(Ready { job: ended?, shelf })
}

/// Where copies are kept.
pub(super) fn shelf(cache: &CacheArgs) -> Arc<Shelf> {
    Arc::new(Shelf::open(cache.dir().as_deref()))
}

/// Says what of the pack is not as in the project.
pub(super) fn tell(plan: &Plan, listener: &Listener) {
    let (outside, rewritten) = (plan.outside, plan.rewritten());
    if outside + rewritten > 0 {
        listener.tell(Event::Note(format!(
            "{} outside the project, below `{}` in the pack; {} with other paths than on disk",
            count(outside, "file"),
            pack::OUTSIDE,
            count(rewritten, ".blend file")
        )));
    }
}

fn count(number: usize, thing: &str) -> String {
    if number == 1 { format!("1 {thing}") } else { format!("{number} {thing}s") }
}
