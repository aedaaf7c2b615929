//! From a trace to a job: the place of every file, and what changes in each .blend.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use super::gather::GatherError;
use super::layout::Layout;
use super::relink::{self, Changes, Needs, default_place, spelled};
use super::{Job, Packed};
use crate::trace::{Lead, Trace};

/// A job whose .blend files are not all written yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    pub(super) job: Job,
    pub(super) rewrites: Vec<Rewrite>,
    /// Sentences about what will not be found in the pack.
    pub warnings: Vec<String>,
    /// How many of the files come from outside of the project.
    pub outside: usize,
}

/// A .blend that has to say something else in the pack.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Rewrite {
    /// Its place among the job's files.
    pub(super) at: usize,
    /// Its size and time when it was traced.
    pub(super) seen: Option<(u64, SystemTime)>,
    pub(super) changes: Changes,
}

impl From<Job> for Plan {
    /// All files go as they are.
    fn from(job: Job) -> Self {
        Self { job, rewrites: Vec::new(), warnings: Vec::new(), outside: 0 }
    }
}

impl Plan {
    /// The place of the file to render.
    pub fn blend(&self) -> Option<String> {
        self.job.blend.clone()
    }

    /// How many .blend files have to say something else in the pack.
    pub fn rewritten(&self) -> usize {
        self.rewrites.len()
    }
}

/// Plans the pack of a traced .blend. Files that are missing are left out.
///
/// A file may be there at more than one place, where one of its users needs a whole directory and
/// another one the file alone: so neither place depends on the other user.
pub fn from_trace(trace: &Trace, name: String) -> Result<Plan, GatherError> {
    let layout = Layout { root: &trace.root };
    let blend = default_place(&trace.blend, layout);
    let mut places = Places::default();
    places.put(&Lead { path: trace.blend.clone(), asked: trace.blend.clone() }, blend.clone())?;
    let mut warnings = BTreeSet::new();
    let mut changed = BTreeMap::new();
    while let Some((asked, place)) = places.left.pop() {
        let Some(referring) = trace.referring.get(&asked) else { continue };
        let here = place.rsplit_once('/').map_or("", |(dir, _)| dir);
        let mut needs = Needs::default();
        let changes = relink::relink(referring, here, layout, &mut needs);
        for (file, place) in needs.files {
            places.put(&file, place)?;
        }
        warnings.extend(needs.warnings);
        if !changes.is_empty() {
            changed.insert(place, (referring.seen, changes));
        }
    }
    // Nothing that was found is ever left out, whoever asked for it.
    for file in &trace.files {
        if !places.known.contains(&file.asked) {
            let file = Lead { path: file.path.clone(), asked: file.asked.clone() };
            places.put(&file, default_place(spelled(&file, layout), layout))?;
        }
    }
    let sizes: BTreeMap<&Path, u64> =
        trace.files.iter().map(|file| (file.path.as_path(), file.size)).collect();
    let mut files = Vec::with_capacity(places.all.len());
    let mut rewrites = Vec::new();
    let mut outside = 0;
    for (in_pack, path) in places.all {
        let size = sizes.get(path.as_path()).copied().unwrap_or(0);
        outside += usize::from(!layout.is_inside(&path));
        if let Some((seen, changes)) = changed.remove(&in_pack) {
            rewrites.push(Rewrite { at: files.len(), seen, changes });
        }
        files.push(Packed { path, in_pack, size });
    }
    let job = Job { files, blend: Some(blend), name };
    Ok(Plan { job, rewrites, warnings: warnings.into_iter().collect(), outside })
}

/// The places given so far.
#[derive(Default)]
struct Places {
    all: BTreeMap<String, PathBuf>,
    /// Those that have a place, as they are asked for.
    known: BTreeSet<PathBuf>,
    /// Those whose own needs were not looked at, as they are asked for.
    left: Vec<(PathBuf, String)>,
}

impl Places {
    fn put(&mut self, file: &Lead, place: String) -> Result<(), GatherError> {
        let Lead { path, asked } = file;
        match self.all.entry(place) {
            Entry::Vacant(free) => {
                self.left.push((asked.clone(), free.key().clone()));
                free.insert(path.clone());
                self.known.insert(asked.clone());
            }
            Entry::Occupied(taken) if taken.get() != path => {
                let (one, other) = (taken.get().clone(), path.clone());
                return Err(GatherError::Clash { place: taken.key().clone(), one, other });
            }
            Entry::Occupied(_) => {}
        }
        Ok(())
    }
}
