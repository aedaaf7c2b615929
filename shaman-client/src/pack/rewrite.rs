//! From a plan to a job: the .blend files are written that have to say something else in the pack.

use std::io;
use std::path::{Path, PathBuf};

use rayon::iter::{IntoParallelRefIterator as _, ParallelIterator as _};
use sha2::{Digest as _, Sha256};
use shaman_proto::Digest;

use super::Job;
use super::plan::{Plan, Rewrite};
use super::relink::{Changes, PackedChanges};
use super::shelf::Shelf;
use crate::blend::{self, BlendError, Edit, NoRoom, Source, WriteError};
use crate::hash::{HashError, Hasher};
use crate::progress::{Event, Listener, Phase};
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
    shelf: &Shelf,
    hasher: Hasher<'_>,
    progress: &Listener,
) -> Result<Job, RewriteError> {
    let Plan { mut job, rewrites, warnings, .. } = plan;
    for warning in warnings {
        progress.tell(Event::Warning(warning));
    }
    if rewrites.is_empty() {
        return Ok(job);
    }
    let phase = Phase::Rewrite;
    let sizes = rewrites.iter().map(|rewrite| job.files[rewrite.at].size).sum();
    progress.tell(Event::Began { phase, files: rewrites.len() as u64, bytes: sizes });
    let written: Vec<(usize, PathBuf, u64)> = rewrites
        .par_iter()
        .map(|rewrite| {
            let file = &job.files[rewrite.at];
            let path = match one(&file.path, rewrite, shelf, hasher) {
                // Blender may read more of it than we do; it was warned of when it was traced, too.
                Err(RewriteError::File { path, source }) if source.is_damage() => {
                    progress.tell(Event::Warning(format!(
                        "`{}` goes along with the paths it has: {source}",
                        path.display()
                    )));
                    path
                }
                other => other?,
            };
            let reading = |source| HashError::reading(&path, source);
            let size = path.metadata().map_err(reading)?.len();
            progress.tell(Event::Advanced { phase, files: 1, bytes: file.size });
            Ok((rewrite.at, path, size))
        })
        .collect::<Result<_, RewriteError>>()?;
    for (at, path, size) in written {
        let file = &mut job.files[at];
        (file.path, file.size) = (path, size);
    }
    shelf.trim((hasher.clock)());
    progress.tell(Event::Ended { phase });
    Ok(job)
}

fn one(
    path: &Path,
    rewrite: &Rewrite,
    shelf: &Shelf,
    hasher: Hasher<'_>,
) -> Result<PathBuf, RewriteError> {
    let failed = |source| RewriteError::File { path: path.to_owned(), source };
    // The places of all changes were found in what the file was then.
    let is_same = || rewrite.seen.is_none() || trace::seen(path) == rewrite.seen;
    let changed = || failed(WriteError::Changed.into());
    if !is_same() {
        return Err(changed());
    }
    let source = hasher.one(path)?.blob.digest;
    let key = key(source, &rewrite.changes);
    let copy = shelf.file(&key, |out| {
        let file = Source::File(path.to_owned());
        let splices = blend::splices(rewrite.changes.heads, &edits(&file, &rewrite.changes)?)?;
        blend::write(&file, &splices, out)?;
        // Before it gets its name, which says what it was made from.
        if is_same() { Ok(()) } else { Err(Fault::Write(WriteError::Changed)) }
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
