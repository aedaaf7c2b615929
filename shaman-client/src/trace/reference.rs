//! What a .blend says about other files, for whoever moves those: where it says it, and what has to
//! stay together.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use super::ask::How;
use super::expand::Hit;
use super::paths::{self, Place};
use super::step::Step;
use crate::blend::{Heads, Stored};

pub use super::ask::Also;

/// One .blend that was looked into, and all that it says about other files.
#[derive(Debug, Clone)]
pub struct Referring {
    /// Absolute path as it is asked for; of a packed library, where it would be.
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
    /// What has to change with it.
    pub also: Option<Also>,
    /// What is written there.
    pub text: Vec<u8>,
    /// Absolute directory that `//` stands for.
    pub base: Arc<Path>,
    /// Absolute directory whose inside must stay as it is, spelled as the text does.
    pub anchor: PathBuf,
    /// The same directory as it is spelled on disk.
    pub anchor_on_disk: PathBuf,
    /// What the text names in that directory, or below it; `None` if it is the directory itself.
    pub name: Option<OsString>,
    /// The files it leads to that are there; in the anchor, or below it.
    pub files: Vec<Lead>,
    /// What it is for.
    pub role: Role,
}

/// What a path in a .blend is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// It leads to files.
    File,
    /// Only other paths start from it, so that nothing has to be there.
    Base,
    /// It leads to files, and stands in another file that cannot be changed.
    Fixed,
}

/// A file that a path leads to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lead {
    /// Absolute path on disk.
    pub path: PathBuf,
    /// The same, spelled as it is asked for.
    pub asked: PathBuf,
}

impl Reference {
    /// Makes a reference of a step and what it led to; `None` if it leads to another system, or to
    /// nothing that was meant.
    pub(super) fn of(step: &Step, hits: &[Hit]) -> Option<Self> {
        let there = hits.iter().filter(|hit| hit.size.is_some());
        let lead = |hit: &Hit| Lead { path: hit.path.clone(), asked: hit.asked.clone() };
        let files: Vec<_> = there.map(lead).collect();
        if step.how == How::Perhaps && files.is_empty() {
            return None;
        }
        let text_len = step.stored.map_or(step.path.len(), |stored| stored.text_len());
        // A rule may have put something in the place of a text that is empty.
        let stored = step.stored.filter(|_| text_len > 0);
        let text = step.path.get(..text_len).unwrap_or(&step.path).to_vec();
        let is_dir = text_len < step.path.len() || matches!(step.how, How::Folder | How::Fluid);
        let (anchor, name) = if let Some(within) = &step.within {
            let path = paths::resolve(&text, &step.base).into_path();
            let name = path.strip_prefix(within).ok().filter(|_| stored.is_some() && !is_dir);
            (within.to_path_buf(), name.map(|name| name.as_os_str().to_owned()))
        } else if is_dir || stored.is_none() {
            let dir = if stored.is_none() && !is_dir { b"//" } else { text.as_slice() };
            let Place::Here(dir) = paths::resolve(dir, &step.base) else { return None };
            (dir, None)
        } else {
            let Place::Here(path) = paths::resolve(&text, &step.base) else { return None };
            (path.parent()?.to_path_buf(), Some(path.file_name()?.to_owned()))
        };
        let anchor_on_disk = on_disk(&anchor, files.first());
        Some(Self {
            stored,
            also: step.also.clone(),
            text,
            base: Arc::clone(&step.base),
            anchor,
            anchor_on_disk,
            name,
            files,
            role: match step.how {
                How::Nothing => Role::Base,
                _ if step.is_fixed => Role::Fixed,
                _ => Role::File,
            },
        })
    }

    /// Tells whether the text starts with `//`.
    pub fn is_relative(&self) -> bool {
        self.text.starts_with(b"//")
    }

    /// Tells whether the text leads to the same place wherever the file with it lies.
    pub fn is_absolute(&self) -> bool {
        !paths::is_relative(&self.text)
    }

    /// Tells where the text leads from another directory.
    pub fn leads_to(&self, base: &Path) -> PathBuf {
        paths::resolve(&self.text, base).into_path()
    }

    /// Tells whether the text ends in a slash.
    pub fn ends_in_slash(&self) -> bool {
        matches!(self.text.last(), Some(b'/' | b'\\'))
    }
}

/// The directory as it is spelled on disk, as far as a file in it shows that.
fn on_disk(dir: &Path, inside: Option<&Lead>) -> PathBuf {
    let found = inside.and_then(|lead| {
        let depth = lead.asked.strip_prefix(dir).ok()?.components().count();
        lead.path.ancestors().nth(depth)
    });
    found.unwrap_or(dir).to_path_buf()
}

/// Size and time of a file, to tell later whether it is still the same.
pub fn seen(path: &Path) -> Option<(u64, SystemTime)> {
    let metadata = std::fs::metadata(path).ok()?;
    Some((metadata.len(), metadata.modified().ok()?))
}

/// What one .blend says, by itself.
#[derive(Debug)]
pub(super) struct Says {
    /// As in [`Referring`].
    pub(super) path: PathBuf,
    /// As in [`Referring`].
    pub(super) seen: Option<(u64, SystemTime)>,
    /// As in [`Referring`]; `None` if nothing of the file was read.
    pub(super) heads: Option<Heads>,
    /// As in [`Referring`].
    pub(super) references: Vec<Reference>,
    /// The number of the .blend that it is packed into, its block there, and its length.
    pub(super) packed_in: Option<(usize, Stored, Stored)>,
}

/// Puts together what each .blend says, by the path that is asked for; packed libraries come after
/// the .blend that they are in.
pub(super) fn by_blend(all: Vec<Says>) -> BTreeMap<PathBuf, Referring> {
    let mut by_blend = BTreeMap::new();
    let mut packed: BTreeMap<usize, Vec<PackedLibrary>> = BTreeMap::new();
    for (number, says) in all.into_iter().enumerate().rev() {
        let packed_here = packed.remove(&number).unwrap_or_default();
        let Says { path, seen, heads: Some(heads), references, packed_in } = says else {
            continue;
        };
        let referring = Referring { path, seen, heads, references, packed: packed_here };
        if let Some((outer, data, size)) = packed_in {
            packed.entry(outer).or_default().push(PackedLibrary { data, size, referring });
        } else {
            by_blend.insert(referring.path.clone(), referring);
        }
    }
    by_blend
}
