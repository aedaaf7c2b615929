//! `Instance`: which running server a temporary file belongs to.
//!
//! Several servers may share a storage. Each holds a lock on `staging/<instance>.lock` as long as
//! it lives, and puts its instance id into the names of its temporary files; so a file whose
//! server is gone can be told from one that is being written.
//!
//! The lock file says when the server began, and in which life of the kernel and of the mount. A
//! server that is gone while these went on lost nothing: what it wrote is still in the kernel. One
//! whose kernel or mount is gone may have left blobs of which only the name is on disk. A server
//! that still doubts what an earlier one left says so in place of its life: whoever comes after it
//! has to doubt, too, however it ended.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::FileExt as _;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

use rustix::fs::{AtFlags, CWD, FlockOperation, StatxFlags, flock, statx};
use rustix::io::Errno;

use super::blobs::read_dir;
use super::disk::{DiskError, During as _, FullDisk};
use super::layout::{LOCK_ENDING, Layout};

/// Stands in place of a life; equal to none.
const DOUBT: &str = "doubts";

/// This server among all that ever used the storage.
#[derive(Debug)]
pub(super) struct Instance {
    id: String,
    lock_path: PathBuf,
    is_left: bool,
    lock: Mutex<Lock>,
}

/// The lock file. On a full disk there may be none yet, or an empty one.
#[derive(Debug)]
struct Lock {
    file: Option<File>,
    is_written: bool,
    /// What it says.
    line: String,
    /// What it says when nothing is in doubt.
    sure_line: String,
}

impl Instance {
    /// Takes a new id and holds its lock. With `doubtful_since`, everything from then on stays in
    /// doubt until [`Instance::end_doubt`]. On a full disk the lock may have to wait, see
    /// [`Instance::hold`].
    pub(super) fn claim(
        layout: &Layout,
        now_secs: u64,
        doubtful_since: Option<u64>,
    ) -> Result<Self, DiskError> {
        let id = format!("{:016x}", fastrand::u64(..));
        let lock_path = layout.staging().join(format!("{id}{LOCK_ENDING}"));
        let sure_line = format!("{now_secs} {}\n", Life::now(layout).0);
        let line = match doubtful_since {
            None => sure_line.clone(),
            Some(since) => format!("{} {DOUBT}\n", since.min(now_secs)),
        };
        let lock = Lock { file: None, is_written: false, line, sure_line };
        let instance = Self { id, lock_path, is_left: false, lock: Mutex::new(lock) };
        match instance.hold() {
            Err(error) if error.full_disk() == FullDisk::Yes => {}
            held => held?,
        }
        Ok(instance)
    }

    /// Makes sure that the lock is held. While the disk is full it may not be: then nothing of this
    /// server can be written either, and it has to be held before anything is.
    pub(super) fn hold(&self) -> Result<(), DiskError> {
        let mut lock = self.lock.lock().unwrap_or_else(PoisonError::into_inner);
        if lock.is_written {
            return Ok(());
        }
        let file = if let Some(file) = lock.file.take() {
            file
        } else {
            let file = File::create_new(&self.lock_path).during("make", &self.lock_path)?;
            // Nobody else wants it, but somebody may look for a moment whether we live.
            flock(&file, FlockOperation::LockExclusive).during("lock", &self.lock_path)?;
            file
        };
        // One without a line says nothing, which puts everything in doubt.
        let written = file.write_all_at(lock.line.as_bytes(), 0);
        lock.file = Some(file);
        written.during("write", &self.lock_path)?;
        lock.is_written = true;
        Ok(())
    }

    /// Says that nothing from before is in doubt any more.
    pub(super) fn end_doubt(&self) -> Result<(), DiskError> {
        let mut lock = self.lock.lock().unwrap_or_else(PoisonError::into_inner);
        let sure_line = lock.sure_line.clone();
        lock.line = sure_line;
        lock.is_written = false;
        if let Some(file) = &lock.file {
            file.set_len(0).during("write", &self.lock_path)?;
        }
        drop(lock);
        self.hold()
    }

    /// Leaves the lock file where it is, as a crash would.
    pub(super) fn leave_lock(&mut self) {
        self.is_left = true;
    }

    /// 16 hex digits.
    pub(super) fn id(&self) -> &str {
        &self.id
    }
}

impl Drop for Instance {
    fn drop(&mut self) {
        if !self.is_left {
            drop(std::fs::remove_file(&self.lock_path));
        }
    }
}

/// Which life of the kernel and of the mount this is; equal only if both have gone on.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Life(String);

impl Life {
    fn now(layout: &Layout) -> Self {
        let boot = std::fs::read_to_string("/proc/sys/kernel/random/boot_id");
        let boot = boot.as_deref().map_or("unknown", str::trim).to_owned();
        // `STATX_MNT_ID_UNIQUE`, Linux 6.8: ids of mounts that are never used again.
        let unique = StatxFlags::from_bits_retain(0x4000);
        let mount = statx(CWD, layout.staging(), AtFlags::empty(), unique).ok();
        let mount = mount.filter(|stat| stat.stx_mask & unique.bits() != 0);
        match mount {
            Some(stat) if boot != "unknown" => Self(format!("{boot}/{}", stat.stx_mnt_id)),
            // Equal to nothing: better hash too much than trust too much.
            _ => Self(format!("unknown/{:016x}", fastrand::u64(..))),
        }
    }
}

/// Seconds since 1970 from which on blobs may be torn: the earliest start of a server that is gone
/// together with its kernel or mount. `None`: there is no such server.
pub(super) fn doubtful_since(layout: &Layout) -> Result<Option<u64>, DiskError> {
    let life = Life::now(layout);
    let staging = layout.staging();
    let mut since: Option<u64> = None;
    for name in read_dir(&staging)? {
        let Some(name) = name.to_str() else { continue };
        let Some(id) = id_in(name).filter(|_| name.ends_with(LOCK_ENDING)) else { continue };
        if !is_gone(layout, id)? {
            continue;
        }
        let path = staging.join(name);
        let line = match std::fs::read_to_string(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            line => line.during("read", &path)?,
        };
        // A line that was lost itself says nothing about when: all blobs are in doubt.
        let began = match line.trim().split_once(' ') {
            Some((_, its)) if its == life.0 => continue,
            Some((began, _)) => began.parse().unwrap_or(0),
            None => 0,
        };
        since = Some(since.map_or(began, |since| since.min(began)));
    }
    Ok(since)
}

/// A server that runs on the storage.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerOnStorage {
    /// 16 hex digits, other ones after each start.
    pub id: String,
    /// Seconds since 1970 when it began; `None`: it could not write that down.
    pub began: Option<u64>,
    /// Whether it is this one.
    pub is_this: bool,
}

/// The servers that run on the storage, the oldest first.
pub(super) fn living(layout: &Layout, own: &str) -> Result<Vec<ServerOnStorage>, DiskError> {
    let mut living = Vec::new();
    for name in read_dir(&layout.staging())? {
        let Some(name) = name.to_str().filter(|name| name.ends_with(LOCK_ENDING)) else { continue };
        let Some(id) = id_in(name) else { continue };
        let is_this = id == own;
        if is_this || !is_gone(layout, id)? {
            let line = std::fs::read_to_string(layout.staging().join(name)).unwrap_or_default();
            let began = line.split_once(' ').and_then(|(began, _)| began.parse().ok());
            living.push(ServerOnStorage { id: id.to_owned(), began, is_this });
        }
    }
    living.sort_unstable_by(|a, b| (a.began, &a.id).cmp(&(b.began, &b.id)));
    Ok(living)
}

/// Says whether any server runs on the storage.
pub(super) fn any_lives(layout: &Layout) -> Result<bool, DiskError> {
    any_other_lives(layout, "")
}

/// Says whether a server with another id than this runs on the storage.
pub(super) fn any_other_lives(layout: &Layout, own: &str) -> Result<bool, DiskError> {
    for name in read_dir(&layout.staging())? {
        let Some(name) = name.to_str().filter(|name| name.ends_with(LOCK_ENDING)) else { continue };
        if let Some(id) = id_in(name)
            && id != own
            && !is_gone(layout, id)?
        {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Says whether another server left its lock file, be it that it runs or that nobody has cleared up
/// after it yet.
pub(super) fn any_other(layout: &Layout, own: &str) -> Result<bool, DiskError> {
    let names = read_dir(&layout.staging())?;
    let locks = names.iter().filter_map(|name| name.to_str()).filter(|n| n.ends_with(LOCK_ENDING));
    Ok(locks.filter_map(id_in).any(|id| id != own))
}

/// Says whether the server with this id is gone: its lock file is away or can be taken.
pub(super) fn is_gone(layout: &Layout, id: &str) -> Result<bool, DiskError> {
    let path = layout.staging().join(format!("{id}{LOCK_ENDING}"));
    // NFS wants a file to be open for writing when its lock is to be taken.
    let opened = match OpenOptions::new().read(true).write(true).open(&path) {
        Err(e)
            if matches!(
                e.kind(),
                io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem
            ) =>
        {
            File::open(&path)
        }
        opened => opened,
    };
    let lock = match opened {
        Ok(lock) => lock,
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(true),
        failed @ Err(_) => failed.during("open", &path)?,
    };
    match flock(&lock, FlockOperation::NonBlockingLockExclusive) {
        Ok(()) => Ok(true),
        // SMB says the second.
        Err(Errno::WOULDBLOCK | Errno::ACCESS) => Ok(false),
        failed @ Err(_) => failed.during("lock", &path).map(|()| false),
    }
}

/// Reads the id out of `{id}-…` or `{id}.lock`; `None` when the name is not of that form.
pub(super) fn id_in(name: &str) -> Option<&str> {
    let id = name.get(..16)?;
    let ours = id.bytes().all(|b| b.is_ascii_hexdigit())
        && matches!(name.as_bytes().get(16), Some(b'-' | b'.'));
    ours.then_some(id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_server_is_seen_by_its_lock() {
        let dir = tempfile::tempdir().unwrap();
        let layout = Layout::new(dir.path());
        std::fs::create_dir_all(layout.staging()).unwrap();
        let one = Instance::claim(&layout, 100, None).unwrap();
        std::fs::write(layout.staging().join("sweep.lock"), "").unwrap();
        assert!(!any_other(&layout, one.id()).unwrap());
        let other = Instance::claim(&layout, 100, None).unwrap();
        assert!(any_other(&layout, one.id()).unwrap());
        assert!(any_other_lives(&layout, one.id()).unwrap());
        let living = living(&layout, one.id()).unwrap();
        assert_eq!(living.iter().filter(|server| server.is_this).count(), 1);
        assert!(living.len() == 2 && living.iter().all(|server| server.began == Some(100)));
        drop(other);
        assert!(!any_other(&layout, one.id()).unwrap());
    }

    #[test]
    fn doubt_outlives_whoever_has_it_until_it_is_over() {
        let dir = tempfile::tempdir().unwrap();
        let layout = Layout::new(dir.path());
        std::fs::create_dir_all(layout.staging()).unwrap();
        let since = || doubtful_since(&layout).unwrap();
        let mut killed = Instance::claim(&layout, 100, Some(5)).unwrap();
        killed.leave_lock();
        assert_eq!(since(), None, "it lives, and looks after it itself");
        drop(killed);
        assert_eq!(since(), Some(5), "nobody has verified what it doubted");
        for name in read_dir(&layout.staging()).unwrap() {
            std::fs::remove_file(layout.staging().join(name)).unwrap();
        }
        let mut killed = Instance::claim(&layout, 100, Some(5)).unwrap();
        killed.end_doubt().unwrap();
        killed.leave_lock();
        drop(killed);
        // Where mounts have no ids of their own, everything since its start is in doubt.
        assert!(matches!(since(), None | Some(100)));
    }
}
