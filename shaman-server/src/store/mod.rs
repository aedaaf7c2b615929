//! The truth: files on disk.
//!
//! ```text
//! <storage>/
//! ├── file-store/
//! │   ├── stored/ab/<62 hex>/<size>.blob              a blob: read-only, named by SHA-256 and size
//! │   ├── uploading/ab/<62 hex>/<size>-<unique>.tmp   being received
//! │   ├── quarantine/<blob>-<time>-<unique>           what did not match its name
//! │   ├── manifests/<SHA-256 of the path>.json        one file a checkout; the claim on its path
//! │   ├── pins/<SHA-256 of the path>.json             checkouts that must stay
//! │   ├── staging/                                    trees being built or taken away, and locks
//! │   ├── trash/<time>-<unique>/ab/…                  blobs that a sweep took, kept for a while
//! │   └── FORMAT                                      one line: format number, store id
//! └── jobs/<checkout path>/…                          checkouts: hard links to blobs, and
//!                                                     `.shaman-manifest.json`
//! ```
//!
//! What this layer promises, whatever order its callers choose:
//!
//! * **M1** A name under `stored/` exists only if its bytes are complete and hash to it
//!   (only [`Verified`] bytes can be committed).
//! * **M2** The bytes behind a name never change (mode 0444; a name that exists is never replaced,
//!   unless what stands there has the wrong size).
//! * **M4** A checkout at its final path is complete ([`Store::publish`] is one rename).
//! * **M6** Nothing outside the storage is touched: paths come in as types that cannot leave their
//!   root, and directories below `jobs/` are opened one by one without following links.
#![expect(clippy::disallowed_methods, reason = "this layer is where the disk lives")]

mod abilities;
mod blobs;
mod checkouts;
mod dirs;
mod disk;
mod erase;
mod examine;
mod flush;
mod flush_cost;
mod format;
mod fresh;
mod hasher;
mod instance;
mod layout;
mod leftovers;
mod manifests;
mod open_blob;
mod parts;
mod pins;
mod placing;
mod probe;
mod quarantine;
mod relink;
mod roots;
mod staged;
mod sweep_lock;
mod trash;
mod tree;

use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

pub use abilities::{Abilities, Ability};
pub use blobs::{Empties, StoredBlob};
pub use checkouts::Taken;
pub use disk::{DiskError, FullDisk};
pub use erase::{Removal, RemovedTree};
pub use examine::Examined;
pub use format::FormatError;
pub use hasher::Hasher;
pub use instance::ServerOnStorage;
pub use leftovers::Leftovers;
pub use manifests::{ManifestNames, StagedManifest};
pub use open_blob::OpenBlob;
pub use parts::PartRef;
pub use pins::StoredPin;
pub use placing::{LinkPolicy, Placing};
pub use probe::ProbeError;
pub use quarantine::{Damaged, Looked};
pub use relink::Relinked;
pub use staged::{Committed, Mismatch, Staged, Verified, WriteError};
pub use sweep_lock::{Space, WorkLock};
pub use trash::TrashBatch;
pub use tree::{LinkError, Tree};

use disk::During as _;
use instance::Instance;
use layout::{JOBS, Layout};

/// An opened storage: every file operation of the server starts here.
#[derive(Debug)]
pub struct Store {
    layout: Layout,
    instance: Instance,
    id: String,
    /// The storage itself, held open: what is mounted there later is another one.
    root: OwnedFd,
    /// `stored/`, held open: links are made relative to it.
    stored: OwnedFd,
    /// `staging/`, held open.
    staging: OwnedFd,
    unique: AtomicU64,
    folds_names: bool,
    placing: Placing,
    abilities: Abilities,
    /// Whether some blobs from before the start may be torn.
    is_in_doubt: AtomicBool,
    /// Held between a look at a blob's name and taking that away, so that of two who read the same
    /// damaged file one takes it away, and neither what came in its place.
    setting_aside: Mutex<()>,
    /// Held while a blob with too many names gets a fresh inode.
    renewing: Mutex<()>,
}

/// What was found when a storage was opened.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Opened {
    /// What was cleared.
    pub leftovers: Leftovers,
    /// Seconds since 1970 from which on blobs may be torn, after a power cut or the like.
    pub doubtful_since: Option<u64>,
}

/// Why a storage could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// A file operation failed.
    #[error(transparent)]
    Disk(#[from] DiskError),
    /// The storage was written by another program or version.
    #[error(transparent)]
    Format(#[from] FormatError),
    /// The storage cannot do what checkouts need.
    #[error(transparent)]
    Probe(#[from] ProbeError),
}

impl Store {
    /// Opens the storage at `root`, making what is not there yet and clearing what dead servers
    /// left behind. Everything that was stored before is flushed, so that from here on only new
    /// blobs need it. On failure nothing but empty directories is left behind.
    ///
    /// Blobs that changed at or after [`Opened::doubtful_since`] may be torn: verify them before
    /// they are used.
    pub fn open(root: &Path, now_secs: u64) -> Result<(Self, Opened), OpenError> {
        let root = std::path::absolute(root).during("find", root)?;
        let layout = Layout::new(&root);
        for dir in layout.directories() {
            std::fs::create_dir_all(&dir).during("make directory", &dir)?;
        }
        let id = format::read_or_write(&layout)?;
        let doubtful_since = instance::doubtful_since(&layout)?;
        // Whoever comes after us has to doubt what we still doubt.
        let instance = Instance::claim(&layout, now_secs, doubtful_since)?;
        let mut store = Self {
            root: dirs::open(&root)?,
            stored: dirs::open(&layout.stored())?,
            staging: dirs::open(&layout.staging())?,
            layout,
            instance,
            id,
            unique: AtomicU64::new(0),
            folds_names: false,
            placing: Placing::default(),
            abilities: Abilities::default(),
            is_in_doubt: AtomicBool::new(doubtful_since.is_some()),
            setting_aside: Mutex::default(),
            renewing: Mutex::default(),
        };
        store.abilities = store.known_abilities()?;
        match store.try_all() {
            Err(OpenError::Probe(ProbeError::Disk(error)) | OpenError::Disk(error))
                if error.full_disk() == FullDisk::Yes =>
            {
                // It was one that can hold checkouts when there was room on it.
                tracing::error!(%error, "the storage is full: nothing can be uploaded or checked out until there is room; sweep it, erase checkouts or add space");
            }
            tried => tried?,
        }
        // Before the locks of dead servers go, which say what is in doubt.
        store.flush_all()?;
        // What cannot be tried, on a full disk, is as usual.
        store.abilities.flush_all_from = store.flush_all_from().unwrap_or(flush_cost::USUAL);
        let leftovers = store.clear_leftovers()?;
        Ok((store, Opened { leftovers, doubtful_since }))
    }

    /// Makes the files of checkouts in another way from now on.
    #[must_use]
    pub fn with_placing(mut self, placing: Placing) -> Self {
        self.placing = placing;
        self
    }

    /// Says whether a server runs on the storage at `root`; `None`: there is no storage.
    pub fn is_served(root: &Path) -> Result<Option<bool>, DiskError> {
        let root = std::path::absolute(root).during("find", root)?;
        let layout = Layout::new(&root);
        if !layout.stored().is_dir() {
            return Ok(None);
        }
        instance::any_lives(&layout).map(Some)
    }

    /// Says whether blobs may be there that another server of this machine received and did not
    /// flush. Look for the blobs first: whoever stored them has a lock file until they are flushed.
    pub fn has_unflushed_of_others(&self) -> Result<bool, DiskError> {
        // Elsewhere they are flushed before they get their names.
        Ok(self.is_ours_alone() && instance::any_other(&self.layout, self.instance.id())?)
    }

    /// The servers that run on this storage, the oldest first.
    pub fn servers(&self) -> Result<Vec<ServerOnStorage>, DiskError> {
        instance::living(&self.layout, self.instance.id())
    }

    /// Says whether the storage that was opened is still where it was: a share that was unmounted,
    /// or another one mounted over it, is not.
    pub fn is_in_place(&self) -> Result<bool, DiskError> {
        let stored = self.layout.stored();
        let opened = rustix::fs::fstat(&self.stored).during("look at", &stored)?;
        let there = rustix::fs::stat(&stored).during("look at", &stored)?;
        Ok((opened.st_dev, opened.st_ino) == (there.st_dev, there.st_ino))
    }

    /// Name of this storage, the same for all servers on it.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Says whether names that differ only in case or in how letters are composed are one name.
    pub fn folds_names(&self) -> bool {
        self.folds_names
    }

    fn try_all(&mut self) -> Result<(), OpenError> {
        self.probe()?;
        self.folds_names = self.probe_folding()?;
        self.try_abilities()?;
        Ok(())
    }

    /// Notes that every blob in doubt was verified: the next start may trust them.
    pub fn end_doubt(&self) -> Result<(), DiskError> {
        self.instance.end_doubt()?;
        self.is_in_doubt.store(false, Ordering::Release);
        Ok(())
    }

    /// What the storage's file system can do.
    pub fn abilities(&self) -> &Abilities {
        &self.abilities
    }

    /// Absolute path of the directory that holds all checkouts.
    pub fn checkout_root(&self) -> PathBuf {
        self.layout.jobs()
    }

    /// Opens `jobs/`, and makes it when it is gone: a stock Manager that erases the last checkout
    /// removes the directory around it too.
    fn open_jobs(&self) -> Result<OwnedFd, DiskError> {
        dirs::open_or_make_root(&self.root, JOBS).during("open directory", &self.layout.jobs())
    }

    /// A name that no other operation of any server on this storage uses.
    fn unique(&self) -> String {
        // Where this fails nothing can be written under the name either, and if it can after all,
        // the start of another server may take it away, which is an error and no loss.
        if let Err(error) = self.instance.hold() {
            tracing::debug!(%error, "the lock of this server is not held");
        }
        let number = self.unique.fetch_add(1, Ordering::Relaxed);
        format!("{}-{number}", self.instance.id())
    }
}

impl Drop for Store {
    fn drop(&mut self) {
        // Without a lock left behind nobody doubts what came since the start, or before.
        if self.flush_all().is_err() || self.is_in_doubt.load(Ordering::Acquire) {
            self.instance.leave_lock();
        }
    }
}
