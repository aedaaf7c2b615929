//! What is found and what is missing, and who asked for it.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::{Serialize, Serializer};

use super::disk::{Disk, There};
use super::kind::Kind;
use super::look::Looked;
use super::reference::Referring;

/// A file that is there.
#[derive(Debug, Clone, Serialize)]
pub struct Found {
    /// Absolute path on this machine.
    #[serde(serialize_with = "lossy")]
    pub path: PathBuf,
    /// What it is needed for.
    pub kind: Kind,
    /// Bytes.
    pub size: u64,
    /// Its place in the pack, relative to the root with `/`; `None` when it lies outside the root.
    pub in_pack: Option<String>,
    /// Who asked for it: `/abs/file.blend#IMname`, sorted.
    pub users: Vec<String>,
}

/// A file that somebody asks for and that is not there.
#[derive(Debug, Clone, Serialize)]
pub struct Missing {
    /// Absolute path where it should be.
    #[serde(serialize_with = "lossy")]
    pub path: PathBuf,
    /// What it is needed for.
    pub kind: Kind,
    /// Who asked for it.
    pub users: Vec<String>,
}

/// All that a .blend needs.
#[derive(Debug, Clone, Serialize)]
pub struct Trace {
    /// Absolute path of the .blend.
    #[serde(serialize_with = "lossy")]
    pub blend: PathBuf,
    /// Absolute path of the project root.
    #[serde(serialize_with = "lossy")]
    pub root: PathBuf,
    /// What is there, sorted by path; the .blend itself included.
    pub files: Vec<Found>,
    /// What is not there.
    pub missing: Vec<Missing>,
    /// Sentences about what could not be followed.
    pub warnings: Vec<String>,
    /// What each .blend that was looked into says about other files, and where in it.
    #[serde(skip)]
    pub referring: BTreeMap<PathBuf, Referring>,
}

/// JSON has no bytes that are not UTF-8; they become U+FFFD.
fn lossy<S: Serializer>(path: &Path, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&path.to_string_lossy())
}

/// Collects what the .blends want, each file once.
#[derive(Debug)]
pub(super) struct Report {
    blend: PathBuf,
    root: PathBuf,
    wanted: BTreeMap<PathBuf, Wanted>,
    referring: BTreeMap<PathBuf, Referring>,
    warnings: BTreeSet<String>,
}

#[derive(Debug)]
struct Wanted {
    kind: Kind,
    size: Option<u64>,
    users: BTreeSet<Arc<str>>,
}

impl Report {
    /// Starts with the .blend itself.
    pub(super) fn new(blend: &Path, root: &Path) -> Self {
        let size = match Disk::look(blend) {
            There::File(size) => Some(size),
            There::Other | There::Nothing => None,
        };
        let itself = Wanted { kind: Kind::Blend, size, users: BTreeSet::new() };
        Self {
            blend: blend.to_path_buf(),
            root: root.to_path_buf(),
            wanted: BTreeMap::from([(blend.to_path_buf(), itself)]),
            referring: BTreeMap::new(),
            warnings: BTreeSet::new(),
        }
    }

    /// Adds what one .blend wants.
    pub(super) fn add(&mut self, looked: Looked) {
        self.warnings.extend(looked.warnings);
        self.referring.insert(looked.referring.path.clone(), looked.referring);
        for (hit, kind, user) in looked.wants {
            match self.wanted.entry(hit.path) {
                Entry::Vacant(place) => {
                    let users = BTreeSet::from([user]);
                    place.insert(Wanted { kind, size: hit.size, users });
                }
                Entry::Occupied(mut known) => {
                    let known = known.get_mut();
                    known.kind = known.kind.min(kind);
                    known.users.insert(user);
                }
            }
        }
    }

    /// Adds a sentence.
    pub(super) fn warn(&mut self, sentence: String) {
        self.warnings.insert(sentence);
    }

    /// Gives everything, sorted.
    pub(super) fn finish(mut self) -> Trace {
        let (mut files, mut missing) = (Vec::new(), Vec::new());
        for (path, wanted) in self.wanted {
            let Wanted { kind, size, users } = wanted;
            let users = users.iter().map(ToString::to_string).collect();
            let Some(size) = size else {
                missing.push(Missing { path, kind, users });
                continue;
            };
            let in_pack = in_pack(&path, &self.root);
            if path.to_str().is_none() {
                self.warnings.insert(format!(
                    "the name of `{}` is not UTF-8 and will be another one in the pack; rename it",
                    path.display()
                ));
            }
            files.push(Found { path, kind, size, in_pack, users });
        }
        let warnings = self.warnings.into_iter().collect();
        let (blend, root, referring) = (self.blend, self.root, self.referring);
        Trace { blend, root, files, missing, warnings, referring }
    }
}

fn in_pack(path: &Path, root: &Path) -> Option<String> {
    let inside = path.strip_prefix(root).ok()?;
    let parts: Vec<_> = inside.iter().map(|part| part.to_string_lossy()).collect();
    Some(parts.join("/"))
}
