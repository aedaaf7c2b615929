//! A storage seen from outside: nothing of it is opened, cleared or made.

use std::fs::File;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use super::disk::{DiskError, During as _};
use super::layout::Layout;
use super::probe::{PROBE, ProbeError, try_link};
use super::{Space, Store};

/// Entries that are looked at in search of a file in a checkout.
const SEARCHED_MAX: usize = 1_000;

/// What there is.
#[derive(Debug)]
pub struct Examined {
    /// The storage's path without links.
    pub path: PathBuf,
    /// Where checkouts are.
    pub checkout_root: PathBuf,
    /// Whose it is.
    pub owner: u32,
    /// Whether a server runs on it; `None`: no server ever did.
    pub is_served: Option<bool>,
    /// Room on it.
    pub space: Space,
    /// Files that can still be made; `None` where there is no such limit.
    pub free_files: Option<u64>,
    /// A file of some checkout.
    pub sample: Option<PathBuf>,
}

impl Store {
    /// Looks at the storage at `root`; changes nothing.
    pub fn examine(root: &Path) -> Result<Examined, DiskError> {
        let path = std::fs::canonicalize(root).during("find", root)?;
        let layout = Layout::new(&path);
        let owner = std::fs::metadata(&path).during("look at", &path)?.uid();
        let stat = rustix::fs::statvfs(&path).during("look at", &path)?;
        let space = Space {
            free_bytes: stat.f_bavail.saturating_mul(stat.f_frsize),
            all_bytes: stat.f_blocks.saturating_mul(stat.f_frsize),
        };
        Ok(Examined {
            owner,
            space,
            is_served: Self::is_served(&path)?,
            free_files: (stat.f_files > 0).then_some(stat.f_favail),
            sample: sample(&layout.jobs()),
            checkout_root: layout.jobs(),
            path,
        })
    }

    /// Where checkouts of a storage are.
    pub fn checkout_root_of(root: &Path) -> PathBuf {
        Layout::new(root).jobs()
    }

    /// Writes a file to the storage at `root`, links it to where checkouts are, and removes both.
    /// Gives the time that the storage put on it.
    pub fn try_out(root: &Path) -> Result<SystemTime, ProbeError> {
        let layout = Layout::new(root);
        let or_root = |dir: PathBuf| if dir.is_dir() { dir } else { root.to_owned() };
        let name = format!("{PROBE}doctor-{:016x}", fastrand::u64(..));
        let blob = or_root(layout.stored()).join(&name);
        let link = or_root(layout.jobs()).join(format!("{name}-link"));
        try_link(&blob, &link)
    }
}

/// A file below a directory; `None` when there is none, or none that we may see.
fn sample(dir: &Path) -> Option<PathBuf> {
    let (mut dirs, mut left) = (vec![dir.to_owned()], SEARCHED_MAX);
    while let Some(dir) = dirs.pop() {
        for entry in std::fs::read_dir(dir).into_iter().flatten().flatten() {
            left = left.checked_sub(1)?;
            match entry.file_type() {
                Ok(kind) if kind.is_dir() => dirs.push(entry.path()),
                Ok(kind) if kind.is_file() => return Some(entry.path()),
                _ => {}
            }
        }
    }
    None
}

/// The time of a file that was just written.
pub(super) fn written_at(path: &Path) -> Result<SystemTime, DiskError> {
    File::open(path)
        .and_then(|file| file.metadata())
        .and_then(|file| file.modified())
        .during("look at", path)
}
