//! Names of files, as they become known.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

use crate::hash::{Clock, HashCache, HashError, Hashed, Hasher};
use crate::pack::Job;
use crate::progress::{Event, Listener, Phase};
use crate::stop::Stop;
use crate::threads::on_a_thread;

/// What hashes, on threads of its own.
#[derive(Clone)]
pub(super) struct Names {
    pub(super) cache: Arc<HashCache>,
    pub(super) clock: Clock,
    pub(super) progress: Listener,
}

impl Names {
    /// The names of all files, if every one is known from before.
    pub(super) async fn all_known(&self, job: &Job) -> Option<Vec<Hashed>> {
        let (names, files) = (self.clone(), files(job));
        let known = on_a_thread(move || names.hasher().all_known(&borrowed(&files))).await?;
        let bytes = known.iter().map(|hashed| hashed.blob.size.bytes()).sum();
        let (phase, files) = (Phase::Hash, known.len() as u64);
        self.progress.tell(Event::Began { phase, files, bytes });
        self.progress.tell(Event::Advanced { phase, files, bytes });
        self.progress.tell(Event::Ended { phase });
        Some(known)
    }

    /// Begins to hash all files. The channel ends when all are, or one cannot be; which of these it
    /// was the future says.
    pub(super) fn begin(
        &self,
        job: &Job,
        stop: &Stop,
    ) -> (UnboundedReceiver<(usize, Hashed)>, impl Future<Output = Result<(), HashError>> + use<>)
    {
        let (names, files, stop) = (self.clone(), files(job), stop.clone());
        let (tell, known) = unbounded_channel();
        let hashing = on_a_thread(move || {
            let (phase, bytes) = (Phase::Hash, files.iter().map(|(_, size)| size).sum());
            names.progress.tell(Event::Began { phase, files: files.len() as u64, bytes });
            let ended = names.hasher().each(&borrowed(&files), &stop, |at, hashed| {
                if tell.send((at, hashed)).is_err() {
                    // Nobody listens: the submit has ended.
                    stop.ask();
                }
            });
            names.progress.tell(Event::Ended { phase });
            ended
        });
        (known, hashing)
    }

    /// The name of a file that changed.
    pub(super) async fn anew(&self, path: &Path) -> Result<Hashed, HashError> {
        let (names, path) = (self.clone(), path.to_owned());
        on_a_thread(move || names.hasher().anew(&path)).await
    }

    fn hasher(&self) -> Hasher<'_> {
        Hasher { cache: &self.cache, clock: self.clock, progress: &*self.progress }
    }
}

fn files(job: &Job) -> Vec<(PathBuf, u64)> {
    job.files.iter().map(|file| (file.path.clone(), file.size)).collect()
}

fn borrowed(files: &[(PathBuf, u64)]) -> Vec<(&Path, u64)> {
    files.iter().map(|(path, size)| (path.as_path(), *size)).collect()
}
