//! Roots: what keeps a blob from being swept, besides its age and its links.

use std::collections::HashSet;
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use super::Store;
use super::disk::{DiskError, During as _};

impl Store {
    /// Files that symlinks below `jobs/` lead to, as device and inode: resolved the way the kernel
    /// does, so that a link in the storage's own path changes nothing. Links that lead nowhere lead
    /// to no blob. Anything that cannot be read is an error: who sweeps must know all of them.
    pub fn linked_files(&self) -> Result<HashSet<(u64, u64)>, DiskError> {
        let mut found = HashSet::new();
        collect(&self.layout.jobs(), &mut found)?;
        Ok(found)
    }
}

fn collect(dir: &Path, found: &mut HashSet<(u64, u64)>) -> Result<(), DiskError> {
    for entry in std::fs::read_dir(dir).during("list", dir)? {
        let entry = entry.during("list", dir)?;
        let path = entry.path();
        let kind = match entry.file_type() {
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            kind => kind.during("look at", &path)?,
        };
        if kind.is_dir() {
            match collect(&path, found) {
                // Erased meanwhile, links and all.
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                walked => walked?,
            }
        } else if kind.is_symlink() {
            match std::fs::metadata(&path) {
                Ok(meta) => {
                    found.insert((meta.dev(), meta.ino()));
                }
                Err(error) if leads_nowhere(&error) => {}
                failed @ Err(_) => failed.map(drop).during("follow", &path)?,
            }
        }
    }
    Ok(())
}

fn leads_nowhere(error: &io::Error) -> bool {
    let loops = rustix::io::Errno::LOOP.raw_os_error();
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory)
        || error.raw_os_error() == Some(loops)
}
