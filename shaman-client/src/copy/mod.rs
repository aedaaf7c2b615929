//! A job's files as a copy of their own: a tree below the shared storage or elsewhere, or an archive.
//!
//! ```text
//!  location/.shaman-copy-x1y2z3/tex/a.png …     built aside, where nobody looks
//!        │ rename
//!  location/2026-11-24-081502-shot_010/tex/a.png …
//! ```
//!
//! Promise: what has its final name is complete, and each file in it is what stood on disk at one
//! moment. When it fails, or is stopped, nothing is left behind; when it is killed, the next one there
//! takes away what was.
#![expect(clippy::disallowed_methods, reason = "this layer owns the tree that it builds and names")]

mod archive;
mod file;
mod manifest;

pub use archive::{Archive, Deflate, archive};

use std::collections::BTreeSet;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use rayon::iter::{IntoParallelRefIterator as _, ParallelIterator as _};
use shaman_proto::limits::COMPONENT_BYTES_MAX;
use shaman_proto::{CheckoutPath, MANIFEST_FILE, Manifest, ManifestEntry, ManifestError};

use crate::aside::{self, Aside};
use crate::hash::{Clock, HashCache, HashError, Hasher};
use crate::pack::{Job, Packed};
use crate::progress::{Event, Listener, Phase, Silence};

/// Copies of one name in one second, before something must be wrong.
const SUFFIXES_MAX: u32 = 100;

/// Why there is no copy. Nothing is left of it.
#[derive(Debug, thiserror::Error)]
pub enum CopyError {
    /// The storage.
    #[error("cannot make the directory `{}`", path.display())]
    Place {
        /// Which directory.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// A file.
    #[error("cannot copy `{}` to `{}`", from.display(), to.display())]
    File {
        /// Which.
        from: PathBuf,
        /// Where to.
        to: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// A file that is not what it was.
    #[error(transparent)]
    Source(#[from] HashError),
    /// Something is where the copy should be.
    #[error("`{}` is there already and is not replaced; choose another place", .0.display())]
    Taken(PathBuf),
    /// Files that cannot stand in one directory.
    #[error(transparent)]
    Manifest(#[from] ManifestError),
    /// Somebody pressed Ctrl-C.
    #[error("stopped; nothing of the copy was left behind")]
    Stopped,
}

/// A copy to make.
#[derive(Debug, Clone, Copy)]
pub struct Order<'a> {
    /// What to copy.
    pub job: &'a Job,
    /// Where the copy goes.
    pub place: Place<'a>,
    /// Whether the copy gets a manifest, with which `shaman verify` can tell that it is complete.
    pub manifest: WithManifest,
    /// What a file of the copy is.
    pub means: Means<'a>,
}

/// Where a copy goes.
#[derive(Debug, Clone, Copy)]
pub enum Place<'a> {
    /// Into a directory that is there, under this name; gets a suffix when that is taken.
    Below(&'a Path, &'a CheckoutPath),
    /// To this path, which must be free, with this name in its manifest.
    At(&'a Path, &'a CheckoutPath),
}

impl<'a> Place<'a> {
    /// The directory in which the copy gets its name.
    fn parent(self) -> &'a Path {
        match self {
            Self::Below(location, _) => location,
            Self::At(path, _) => match path.parent() {
                Some(parent) if parent != Path::new("") => parent,
                _ => Path::new("."),
            },
        }
    }
}

/// What a file of a copy is.
#[derive(Debug, Clone, Copy)]
pub enum Means<'a> {
    /// Blocks of its own, or shared with the original until one of them changes.
    Copy,
    /// Another name of the original, where the file system can; but not of what lies below this
    /// directory.
    LinkUnlessBelow(&'a Path),
}

/// Whether a copy gets a manifest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WithManifest {
    /// Its files are hashed, which means reading them.
    Yes,
    /// The quicker way.
    No,
}

/// Makes the copy and gives its directory. Stops between files, and between pieces of large ones,
/// once `stop` is set.
pub fn copy(
    order: Order<'_>,
    clock: Clock,
    stop: &AtomicBool,
    progress: &Listener,
) -> Result<PathBuf, CopyError> {
    let Order { job, place, manifest, means } = order;
    if let Place::At(path, _) = place {
        refuse_taken(path)?;
    }
    aside::clear(place.parent());
    let half = begin(place.parent())?;
    let bytes = job.files.iter().map(|file| file.size).sum();
    let phase = Phase::Copy;
    progress.tell(Event::Began { phase, files: job.files.len() as u64, bytes });
    directories(&job.files, half.path())?;
    job.files.par_iter().try_for_each(|packed| {
        let to = half.path().join(&packed.in_pack);
        file::copy(&packed.path, &to, means, stop, progress)?;
        progress.tell(Event::Advanced { phase, files: 1, bytes: 0 });
        Ok::<_, CopyError>(())
    })?;
    let entries = match manifest {
        WithManifest::Yes => Some(entries(&job.files, half.path(), clock)?),
        WithManifest::No => None,
    };
    let copied = put(half, place, |name| {
        let Some(files) = &entries else { return Ok(None) };
        let created = jiff::Timestamp::try_from(clock()).unwrap_or_default().to_string();
        manifest::text(name, job, files.clone(), created).map(Some)
    })?;
    progress.tell(Event::Ended { phase });
    if stop.load(Ordering::Relaxed) {
        // Too late: it is complete, and somebody may have seen it.
        progress.tell(Event::Warning("the copy was complete before it could be stopped".into()));
    }
    Ok(copied)
}

/// Begins an empty tree aside.
fn begin(location: &Path) -> Result<Aside, CopyError> {
    Aside::begin(location).map_err(|source| CopyError::Place { path: location.to_owned(), source })
}

/// How a copy made now is called: `2026-11-24-081502-shot_010`, in UTC.
pub fn dated(name: &CheckoutPath, clock: Clock) -> CheckoutPath {
    let now = jiff::Timestamp::try_from(clock()).unwrap_or_default();
    let mut dated = format!("{}-", now.strftime("%Y-%m-%d-%H%M%S"));
    for letter in name.as_str().replace('/', "_").chars() {
        if dated.len() + letter.len_utf8() <= COMPONENT_BYTES_MAX {
            dated.push(letter);
        }
    }
    dated.parse().expect("a date and letters of a good name make a good name")
}

/// Makes every directory that a file lies in.
fn directories(files: &[Packed], root: &Path) -> Result<(), CopyError> {
    let parents: BTreeSet<&Path> =
        files.iter().filter_map(|file| Path::new(&file.in_pack).parent()).collect();
    for parent in parents {
        let path = root.join(parent);
        std::fs::create_dir_all(&path).map_err(|source| CopyError::Place { path, source })?;
    }
    Ok(())
}

/// Hashes the files of the copy itself, so that the manifest cannot say anything else.
fn entries(files: &[Packed], root: &Path, clock: Clock) -> Result<Vec<ManifestEntry>, CopyError> {
    let paths: Vec<PathBuf> = files.iter().map(|file| root.join(&file.in_pack)).collect();
    let sized: Vec<(&Path, u64)> =
        paths.iter().zip(files).map(|(path, file)| (path.as_path(), file.size)).collect();
    let cache = HashCache::none();
    let hashed = Hasher { cache: &cache, clock, progress: &Silence }.all(&sized)?;
    // A path that no manifest can name is left out of it; the copy has the file all the same.
    let entries = files.iter().zip(hashed).filter_map(|(file, hashed)| {
        let path = file.in_pack.parse().ok()?;
        Some(ManifestEntry { path, size: hashed.blob.size, sha256: hashed.blob.digest })
    });
    Ok(Manifest::arrange(entries.collect()).unwrap_or_default())
}

/// Gives the tree its name, or the next one that is free, and the manifest that belongs to it.
fn put(
    half: Aside,
    place: Place<'_>,
    manifest: impl Fn(&CheckoutPath) -> io::Result<Option<Vec<u8>>>,
) -> Result<PathBuf, CopyError> {
    let (location, name) = match place {
        Place::Below(location, name) => (location, name),
        Place::At(path, name) => {
            refuse_taken(path)?;
            return match try_name(&half, path, name, &manifest) {
                Ok(()) => {
                    half.keep();
                    Ok(path.to_owned())
                }
                Err(_) if path.symlink_metadata().is_ok() => Err(CopyError::Taken(path.to_owned())),
                Err(source) => Err(CopyError::Place { path: path.to_owned(), source }),
            };
        }
    };
    for number in 1..=SUFFIXES_MAX {
        let name =
            if number == 1 { name.clone() } else { name.with_suffix(0, &number.to_string()) };
        let path = location.join(name.as_str());
        if path.symlink_metadata().is_ok() {
            continue;
        }
        match try_name(&half, &path, &name, &manifest) {
            Ok(()) => {
                half.keep();
                return Ok(path);
            }
            // Somebody else was quicker: the next name may be free.
            Err(_) if path.symlink_metadata().is_ok() => {}
            Err(source) => return Err(CopyError::Place { path, source }),
        }
    }
    let path = location.join(name.as_str());
    Err(CopyError::Place { path, source: io::ErrorKind::AlreadyExists.into() })
}

/// Writes the manifest for a name and gives the tree that name.
fn try_name(
    half: &Aside,
    path: &Path,
    name: &CheckoutPath,
    manifest: impl Fn(&CheckoutPath) -> io::Result<Option<Vec<u8>>>,
) -> io::Result<()> {
    if let Some(bytes) = manifest(name)? {
        std::fs::write(half.path().join(MANIFEST_FILE), bytes)?;
    }
    std::fs::rename(half.path(), path)
}

/// Refuses a path where something is, also an empty directory, which somebody made for a purpose.
fn refuse_taken(path: &Path) -> Result<(), CopyError> {
    match path.symlink_metadata() {
        Ok(_) => Err(CopyError::Taken(path.to_owned())),
        Err(_) => Ok(()),
    }
}

#[cfg(test)]
mod tests;
