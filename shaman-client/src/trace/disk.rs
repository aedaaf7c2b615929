//! What lies on the disk: files by their path, directories by their names.

use std::collections::HashMap;
use std::ffi::{OsStr, OsString};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

/// A view of the disk that lists each directory once.
#[derive(Debug, Default)]
pub(super) struct Disk {
    listings: Mutex<HashMap<PathBuf, Option<Arc<Listing>>>>,
}

/// The names in one directory, of files and directories alike.
#[derive(Debug)]
pub(super) struct Listing {
    /// Sorted by their bytes.
    names: Vec<OsString>,
    /// In lower case and sorted, with their places in `names`. Made when first asked for.
    lower: OnceLock<Vec<(String, usize)>>,
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
        names.sort_unstable_by(|a, b| a.as_encoded_bytes().cmp(b.as_encoded_bytes()));
        Some(Self { names, lower: OnceLock::new() })
    }

    /// Gives the names that begin with `head`, in order.
    pub(super) fn starting_with<'a>(&'a self, head: &'a [u8]) -> impl Iterator<Item = &'a OsStr> {
        let start = self.names.partition_point(|name| name.as_encoded_bytes() < head);
        let names = self.names.iter().skip(start).map(OsString::as_os_str);
        names.take_while(move |name| name.as_encoded_bytes().starts_with(head))
    }

    /// Gives the names that begin with `head` in lower case, and what they are in lower case.
    pub(super) fn starting_with_lower<'a>(
        &'a self,
        head: &'a str,
    ) -> impl Iterator<Item = (&'a OsStr, &'a str)> {
        let lower = self.lower();
        let start = lower.partition_point(|(name, _)| name.as_str() < head);
        let names = lower.iter().skip(start).take_while(move |(name, _)| name.starts_with(head));
        names.filter_map(|(lower, index)| {
            Some((self.names.get(*index)?.as_os_str(), lower.as_str()))
        })
    }

    /// Gives the name as it is on disk: the same if it is there, else one in another case.
    fn ignoring_case(&self, name: &OsStr) -> Option<OsString> {
        let bytes = name.as_encoded_bytes();
        if self.starting_with(bytes).next() == Some(name) {
            return Some(name.to_os_string());
        }
        let wanted = lower(name);
        let (name, found) = self.starting_with_lower(&wanted).next()?;
        (found == wanted).then(|| name.to_os_string())
    }

    fn lower(&self) -> &[(String, usize)] {
        self.lower.get_or_init(|| {
            let names = self.names.iter().enumerate();
            let mut lower: Vec<_> = names.map(|(index, name)| (lower(name), index)).collect();
            lower.sort_unstable();
            lower
        })
    }
}

/// Gives a name in lower case, for comparing only.
pub(super) fn lower(name: &OsStr) -> String {
    name.to_string_lossy().to_lowercase()
}
