//! Names of files, as they become known; copies of .blend files are written on the way.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use rayon::iter::{IntoParallelIterator as _, ParallelIterator as _};

use crate::hash::{Clock, HashCache, HashError, Hashed, Hasher, in_turn};
use crate::pack::{Copies, Job, RewriteError};
use crate::progress::{Event, Listener, Phase};
use crate::stop::Stop;
use crate::threads::on_a_thread;

/// What became of a file.
#[derive(Debug)]
pub(super) struct Named {
    /// Its position.
    pub(super) at: usize,
    /// The copy that goes in its place, if one does.
    pub(super) copy: Option<PathBuf>,
    pub(super) hashed: Hashed,
}

/// What hashes, on threads of its own.
#[derive(Clone)]
pub(super) struct Names {
    pub(super) cache: Arc<HashCache>,
    pub(super) clock: Clock,
    pub(super) copies: Arc<Copies>,
    pub(super) progress: Listener,
}

impl Names {
    /// The names of all files, if every one is known from before.
    pub(super) async fn all_known(&self, job: &Job) -> Option<Vec<Named>> {
        let (names, files) = (self.clone(), paths(job));
        let known = on_a_thread(move || {
            let known = |at: usize| names.known(at, &files[at]);
            (0..files.len()).into_par_iter().map(known).collect::<Option<Vec<Named>>>()
        })
        .await?;
        self.copies.end(self.clock, &self.progress);
        let bytes = known.iter().map(|named| named.hashed.blob.size.bytes()).sum();
        let (phase, files) = (Phase::Hash, known.len() as u64);
        self.progress.tell(Event::Began { phase, files, bytes });
        self.progress.tell(Event::Advanced { phase, files, bytes });
        self.progress.tell(Event::Ended { phase });
        Some(known)
    }

    /// The name of one file, if it is known from before, and that of its copy if it needs one.
    fn known(&self, at: usize, path: &Path) -> Option<Named> {
        let copy = if self.copies.is_wanted(at) {
            Some(self.copies.known(at, path, &self.cache)?)
        } else {
            None
        };
        let hashed = self.cache.known(copy.as_deref().unwrap_or(path))?;
        Some(Named { at, copy, hashed })
    }

    /// Begins to hash all files, and to write those that have to be copied. Names gather as they
    /// become known; whether all could be hashed the future says.
    pub(super) fn begin(
        &self,
        job: &Job,
        stop: &Stop,
    ) -> (Arc<Gathered>, impl Future<Output = Result<(), RewriteError>> + use<>) {
        let (names, files, stop) = (self.clone(), paths(job), stop.clone());
        let sizes: Vec<u64> = job.files.iter().map(|file| file.size).collect();
        let gathered = Arc::new(Gathered::default());
        let known = Arc::clone(&gathered);
        let hashing = on_a_thread(move || {
            let (phase, bytes) = (Phase::Hash, sizes.iter().sum());
            names.progress.tell(Event::Began { phase, files: files.len() as u64, bytes });
            // What has to be written takes longest.
            let weight = |(at, size)| if names.copies.is_wanted(at) { u64::MAX } else { size };
            let weights: Vec<u64> = sizes.into_iter().enumerate().map(weight).collect();
            let ended = in_turn(&weights, &stop, |at| {
                known.add(names.name(at, &files[at])?);
                Ok(())
            });
            names.progress.tell(Event::Ended { phase });
            ended
        });
        (gathered, hashing)
    }

    /// Names a file, or the copy that goes in its place.
    fn name(&self, at: usize, path: &Path) -> Result<Named, RewriteError> {
        let hasher = self.hasher();
        let copy = self.copies.write(at, path, hasher, &self.progress)?;
        let hashed = hasher.one(copy.as_deref().unwrap_or(path))?;
        if let Some(copy) = &copy {
            // Its name says all that is in it, and it got that when it was complete.
            self.cache.keep(copy, &hashed);
        }
        Ok(Named { at, copy, hashed })
    }

    /// The name of a file that changed.
    pub(super) async fn anew(&self, path: &Path) -> Result<Hashed, HashError> {
        let (names, path) = (self.clone(), path.to_owned());
        on_a_thread(move || names.hasher().anew(&path)).await
    }

    pub(super) fn hasher(&self) -> Hasher<'_> {
        Hasher { cache: &self.cache, clock: self.clock, progress: &*self.progress }
    }
}

/// Names on their way. Nobody is woken for one: that costs as much as a small file.
#[derive(Debug, Default)]
pub(super) struct Gathered(Mutex<Vec<Named>>);

impl Gathered {
    fn add(&self, named: Named) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(named);
    }

    /// Those that became known since the last time.
    pub(super) fn take(&self) -> Vec<Named> {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

fn paths(job: &Job) -> Vec<PathBuf> {
    job.files.iter().map(|file| file.path.clone()).collect()
}
