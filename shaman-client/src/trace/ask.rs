//! What a rule says: a path as it stands in the file, and how to understand it.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::kind::Kind;
use crate::blend::Stored;

/// A path that a data-block asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Ask {
    /// What for.
    pub(super) kind: Kind,
    /// As it stands in the file.
    pub(super) path: Vec<u8>,
    /// One file or many.
    pub(super) how: How,
    /// More about it.
    pub(super) about: About,
}

/// What may be said about a path, and mostly is not.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct About {
    /// What it means if nothing is there.
    pub(super) absence: Absence,
    /// What `//` stands for.
    pub(super) base: Base,
    /// Where the path is written, or the first part of it.
    pub(super) stored: Option<Stored>,
    /// What has to change with it.
    pub(super) also: Option<Also>,
    /// The directory in which the file must stay where it is, since its path follows from that of
    /// another file there; as it stands in the file.
    pub(super) within: Option<Vec<u8>>,
}

/// How to understand a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum How {
    /// One file.
    File,
    /// No file: other paths start from this one.
    Nothing,
    /// One of many frames, told apart by the last number in the name.
    Frames,
    /// Tiles, with the numbers of those that must be there (1001 and up).
    Tiles(BTreeSet<u16>),
    /// A directory, with everything below it.
    Folder,
    /// The cache directory of a fluid, with everything below the directories that Blender makes.
    Fluid,
    /// The files of a simulation: their names begin with this one, then comes `_` and a frame.
    Simulated,
    /// A text that somebody typed: a file, if it is a path at all.
    Perhaps,
}

/// What it means if nothing is there; the gravest first.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Absence {
    /// Something is missing.
    #[default]
    Missing,
    /// Renders do without; a person should know.
    Spare,
    /// Nothing was baked, or nothing was meant.
    Fine,
}

/// What `//` at the beginning of a path stands for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Base {
    /// The directory of the .blend that the data-block lives in.
    #[default]
    Own,
    /// The directory for caches beside the .blend that is rendered.
    CachesOfMain,
}

/// What else in a .blend depends on a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Also {
    /// The place of a copy, and what is written there.
    Copy(Stored, Vec<u8>),
    /// The place of the number that says how long the text is with its zero, and that number.
    Len(Stored, u64),
}

/// Most asks of one .blend: half a million. The heaviest shots need some 40,000 files.
pub(super) const ASKS_MAX: usize = 500_000;

/// Longest path that is taken: no system opens a longer one, and Blender stores at most 1024 bytes.
const PATH_BYTES_MAX: usize = 4096;

/// Where the rules put their asks.
#[derive(Debug)]
pub(super) struct Asks {
    blend: PathBuf,
    about: About,
    list: Vec<Ask>,
    count: usize,
}

impl Asks {
    /// Starts with no asks.
    pub(super) fn new() -> Self {
        Self { blend: PathBuf::new(), about: About::default(), list: Vec::new(), count: 0 }
    }

    /// Says in which .blend the data-block lives whose asks come next.
    pub(super) fn by(&mut self, blend: &Path) {
        if *self.blend != *blend {
            self.blend = blend.to_path_buf();
        }
    }

    /// Gives the .blend in which the data-block lives.
    pub(super) fn blend(&self) -> &Path {
        &self.blend
    }

    /// Says where the path of the next ask is written. If that is only the directory in which its
    /// file is, the path must begin with it.
    pub(super) fn at(&mut self, stored: Option<Stored>) -> &mut Self {
        self.about.stored = stored;
        self
    }

    /// Says what has to change with the path of the next ask.
    pub(super) fn also(&mut self, also: Option<Also>) -> &mut Self {
        self.about.also = also;
        self
    }

    /// Says what it means if nothing of the next ask is there; it is missing otherwise.
    pub(super) fn unless(&mut self, absence: Absence) -> &mut Self {
        self.about.absence = absence;
        self
    }

    /// Says what `//` stands for in the next ask.
    pub(super) fn from(&mut self, base: Base) -> &mut Self {
        self.about.base = base;
        self
    }

    /// Says which directory the file of the next ask must not leave.
    pub(super) fn within(&mut self, dir: &[u8]) -> &mut Self {
        self.about.within = Some(dir.to_vec());
        self
    }

    /// Asks for one file. An empty path asks for nothing.
    pub(super) fn file(&mut self, kind: Kind, path: &[u8]) {
        self.ask(kind, path, How::File);
    }

    /// Asks for what `how` makes of a path. An empty path asks for nothing.
    pub(super) fn ask(&mut self, kind: Kind, path: &[u8], how: How) {
        let about = std::mem::take(&mut self.about);
        if path.is_empty() || path.len() > PATH_BYTES_MAX {
            return;
        }
        self.count += 1;
        if self.count <= ASKS_MAX {
            self.list.push(Ask { kind, path: path.to_vec(), how, about });
        }
    }

    /// Takes the asks since the last call.
    pub(super) fn take(&mut self) -> Vec<Ask> {
        std::mem::take(&mut self.list)
    }

    /// Tells whether there were more asks than are kept.
    pub(super) fn is_full(&self) -> bool {
        self.count > ASKS_MAX
    }
}
