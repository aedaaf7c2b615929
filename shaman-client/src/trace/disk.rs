//! What lies on the disk: files by their path, directories by their names.

use std::collections::HashMap;
use std::ffi::{OsStr, OsString};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

/// A view of the disk that lists each directory once.
#[derive(Debug, Default)]
pub(super) struct Disk {
    listings: Mutex<HashMap<PathBuf, Option<Arc<Listing>>>>,
}

/// The names in one directory, sorted.
#[derive(Debug)]
pub(super) struct Listing {
    /// Files and directories alike.
    pub(super) names: Vec<OsString>,
    by_lower: HashMap<String, usize>,
}

/// What there is where a path leads.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum There {
    /// A file of that many bytes.
    File(u64),
    /// Something that cannot be uploaded: a directory, a device, a socket.
    Other,
    /// Nothing, or nothing that may be seen.
    Nothing,
}

impl Disk {
    /// Looks at a path as it is written.
    pub(super) fn look(path: &Path) -> There {
        match fs::metadata(path) {
            Ok(data) if data.is_file() => There::File(data.len()),
            Ok(_) => There::Other,
            Err(_) => There::Nothing,
        }
    }

    /// Finds the path that differs from `path` in nothing but upper and lower case.
    ///
    /// Projects move from Windows, where case does not matter, to render nodes, where it does.
    /// `None` if there is none, or more than nothing is wrong with the path.
    pub(super) fn other_case(&self, path: &Path) -> Option<PathBuf> {
        let there = path.ancestors().skip(1).find(|dir| dir.is_dir())?;
        let mut found = there.to_path_buf();
        for part in path.strip_prefix(there).ok()?.components() {
            let listing = self.list(&found)?;
            found.push(listing.ignoring_case(part.as_os_str())?);
        }
        Some(found)
    }

    /// Lists a directory; `None` if there is none.
    pub(super) fn list(&self, dir: &Path) -> Option<Arc<Listing>> {
        let known = || self.listings.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(listing) = known().get(dir) {
            return listing.clone();
        }
        // Not under the lock: two threads may both list it, and the second finds the same.
        let listing = Listing::read(dir).map(Arc::new);
        known().insert(dir.to_path_buf(), listing.clone());
        listing
    }
}

impl Listing {
    fn read(dir: &Path) -> Option<Self> {
        let entries = fs::read_dir(dir).ok()?;
        let mut names: Vec<_> = entries.flatten().map(|entry| entry.file_name()).collect();
        names.sort_unstable();
        let mut by_lower = HashMap::new();
        for (index, name) in names.iter().enumerate() {
            by_lower.entry(lower(name)).or_insert(index);
        }
        Some(Self { names, by_lower })
    }

    /// Gives the name as it is on disk.
    fn ignoring_case(&self, name: &OsStr) -> Option<&OsStr> {
        if let Ok(index) = self
            .names
            .binary_search_by(|known| known.as_os_str().cmp(name))
        {
            return self.names.get(index).map(OsString::as_os_str);
        }
        let index = self.by_lower.get(&lower(name))?;
        self.names.get(*index).map(OsString::as_os_str)
    }
}

fn lower(name: &OsStr) -> String {
    name.to_string_lossy().to_lowercase()
}
