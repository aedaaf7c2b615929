//! What a .blend says about other files, for whoever moves those: where it says it, and what has to
//! stay together.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use super::ask::{Ask, How};
use super::disk::Disk;
use super::expand::Hit;
use super::paths::{self, Place};
use crate::blend::{Heads, Stored};

/// One .blend that was looked into, and all that it says about other files.
#[derive(Debug, Clone)]
pub struct Referring {
    /// Absolute path; of a packed library, where it would be.
    pub path: PathBuf,
    /// Size and time of the file before it was looked into; `None` for packed libraries.
    pub seen: Option<(u64, SystemTime)>,
    /// How its numbers are written.
    pub heads: Heads,
    /// What it refers to.
    pub references: Vec<Reference>,
    /// The libraries that are packed into it.
    pub packed: Vec<PackedLibrary>,
}

/// A library within another .blend.
#[derive(Debug, Clone)]
pub struct PackedLibrary {
    /// The block that holds it.
    pub data: Stored,
    /// The number that says how long it is.
    pub size: Stored,
    /// What it says.
    pub referring: Referring,
}

/// A path in a .blend.
#[derive(Debug, Clone)]
pub struct Reference {
    /// Where it is written; `None` if it follows from another one, or from where the .blend lies.
    pub stored: Option<Stored>,
    /// Where it is written a second time.
    pub also: Option<(Stored, Vec<u8>)>,
    /// What is written there.
    pub text: Vec<u8>,
    /// Absolute directory that `//` stands for.
    pub base: Arc<Path>,
    /// Absolute directory whose inside must stay as it is.
    pub anchor: PathBuf,
    /// What the text names in that directory; `None` if it is the directory itself.
    pub name: Option<OsString>,
    /// The files it leads to that are there; in the anchor, or below it.
    pub files: Vec<PathBuf>,
    /// Whether it is a path that only other paths start from, so that nothing has to be there.
    pub is_base: bool,
}

impl Reference {
    /// Makes a reference of an ask and what it led to; `None` if it leads to another system.
    pub(super) fn of(ask: &Ask, hits: &[Hit], disk: &Disk) -> Option<Self> {
        let there = hits.iter().filter(|hit| hit.size.is_some());
        let files: Vec<PathBuf> = there.map(|hit| hit.path.clone()).collect();
        let text_len = ask.stored.map_or(ask.path.len(), |stored| stored.text_len());
        // A rule may have put something in the place of a text that is empty.
        let stored = ask.stored.filter(|_| text_len > 0);
        let text = ask.path.get(..text_len).unwrap_or(&ask.path).to_vec();
        let names_dir = text_len < ask.path.len() || matches!(ask.how, How::Folder(_));
        let (anchor, name) = if let Some(within) = &ask.within {
            (within.to_path_buf(), None)
        } else if names_dir || stored.is_none() {
            let dir = if stored.is_none() && !names_dir { b"//" } else { text.as_slice() };
            let Place::Here(dir) = paths::resolve(dir, &ask.base) else { return None };
            (on_disk(dir, disk), None)
        } else {
            let Place::Here(path) = paths::resolve(&text, &ask.base) else { return None };
            let asked = path.file_name()?.to_owned();
            let name = match (files.as_slice(), &ask.how) {
                ([one], How::File) => one.file_name()?.to_owned(),
                _ => asked,
            };
            let first = files.first().map_or(path.as_path(), PathBuf::as_path);
            (first.parent()?.to_path_buf(), Some(name))
        };
        let (also, base) = (ask.also.clone(), Arc::clone(&ask.base));
        let is_base = ask.how == How::Nothing;
        Some(Self { stored, also, text, base, anchor, name, files, is_base })
    }

    /// Tells whether the text starts with `//`.
    pub fn is_relative(&self) -> bool {
        self.text.starts_with(b"//")
    }

    /// Tells where the text leads from another directory.
    pub fn leads_to(&self, base: &Path) -> PathBuf {
        match paths::resolve(&self.text, base) {
            Place::Here(path) | Place::Elsewhere(path) => path,
        }
    }

    /// Tells whether the text ends in a slash.
    pub fn ends_in_slash(&self) -> bool {
        matches!(self.text.last(), Some(b'/' | b'\\'))
    }
}

/// The directory as it is spelled on disk.
fn on_disk(dir: PathBuf, disk: &Disk) -> PathBuf {
    if dir.is_dir() {
        return dir;
    }
    disk.other_case(&dir).filter(|other| other.is_dir()).unwrap_or(dir)
}

/// Size and time of a file, to tell later whether it is still the same.
pub fn seen(path: &Path) -> Option<(u64, SystemTime)> {
    let metadata = std::fs::metadata(path).ok()?;
    Some((metadata.len(), metadata.modified().ok()?))
}
