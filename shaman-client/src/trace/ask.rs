//! What a rule says: a path as it stands in the file, and how to understand it.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::kind::Kind;
use crate::blend::Stored;

/// A path that a data-block asks for.
#[derive(Debug, Clone)]
pub(super) struct Ask {
    /// What for.
    pub(super) kind: Kind,
    /// As it stands in the file.
    pub(super) path: Vec<u8>,
    /// One file or many.
    pub(super) how: How,
    /// Name of the data-block, as `IMwood`.
    pub(super) user: Arc<[u8]>,
    /// Directory that `//` stands for.
    pub(super) base: Arc<Path>,
    /// Where the path is written, or the first part of it.
    pub(super) stored: Option<Stored>,
    /// Where it is written a second time, and what is written there.
    pub(super) also: Option<(Stored, Vec<u8>)>,
    /// The directory in which the file must stay where it is, since what asks for it cannot be
    /// changed.
    pub(super) within: Option<Arc<Path>>,
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
    /// A directory, with everything below these directories in it; without any, below itself.
    Folder(&'static [&'static str]),
    /// The files of a simulation: their names begin with this one, then comes `_` and a frame.
    Simulated(Absence),
}

/// What it means if nothing is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Absence {
    /// Something is missing.
    Missing,
    /// Nothing was baked.
    Fine,
}

/// Most asks of one .blend: half a million. The heaviest shots need some 40,000 files.
pub(super) const ASKS_MAX: usize = 500_000;

/// Longest path that is taken: no system opens a longer one, and Blender stores at most 1024 bytes.
const PATH_BYTES_MAX: usize = 4096;

/// Where the rules put their asks.
#[derive(Debug)]
pub(super) struct Asks {
    user: Arc<[u8]>,
    blend: PathBuf,
    base: Arc<Path>,
    stored: Option<Stored>,
    also: Option<(Stored, Vec<u8>)>,
    list: Vec<Ask>,
    is_full: bool,
}

impl Asks {
    /// Starts with no asks; `//` stands for the directory of `blend`.
    pub(super) fn new(blend: &Path) -> Self {
        Self {
            user: Arc::default(),
            blend: blend.to_path_buf(),
            base: blend.parent().unwrap_or(blend).into(),
            stored: None,
            also: None,
            list: Vec::new(),
            is_full: false,
        }
    }

    /// Says whose asks come next, and in which .blend that data-block lives.
    pub(super) fn by(&mut self, user: &[u8], blend: &Path) {
        if *self.user != *user {
            self.user = user.into();
        }
        if self.blend != *blend {
            self.blend = blend.to_path_buf();
            self.base = blend.parent().unwrap_or(blend).into();
        }
    }

    /// Gives the .blend in which the data-block lives.
    pub(super) fn blend(&self) -> &Path {
        &self.blend
    }

    /// Says where the path of the next ask is written. If that is only the directory in which its
    /// file is, the path must begin with it.
    pub(super) fn at(&mut self, stored: Option<Stored>) -> &mut Self {
        self.stored = stored;
        self
    }

    /// Says where the path of the next ask is written a second time.
    pub(super) fn also(&mut self, stored: Option<Stored>, text: Option<&[u8]>) -> &mut Self {
        self.also = stored.zip(text.map(<[u8]>::to_vec));
        self
    }

    /// Asks for one file. An empty path asks for nothing.
    pub(super) fn file(&mut self, kind: Kind, path: &[u8]) {
        self.ask(kind, path, How::File);
    }

    /// Asks for what `how` makes of a path. An empty path asks for nothing.
    pub(super) fn ask(&mut self, kind: Kind, path: &[u8], how: How) {
        let (stored, also) = (self.stored.take(), self.also.take());
        if path.is_empty() || path.len() > PATH_BYTES_MAX {
            return;
        }
        if self.list.len() == ASKS_MAX {
            self.is_full = true;
            return;
        }
        let (user, base) = (Arc::clone(&self.user), Arc::clone(&self.base));
        let path = path.to_vec();
        self.list.push(Ask { kind, path, how, user, base, stored, also, within: None });
    }

    /// Tells whether there were more asks than are kept.
    pub(super) fn is_full(&self) -> bool {
        self.is_full
    }

    /// Gives all asks in the order they came.
    pub(super) fn into_list(self) -> Vec<Ask> {
        self.list
    }
}
