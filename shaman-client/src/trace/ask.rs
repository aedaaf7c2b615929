//! What a rule says: a path as it stands in the file, and how to understand it.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::kind::Kind;

/// A path that a data-block asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Ask {
    /// What for.
    pub(super) kind: Kind,
    /// As it stands in the file.
    pub(super) path: Vec<u8>,
    /// One file or many.
    pub(super) how: How,
    /// What it means if nothing is there.
    pub(super) absence: Absence,
    /// What `//` stands for.
    pub(super) base: Base,
}

/// How to understand a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum How {
    /// One file.
    File,
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
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Absence {
    /// Something is missing.
    Missing,
    /// Renders do without; a person should know.
    Spare,
    /// Nothing was baked, or nothing was meant.
    Fine,
}

/// What `//` at the beginning of a path stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Base {
    /// The directory of the .blend that the data-block lives in.
    Own,
    /// The directory for caches beside the .blend that is rendered.
    CachesOfMain,
}

/// Most asks of one .blend: half a million. The heaviest shots need some 40,000 files.
pub(super) const ASKS_MAX: usize = 500_000;

/// Longest path that is taken: no system opens a longer one, and Blender stores at most 1024 bytes.
const PATH_BYTES_MAX: usize = 4096;

/// Where the rules put their asks.
#[derive(Debug)]
pub(super) struct Asks {
    blend: PathBuf,
    list: Vec<Ask>,
    count: usize,
}

impl Asks {
    /// Starts with no asks.
    pub(super) fn new() -> Self {
        Self { blend: PathBuf::new(), list: Vec::new(), count: 0 }
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

    /// Asks for one file. An empty path asks for nothing.
    pub(super) fn file(&mut self, kind: Kind, path: &[u8]) {
        self.ask(kind, path, How::File);
    }

    /// Asks for what `how` makes of a path. An empty path asks for nothing.
    pub(super) fn ask(&mut self, kind: Kind, path: &[u8], how: How) {
        self.push(Ask {
            kind,
            path: path.to_vec(),
            how,
            absence: Absence::Missing,
            base: Base::Own,
        });
    }

    /// Asks for something whose absence may mean less.
    pub(super) fn push(&mut self, ask: Ask) {
        if ask.path.is_empty() || ask.path.len() > PATH_BYTES_MAX {
            return;
        }
        self.count += 1;
        if self.count <= ASKS_MAX {
            self.list.push(ask);
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
