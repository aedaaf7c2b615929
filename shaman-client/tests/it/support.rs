//! A project in a temporary folder, and short ways to ask about it.

use std::path::{Path, PathBuf};

use shaman_client::trace::{self, Trace};
use tempfile::TempDir;

/// A folder that goes away with the test.
pub(crate) struct Folder {
    dir: TempDir,
}

impl Folder {
    pub(crate) fn new() -> Self {
        Self { dir: tempfile::tempdir().unwrap() }
    }

    pub(crate) fn path(&self) -> &Path {
        self.dir.path()
    }

    /// Writes a file, and the folders above it.
    pub(crate) fn put(&self, name: impl AsRef<Path>, bytes: &[u8]) -> PathBuf {
        let path = self.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, bytes).unwrap();
        path
    }

    /// Writes files of a few bytes.
    pub(crate) fn touch<const N: usize>(&self, names: [&str; N]) {
        for name in names {
            self.put(name, b"bytes");
        }
    }

    /// Traces a .blend in this folder, the folder being the project.
    pub(crate) fn trace(&self, blend: &str) -> Trace {
        trace::trace(&self.path().join(blend), Some(self.path())).unwrap()
    }
}

/// Gives the places in the pack of all files but `.blend` files.
pub(crate) fn assets(trace: &Trace) -> Vec<&str> {
    let files = trace.files.iter();
    let inside = files.filter_map(|file| file.in_pack.as_deref());
    let mut inside: Vec<_> = inside.filter(|path| !is_blend(path)).collect();
    inside.sort_unstable();
    inside
}

/// Gives the places in the pack of all `.blend` files.
pub(crate) fn blends(trace: &Trace) -> Vec<&str> {
    let files = trace.files.iter();
    let inside = files.filter_map(|file| file.in_pack.as_deref());
    inside.filter(|path| is_blend(path)).collect()
}

/// Gives the missing files, from the root.
pub(crate) fn missing(trace: &Trace) -> Vec<String> {
    let from_root = |path: &PathBuf| {
        let path = path.strip_prefix(&trace.root).unwrap_or(path);
        path.to_string_lossy().into_owned()
    };
    trace.missing.iter().map(|file| from_root(&file.path)).collect()
}

pub(crate) fn is_blend(path: &str) -> bool {
    Path::new(path).extension().is_some_and(|extension| extension == "blend")
}
