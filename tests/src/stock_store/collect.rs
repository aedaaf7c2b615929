//! Stock's garbage collection, with its notion of "used".
//!
//! Only symbolic links under `jobs` count. A hard link, a copy or a link elsewhere does not, so a
//! blob that only those hold is deleted. It compares *resolved* targets with *unresolved* paths of
//! the store, so a symbolic link in the storage's own path makes every old blob look unused.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use super::{StockStore, read, remove_empty_parents};

/// What a collection found. Paths, as it looks at every file under `stored`, not only at blobs.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Collection {
    /// Not used for longer than the age, and linked from a checkout.
    pub used: Vec<PathBuf>,
    /// Not used for longer than the age, and not linked: these are deleted.
    pub unused: Vec<PathBuf>,
    /// How many symbolic links were looked at.
    pub links: usize,
}

/// `jobs`, or a directory in it, can't be walked: the whole run is given up and deletes nothing.
#[derive(Debug, thiserror::Error)]
#[error("cannot walk `{}`", path.display())]
pub struct Unwalkable {
    path: PathBuf,
    source: std::io::Error,
}

impl StockStore {
    /// What stock would delete now; deletes nothing.
    pub fn would_collect(
        &self,
        max_age: Duration,
        now: SystemTime,
    ) -> Result<Collection, Unwalkable> {
        let threshold = now - max_age;
        let mut old = BTreeMap::new();
        for path in read::files(&self.stored_root()) {
            let modified = fs::symlink_metadata(&path).and_then(|meta| meta.modified());
            if modified.is_ok_and(|time| time < threshold) {
                old.insert(path, false);
            }
        }
        let mut links = 0;
        if !old.is_empty() {
            walk(&self.jobs(), &mut |link| {
                links += 1;
                // Dangling links and other failures are ignored.
                if let Some(used) = fs::canonicalize(link).ok().and_then(|path| old.get_mut(&path))
                {
                    *used = true;
                }
            })?;
        }
        let (used, unused): (Vec<_>, Vec<_>) = old.into_iter().partition(|(_, used)| *used);
        let paths = |pairs: Vec<(PathBuf, bool)>| pairs.into_iter().map(|(path, _)| path).collect();
        Ok(Collection { used: paths(used), unused: paths(unused), links })
    }

    /// Deletes what [`Self::would_collect`] names, and directories that it leaves empty.
    pub fn collect(&self, max_age: Duration, now: SystemTime) -> Result<Collection, Unwalkable> {
        let collection = self.would_collect(max_age, now)?;
        for path in &collection.unused {
            // What can't be deleted is counted by stock, and stays.
            if fs::remove_file(path).is_ok() {
                remove_empty_parents(path, 2);
            }
        }
        Ok(collection)
    }
}

/// Calls with every symbolic link below a folder; links to directories are not followed.
fn walk(folder: &Path, found: &mut impl FnMut(&Path)) -> Result<(), Unwalkable> {
    let failed = |source| Unwalkable { path: folder.to_owned(), source };
    for entry in fs::read_dir(folder).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        let kind = entry.file_type().map_err(failed)?;
        if kind.is_dir() {
            walk(&entry.path(), found)?;
        } else if kind.is_symlink() {
            found(&entry.path());
        }
    }
    Ok(())
}
