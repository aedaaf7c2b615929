//! Files to blob refs, in parallel.
//!
//! ```text
//!  path ── stat ──► fingerprint ── cache ──► blob ref         a file that we know: one stat
//!                                    │
//!                                    └─ read ──► blob ref     else all of it, 256 KiB at a time
//! ```
//!
//! Promise: a blob ref is the name of bytes that were in the file, all at one time, while its
//! fingerprint was the one that stands beside it.

mod cache;
mod codec;
mod fingerprint;
mod read;

use std::collections::VecDeque;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::SystemTime;

use rayon::iter::{ParallelBridge as _, ParallelIterator as _};
use shaman_proto::BlobRef;

pub use cache::{CacheError, HashCache};
pub use fingerprint::Fingerprint;

use crate::progress::{Event, Phase, Progress};
use crate::stop::Stop;

/// What a file was when somebody looked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Hashed {
    /// The name of its content.
    pub blob: BlobRef,
    /// What the file system said about it then.
    pub fingerprint: Fingerprint,
}

/// Why a file has no name.
#[derive(Debug, thiserror::Error)]
pub enum HashError {
    /// It was there before.
    #[error("`{}` vanished while it was being submitted; submit again", .0.display())]
    Vanished(PathBuf),
    /// It is there, but.
    #[error("cannot read `{}`", path.display())]
    Unreadable {
        /// Which file.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// Somebody writes it all the time.
    #[error("`{}` keeps changing while it is read; submit again when it is finished", .0.display())]
    Busy(PathBuf),
    /// A directory, a device or the like.
    #[error("`{}` is not a file that can be uploaded", .0.display())]
    NotAFile(PathBuf),
}

impl HashError {
    /// What a failed attempt to open or read a file means.
    pub(crate) fn reading(path: &Path, source: io::Error) -> Self {
        let path = path.to_owned();
        match source.kind() {
            io::ErrorKind::NotFound => Self::Vanished(path),
            _ => Self::Unreadable { path, source },
        }
    }
}

/// Where the time comes from.
pub type Clock = fn() -> SystemTime;

/// Names files by their content, with the help of what was learnt before.
#[derive(Clone, Copy)]
pub struct Hasher<'a> {
    /// What is known from before.
    pub cache: &'a HashCache,
    /// For telling files that were written just now.
    pub clock: Clock,
    /// Hears of files and bytes that became ready.
    pub progress: &'a dyn Progress,
}

impl Hasher<'_> {
    /// Gives the names of all files, in the order of `files`, on all cores; largest first, so that
    /// no core is left with a large one at the end. Fails with the first file that fails.
    pub fn all(self, files: &[(&Path, u64)]) -> Result<Vec<Hashed>, HashError> {
        let mut order: Vec<usize> = (0..files.len()).collect();
        order.sort_by_key(|&at| std::cmp::Reverse(files[at].1));
        let mut hashed: Vec<(usize, Hashed)> = order
            .into_iter()
            .par_bridge()
            .map(|at| Ok((at, self.one(files[at].0)?)))
            .collect::<Result<_, HashError>>()?;
        hashed.sort_unstable_by_key(|(at, _)| *at);
        Ok(hashed.into_iter().map(|(_, hashed)| hashed).collect())
    }

    /// Gives the name of one file.
    pub fn one(self, path: &Path) -> Result<Hashed, HashError> {
        let metadata =
            std::fs::metadata(path).map_err(|source| HashError::reading(path, source))?;
        match self.cache.known_by(path, &metadata) {
            Some(hashed) => {
                self.advance(1, hashed.blob.size.bytes());
                Ok(hashed)
            }
            None => self.anew(path),
        }
    }

    /// Gives the name of one file by reading it, whatever the cache says.
    pub fn anew(self, path: &Path) -> Result<Hashed, HashError> {
        let began = (self.clock)();
        let hashed = read::read(path, &|bytes| {
            if let Ok(bytes) = u64::try_from(bytes) {
                self.advance(0, bytes);
            } else {
                let bytes = bytes.unsigned_abs();
                self.progress.tell(Event::Rewound { phase: Phase::Hash, bytes });
            }
        })?;
        self.advance(1, 0);
        self.cache.learn(path, &hashed, began);
        Ok(hashed)
    }

    fn advance(self, files: u64, bytes: u64) {
        self.progress.tell(Event::Advanced { phase: Phase::Hash, files, bytes });
    }
}

/// Does the work of each file, which has so many bytes, on all cores; in turn a small and a large one,
/// so that something is there at once and no core is left with a large one at the end. Ends with the
/// first that fails, and between files once `stop` is asked.
pub fn in_turn<E: Send>(
    sizes: &[u64],
    stop: &Stop,
    work: impl Fn(usize) -> Result<(), E> + Sync,
) -> Result<(), E> {
    let mut by_size: Vec<usize> = (0..sizes.len()).collect();
    by_size.sort_by_key(|&at| sizes[at]);
    let mut by_size = VecDeque::from(by_size);
    let mut is_small = false;
    let next = std::iter::from_fn(|| {
        is_small = !is_small;
        if is_small { by_size.pop_front() } else { by_size.pop_back() }
    });
    let order: Vec<usize> = next.collect();
    let taken = AtomicUsize::new(0);
    // No iterator of rayon's: what shares one among threads has them wait for each other, which
    // takes as long as a small file does.
    let ended = rayon::broadcast(|_| {
        while let Some(&at) = order.get(taken.fetch_add(1, Ordering::Relaxed)) {
            if stop.is_asked() {
                break;
            }
            // After a failure nobody takes a further one.
            work(at).inspect_err(|_| taken.store(order.len(), Ordering::Relaxed))?;
        }
        Ok(())
    });
    ended.into_iter().collect()
}

impl std::fmt::Debug for Hasher<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Hasher").field("cache", self.cache).finish_non_exhaustive()
    }
}
