//! What one .blend says, whoever reads it: its data-blocks, which of them use which, and what each
//! asks for.
//!
//! A sheet depends on the bytes of the file and on where it lies, and on nothing else on the disk.

mod make;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::ask::{Also, Ask};
use crate::blend::{Heads, Stored};

pub(super) use make::{make, warning};

/// What one .blend says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Sheet {
    /// Its data-blocks, in the order of the file.
    pub(super) items: Vec<Item>,
    /// The libraries it links from.
    pub(super) libraries: Vec<Library>,
    /// Sentences.
    pub(super) warnings: Vec<String>,
    /// Something could not be read, so that it is not known which data-block uses which.
    pub(super) is_vague: bool,
    /// How its numbers are written.
    pub(super) heads: Option<Heads>,
}

/// A data-block.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Item {
    /// As `IMwood`.
    pub(super) name: Arc<[u8]>,
    /// Whether it lies in this file or in a library.
    pub(super) home: Home,
    /// Places in `Sheet::items` of what it uses.
    pub(super) uses: Vec<u32>,
    /// What its rules ask for.
    pub(super) asks: Vec<Ask>,
}

/// Where a data-block lies; numbers are places in `Sheet::libraries`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Home {
    /// In this file.
    Here,
    /// In this file, but its paths start at that library, from which it was packed.
    PackedFrom(u32),
    /// In that library; only its name is here.
    Linked(u32),
    /// In a library that is not named.
    Lost,
}

/// A library as a .blend names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Library {
    /// As `LIprops.blend`.
    pub(super) name: Arc<[u8]>,
    /// As it stands in the file.
    pub(super) path: Vec<u8>,
    /// Where that stands.
    pub(super) stored: Option<Stored>,
    /// What has to change with it.
    pub(super) also: Option<Also>,
    /// What it is.
    pub(super) what: What,
}

/// What a library is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum What {
    /// Another .blend.
    File,
    /// A group of data-blocks that were linked and then packed (since 5.0), or what they were
    /// linked from. Only a path to start from.
    Archive,
    /// Another .blend that is packed into this one whole.
    Packed(Packed),
}

/// A .blend within another one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Packed {
    /// Absolute path of where it was.
    pub(super) place: PathBuf,
    /// What is in it.
    pub(super) sheet: Arc<Sheet>,
    /// The block that holds it.
    pub(super) data: Stored,
    /// The number that says how long it is.
    pub(super) size: Stored,
}

impl Sheet {
    /// Tells whether a library is a file of its own.
    pub(super) fn library_is_file(&self, place: u32) -> bool {
        self.libraries.get(place as usize).is_some_and(|library| library.what == What::File)
    }

    /// Gives the directory-giving .blend of an item of the sheet of `blend`.
    pub(super) fn base<'a>(&'a self, item: &Item, blend: &'a Path) -> PathBuf {
        match item.home {
            Home::PackedFrom(library) => match self.libraries.get(library as usize) {
                Some(library) if !library.path.is_empty() => library.place(blend),
                _ => blend.to_path_buf(),
            },
            Home::Here | Home::Linked(_) | Home::Lost => blend.to_path_buf(),
        }
    }
}

impl Library {
    /// Gives where it lies, if it is named by `blend`.
    pub(super) fn place(&self, blend: &Path) -> PathBuf {
        let base = blend.parent().unwrap_or(blend);
        super::paths::resolve(&self.path, base).into_path()
    }
}
