//! What a rule says: a path as it stands in the file, and how to understand it.

use std::path::{Path, PathBuf};

use super::kind::Kind;

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
    pub(super) user: Vec<u8>,
    /// Directory that `//` stands for.
    pub(super) base: PathBuf,
}

/// How to understand a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum How {
    /// One file.
    File,
    /// One of many frames, told apart by the last number in the name.
    Frames,
    /// Tiles, with the numbers of those that must be there (1001 and up).
    Tiles(Vec<i64>),
}

/// Where the rules put their asks.
#[derive(Debug)]
pub(super) struct Asks {
    user: Vec<u8>,
    base: PathBuf,
    list: Vec<Ask>,
}

impl Asks {
    /// Starts with no asks.
    pub(super) fn new() -> Self {
        Self {
            user: Vec::new(),
            base: PathBuf::new(),
            list: Vec::new(),
        }
    }

    /// Says whose asks come next, and which directory its `//` stands for.
    pub(super) fn by(&mut self, user: &[u8], base: &Path) {
        user.clone_into(&mut self.user);
        base.clone_into(&mut self.base);
    }

    /// Asks for one file. An empty path asks for nothing.
    pub(super) fn file(&mut self, kind: Kind, path: &[u8]) {
        self.ask(kind, path, How::File);
    }

    /// Asks for what `how` makes of a path. An empty path asks for nothing.
    pub(super) fn ask(&mut self, kind: Kind, path: &[u8], how: How) {
        if path.is_empty() {
            return;
        }
        let (user, base) = (self.user.clone(), self.base.clone());
        self.list.push(Ask {
            kind,
            path: path.to_vec(),
            how,
            user,
            base,
        });
    }

    /// Gives all asks in the order they came.
    pub(super) fn into_list(self) -> Vec<Ask> {
        self.list
    }
}
