//! From the cache to a directory.

use std::collections::BTreeSet;
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use rayon::iter::{IntoParallelRefIterator as _, ParallelIterator as _};
use shaman_proto::{MANIFEST_FILE, Manifest, ManifestEntry};

use super::cache::BlobCache;
use super::{FetchError, Means, place};
use crate::aside::{Aside, share_blocks};
use crate::progress::{Event, Listener, Phase};
use crate::stop::Stop;

/// Bytes between two looks at whether to stop.
const PIECE_BYTES: u64 = 64 << 20;

/// A directory to make.
pub(super) struct Tree {
    pub(super) cache: BlobCache,
    pub(super) manifest: Manifest,
    pub(super) into: PathBuf,
    pub(super) means: Means,
    pub(super) stop: Stop,
    pub(super) progress: Listener,
}

/// How building ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Built {
    /// The directory is there.
    Whole,
    /// Blobs went from the cache meanwhile: fetch them again. Nothing is left of it.
    Lacking,
}

/// Why a file of the tree is not there.
enum Missing {
    /// Its blob went from the cache meanwhile: damaged, or the cache was deleted.
    Blob,
    /// It could not be made.
    Failed(FetchError),
}

impl Tree {
    /// Builds it aside and gives it its name in one step. When it fails or is stopped nothing of it
    /// is left.
    pub(super) fn build(&self) -> Result<Built, FetchError> {
        let phase = Phase::Copy;
        let files = self.manifest.files.len() as u64;
        self.progress.tell(Event::Began { phase, files, bytes: self.manifest.bytes() });
        let placing = |source| FetchError::place(&self.into, source);
        let parent = place::parent(&self.into);
        let tree = Aside::begin(parent).map_err(placing)?;
        self.directories(tree.path())?;
        let can_clone = AtomicBool::new(true);
        let ended = self.manifest.files.par_iter().try_for_each(|entry| {
            self.file(entry, tree.path(), &can_clone)?;
            self.progress.tell(Event::Advanced { phase, files: 1, bytes: 0 });
            Ok(())
        });
        match ended {
            Ok(()) => {}
            Err(Missing::Blob) => return Ok(Built::Lacking),
            Err(Missing::Failed(error)) => return Err(error),
        }
        let text = serde_json::to_vec(&self.manifest).map_err(io::Error::from).map_err(placing)?;
        std::fs::write(tree.path().join(MANIFEST_FILE), text).map_err(placing)?;
        flush(tree.path()).map_err(placing)?;
        if self.stop.is_asked() {
            return Err(FetchError::Stopped);
        }
        std::fs::rename(tree.path(), &self.into).map_err(|source| {
            // Somebody else was quicker, and what is there now says who.
            let taken = place::refuse_taken(&self.into, &self.manifest).err();
            taken.unwrap_or_else(|| placing(source))
        })?;
        tree.keep();
        self.progress.tell(Event::Ended { phase });
        Ok(Built::Whole)
    }

    fn directories(&self, root: &Path) -> Result<(), FetchError> {
        let parents: BTreeSet<&str> =
            self.manifest.files.iter().map(|entry| entry.path.split().0).collect();
        for parent in parents {
            let path = root.join(parent);
            std::fs::create_dir_all(&path).map_err(|source| FetchError::place(&path, source))?;
        }
        Ok(())
    }

    fn file(
        &self,
        entry: &ManifestEntry,
        root: &Path,
        can_clone: &AtomicBool,
    ) -> Result<(), Missing> {
        if self.stop.is_asked() {
            return Err(Missing::Failed(FetchError::Stopped));
        }
        let from = self.cache.find(&entry.blob()).ok_or(Missing::Blob)?;
        let to = root.join(entry.path.as_str());
        let made = match self.means {
            Means::Link => match std::fs::hard_link(&from, &to) {
                Ok(()) => {
                    self.told(entry.size.bytes());
                    return Ok(());
                }
                // It has as many names as a file may have.
                Err(error) if error.kind() == io::ErrorKind::TooManyLinks => {
                    self.copy(&from, &to, can_clone)
                }
                Err(source) => {
                    let (cache, into) = (from, self.into.clone());
                    return Err(Missing::Failed(FetchError::NoLink { cache, into, source }));
                }
            },
            Means::Copy => self.copy(&from, &to, can_clone),
        };
        match made {
            Ok(true) => Ok(()),
            Ok(false) => Err(Missing::Failed(FetchError::Stopped)),
            Err(source) => Err(Missing::Failed(FetchError::place(&to, source))),
        }
    }

    /// Makes a file with the same bytes, by sharing their blocks where the file system can; `false`
    /// when it was stopped.
    fn copy(&self, from: &Path, to: &Path, can_clone: &AtomicBool) -> io::Result<bool> {
        let (source, mut target) = (File::open(from)?, File::create_new(to)?);
        if can_clone.load(Ordering::Relaxed) {
            if share_blocks(&source, &target).is_ok() {
                self.told(source.metadata()?.len());
                return Ok(true);
            }
            can_clone.store(false, Ordering::Relaxed);
        }
        loop {
            if self.stop.is_asked() {
                return Ok(false);
            }
            let copied = io::copy(&mut io::Read::take(&source, PIECE_BYTES), &mut target)?;
            if copied == 0 {
                return Ok(true);
            }
            self.told(copied);
        }
    }

    fn told(&self, bytes: u64) {
        self.progress.tell(Event::Advanced { phase: Phase::Copy, files: 0, bytes });
    }
}

/// Makes all that lies on the same file system survive a power cut, before it gets its name.
#[cfg(target_os = "linux")]
fn flush(dir: &Path) -> io::Result<()> {
    Ok(rustix::fs::syncfs(File::open(dir)?)?)
}

/// Elsewhere there is no such call; `shaman verify` tells what survived.
#[cfg(not(target_os = "linux"))]
fn flush(_dir: &Path) -> io::Result<()> {
    Ok(())
}
