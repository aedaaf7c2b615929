//! From a plan to a job: the .blend files are written that have to say something else in the pack.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use rayon::iter::{IntoParallelIterator as _, ParallelIterator as _};
use sha2::{Digest as _, Sha256};
use shaman_proto::Digest;

use super::Job;
use super::plan::{Plan, Rewrite};
use super::relink::{Changes, PackedChanges};
use super::shelf::Shelf;
use crate::blend::{self, BlendError, Edit, NoRoom, Source, WriteError};
use crate::hash::{Clock, HashCache, HashError, Hasher};
use crate::progress::{Event, Listener, Phase, Silence};
use crate::trace;

/// Why there is no pack. The project is as it was.
#[derive(Debug, thiserror::Error)]
pub enum RewriteError {
    /// One of its .blend files.
    #[error("cannot put `{}` into the pack", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// Why not.
        source: Fault,
    },
    /// It could not be hashed.
    #[error(transparent)]
    Hash(#[from] HashError),
}

/// What went wrong with one .blend.
#[derive(Debug, thiserror::Error)]
pub enum Fault {
    /// Reading or writing it.
    #[error(transparent)]
    Write(#[from] WriteError),
    /// A library in it.
    #[error(transparent)]
    Blend(#[from] BlendError),
    /// Too many bytes for its format.
    #[error(transparent)]
    NoRoom(#[from] NoRoom),
    /// The cache.
    #[error("the client's cache cannot hold a copy of it; is the disk full?")]
    Shelf(#[from] io::Error),
}

impl Fault {
    /// Tells whether it is the file's own, and would be the same next time.
    fn is_damage(&self) -> bool {
        matches!(self, Self::Write(WriteError::Damaged) | Self::NoRoom(_) | Self::Blend(_))
    }
}

/// Writes all .blend files that have to change, or finds them where they were written before.
///
/// In the job their paths are those of the copies on the shelf.
pub fn rewrite(
    plan: Plan,
    shelf: Arc<Shelf>,
    hasher: Hasher<'_>,
    progress: &Listener,
) -> Result<Job, RewriteError> {
    let (mut job, copies) = Copies::of(plan, shelf, progress);
    let write = |at| copies.write(at, &job.files[at].path, hasher, progress);
    let written: Vec<(usize, Option<PathBuf>)> = copies
        .places()
        .into_par_iter()
        .map(|at| Ok((at, write(at)?)))
        .collect::<Result<_, RewriteError>>()?;
    for (at, path) in written {
        let Some(path) = path else { continue };
        let file = &mut job.files[at];
        let reading = |source| HashError::reading(&path, source);
        (file.size, file.path) = (path.metadata().map_err(reading)?.len(), path);
    }
    Ok(job)
}

/// Copies of a job's .blend files that say something else in the pack, to be written one by one.
#[derive(Debug)]
pub(crate) struct Copies {
    wanted: BTreeMap<usize, Rewrite>,
    shelf: Arc<Shelf>,
    left: AtomicUsize,
}

impl Copies {
    /// The job of a plan, its files being where they are, and the copies that have to take their
    /// place. Tells what the plan warns of, and that the writing begins.
    pub(crate) fn of(plan: Plan, shelf: Arc<Shelf>, progress: &Listener) -> (Job, Self) {
        let Plan { job, rewrites, warnings, .. } = plan;
        for warning in warnings {
            progress.tell(Event::Warning(warning));
        }
        let files = rewrites.len();
        if files > 0 {
            let bytes = rewrites.iter().map(|rewrite| job.files[rewrite.at].size).sum();
            let (phase, files) = (Phase::Rewrite, files as u64);
            progress.tell(Event::Began { phase, files, bytes });
        }
        let wanted = rewrites.into_iter().map(|rewrite| (rewrite.at, rewrite)).collect();
        (job, Self { wanted, shelf, left: AtomicUsize::new(files) })
    }

    /// The places in the job of files that have to be copied.
    pub(crate) fn places(&self) -> Vec<usize> {
        self.wanted.keys().copied().collect()
    }

    /// Whether the file at this place has to be copied.
    pub(crate) fn is_wanted(&self, at: usize) -> bool {
        self.wanted.contains_key(&at)
    }

    /// Where the copy of this file is if it was written before; reads nothing but the cache.
    pub(crate) fn known(&self, at: usize, path: &Path, cache: &HashCache) -> Option<PathBuf> {
        let rewrite = self.wanted.get(&at)?;
        let source = cache.known(path)?;
        if !is_same(path, rewrite) {
            return None;
        }
        self.shelf.find(&key(source.blob.digest, &rewrite.changes))
    }

    /// Writes the copy of the file at this place, or finds it where it was written before. `None`:
    /// the file goes along as it is.
    pub(crate) fn write(
        &self,
        at: usize,
        path: &Path,
        hasher: Hasher<'_>,
        progress: &Listener,
    ) -> Result<Option<PathBuf>, RewriteError> {
        let Some(rewrite) = self.wanted.get(&at) else { return Ok(None) };
        let bytes = path.metadata().map_or(0, |metadata| metadata.len());
        let copy = match one(path, rewrite, &self.shelf, hasher) {
            // Blender may read more of it than we do; it was warned of when it was traced, too.
            Err(RewriteError::File { path, source }) if source.is_damage() => {
                progress.tell(Event::Warning(format!(
                    "`{}` goes along with the paths it has: {source}",
                    path.display()
                )));
                None
            }
            other => Some(other?),
        };
        let phase = Phase::Rewrite;
        progress.tell(Event::Advanced { phase, files: 1, bytes });
        if self.left.fetch_sub(1, Ordering::Relaxed) == 1 {
            self.end(hasher.clock, progress);
        }
        Ok(copy)
    }

    /// All are written, or were found: the shelf is made no larger than it may be.
    pub(crate) fn end(&self, clock: Clock, progress: &Listener) {
        if !self.wanted.is_empty() {
            self.shelf.trim(clock());
            progress.tell(Event::Ended { phase: Phase::Rewrite });
        }
    }
}

/// Whether a file is what it was when it was traced: there the places of all changes were found.
fn is_same(path: &Path, rewrite: &Rewrite) -> bool {
    rewrite.seen.is_none() || trace::seen(path) == rewrite.seen
}

fn one(
    path: &Path,
    rewrite: &Rewrite,
    shelf: &Shelf,
    hasher: Hasher<'_>,
) -> Result<PathBuf, RewriteError> {
    let failed = |source| RewriteError::File { path: path.to_owned(), source };
    if !is_same(path, rewrite) {
        return Err(failed(WriteError::Changed.into()));
    }
    let source = Hasher { progress: &Silence, ..hasher }.one(path)?.blob.digest;
    let key = key(source, &rewrite.changes);
    let copy = shelf.file(&key, |out| {
        let file = Source::File(path.to_owned());
        let splices = blend::splices(rewrite.changes.heads, &edits(&file, &rewrite.changes)?)?;
        blend::write(&file, &splices, out)?;
        // Before it gets its name, which says what it was made from.
        if is_same(path, rewrite) { Ok(()) } else { Err(Fault::Write(WriteError::Changed)) }
    });
    copy.map_err(failed)
}

/// The name of what becomes of a file by some changes.
fn key(source: Digest, changes: &Changes) -> String {
    let mut hasher = Sha256::new_with_prefix(source.to_string());
    hasher.update(format!("{changes:?}"));
    Digest::from_bytes(hasher.finalize().into()).to_string()
}

/// Gives all edits of a file, having changed the libraries that are packed into it.
fn edits(file: &Source, changes: &Changes) -> Result<Vec<Edit>, Fault> {
    let mut edits = changes.edits.clone();
    for PackedChanges { data, size, changes: inside } in &changes.packed {
        let bytes = blend::block(file, changes.heads, data)?;
        let old_size = bytes.len() as u64;
        let source = Source::Bytes(bytes);
        let splices = blend::splices(inside.heads, &self::edits(&source, inside)?)?;
        let mut new = Vec::new();
        blend::write(&source, &splices, &mut new)?;
        edits.push(Edit::Packed { data: *data, size: *size, old_size, new });
    }
    Ok(edits)
}
