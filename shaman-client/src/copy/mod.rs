//! A job's files as a copy of their own, below the shared storage.
//!
//! ```text
//!  location/.shaman-copy-x1y2z3/tex/a.png …     built aside, where nobody looks
//!        │ rename
//!  location/2026-11-24-081502-shot_010/tex/a.png …
//! ```
//!
//! Promise: what has its final name is complete, and each file in it is what stood on disk at one
//! moment. When it fails, or is stopped, nothing is left behind.
#![expect(clippy::disallowed_methods, reason = "this layer owns the tree that it builds and names")]

mod file;
mod half;

use std::collections::BTreeSet;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use rayon::iter::{IntoParallelRefIterator as _, ParallelIterator as _};
use shaman_proto::limits::COMPONENT_BYTES_MAX;
use shaman_proto::{CheckoutPath, MANIFEST_FILE, MANIFEST_FORMAT, Manifest, ManifestEntry};

use crate::hash::{Clock, HashCache, HashError, Hasher};
use crate::pack::{Job, Packed};
use crate::progress::{Event, Listener, Phase, Silence};
use half::Half;

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
    /// Somebody pressed Ctrl-C.
    #[error("stopped; nothing of the copy was left behind")]
    Stopped,
}

/// A copy to make.
#[derive(Debug, Clone, Copy)]
pub struct Order<'a> {
    /// What to copy.
    pub job: &'a Job,
    /// The directory that the copy goes into; must be there.
    pub location: &'a Path,
    /// How the copy is called there; gets a suffix when that is taken.
    pub name: &'a CheckoutPath,
    /// Whether the copy gets a manifest, with which `shaman verify` can tell that it is complete.
    pub manifest: WithManifest,
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
    let Order { job, location, name, manifest } = order;
    let half = Half::begin(location)?;
    let bytes = job.files.iter().map(|file| file.size).sum();
    let phase = Phase::Copy;
    progress.tell(Event::Began { phase, files: job.files.len() as u64, bytes });
    directories(&job.files, half.path())?;
    job.files.par_iter().try_for_each(|packed| {
        let to = half.path().join(&packed.in_pack);
        file::copy(&packed.path, &to, stop, progress)?;
        progress.tell(Event::Advanced { phase, files: 1, bytes: 0 });
        Ok::<_, CopyError>(())
    })?;
    let entries = match manifest {
        WithManifest::Yes => Some(entries(&job.files, half.path(), clock)?),
        WithManifest::No => None,
    };
    let copied = put(half, location, name, |name| {
        let Some(files) = &entries else { return Ok(None) };
        let created = jiff::Timestamp::try_from(clock()).unwrap_or_default().to_string();
        let server = concat!("shaman ", env!("CARGO_PKG_VERSION"), " (copy)").to_owned();
        let blend = job.blend.as_ref().and_then(|blend| blend.parse().ok());
        let files = files.clone();
        let manifest = Manifest {
            format: MANIFEST_FORMAT,
            checkout: name.clone(),
            blend,
            created,
            server,
            warnings: Vec::new(),
            files,
        };
        serde_json::to_vec(&manifest).map(Some).map_err(io::Error::from)
    })?;
    progress.tell(Event::Ended { phase });
    if stop.load(Ordering::Relaxed) {
        // Too late: it is complete, and somebody may have seen it.
        progress.tell(Event::Warning("the copy was complete before it could be stopped".into()));
    }
    Ok(copied)
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
    half: Half,
    location: &Path,
    name: &CheckoutPath,
    manifest: impl Fn(&CheckoutPath) -> io::Result<Option<Vec<u8>>>,
) -> Result<PathBuf, CopyError> {
    for number in 1..=SUFFIXES_MAX {
        let name =
            if number == 1 { name.clone() } else { name.with_suffix(0, &number.to_string()) };
        let path = location.join(name.as_str());
        if path.symlink_metadata().is_ok() {
            continue;
        }
        let failed = |source| CopyError::Place { path: path.clone(), source };
        if let Some(bytes) = manifest(&name).map_err(failed)? {
            std::fs::write(half.path().join(MANIFEST_FILE), bytes).map_err(failed)?;
        }
        match std::fs::rename(half.path(), &path) {
            Ok(()) => {
                half.keep();
                return Ok(path);
            }
            // Somebody else was quicker: the next name may be free.
            Err(_) if path.symlink_metadata().is_ok() => {}
            Err(source) => return Err(failed(source)),
        }
    }
    let path = location.join(name.as_str());
    Err(CopyError::Place { path, source: io::ErrorKind::AlreadyExists.into() })
}

#[cfg(test)]
mod tests;
