//! A pack as a directory, made of a trace without any server.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use shaman_client::hash::{HashCache, Hasher};
use shaman_client::pack::{self, Job, Shelf};
use shaman_client::progress::{Event, Progress, Silence};
use shaman_client::trace::{self, Trace};
use tempfile::TempDir;

use crate::support::is_blend;

/// A directory with the files of a job.
pub(crate) struct Pack {
    dir: TempDir,
    pub(crate) blend: PathBuf,
    /// Places.
    pub(crate) files: Vec<String>,
}

/// Fails at the first warning.
struct Strict;

impl Progress for Strict {
    fn tell(&self, event: Event) {
        assert!(!matches!(event, Event::Warning(_)), "{event:?}");
    }
}

/// Gives the job of a trace; its rewritten files are below `cache`.
pub(crate) fn job(trace: &Trace, cache: &Path) -> Job {
    let plan = pack::from_trace(trace, "job".into()).unwrap();
    let known = HashCache::none();
    let hasher = Hasher { cache: &known, clock: SystemTime::now, progress: &Silence };
    let strict: Arc<dyn Progress> = Arc::new(Strict);
    pack::rewrite(plan, Shelf::open(Some(cache)).into(), hasher, &strict).unwrap()
}

impl Pack {
    pub(crate) fn of(trace: &Trace) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let cache = tempfile::tempdir().unwrap();
        let job = job(trace, cache.path());
        for file in &job.files {
            let to = dir.path().join(&file.in_pack);
            std::fs::create_dir_all(to.parent().unwrap()).unwrap();
            std::fs::copy(&file.path, &to).unwrap();
            assert_eq!(to.metadata().unwrap().len(), file.size, "{}", file.in_pack);
        }
        let blend = dir.path().join(job.blend.unwrap());
        Self { dir, blend, files: job.files.into_iter().map(|file| file.in_pack).collect() }
    }

    pub(crate) fn path(&self) -> &Path {
        self.dir.path()
    }

    /// Traces the .blend in the pack: every file must be in the pack, and none must be there that
    /// nobody asks for.
    pub(crate) fn trace(&self) -> Trace {
        let trace = trace::trace(&self.blend, Some(self.path())).unwrap();
        let mut found: Vec<_> = trace.files.iter().map(|file| file.in_pack.clone()).collect();
        found.sort();
        let mut packed: Vec<_> = self.files.iter().cloned().map(Some).collect();
        packed.sort();
        assert_eq!(found, packed, "{:?}", trace.missing);
        trace
    }

    /// The bytes of all files but .blend files, by their places.
    pub(crate) fn bytes(&self) -> BTreeMap<&str, Vec<u8>> {
        let others = self.files.iter().filter(|place| !is_blend(place));
        others
            .map(|place| (place.as_str(), std::fs::read(self.path().join(place)).unwrap()))
            .collect()
    }
}
