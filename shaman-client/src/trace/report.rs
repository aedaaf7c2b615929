//! What is found and what is missing, and who asked for it.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::{Serialize, Serializer};

use super::ask::Absence;
use super::disk::{Disk, There};
use super::expand::Hit;
use super::kind::Kind;
use super::reference::Referring;
use crate::places::text;

/// A file that is there.
#[derive(Debug, Clone, Serialize)]
pub struct Found {
    /// Absolute path on this machine.
    #[serde(serialize_with = "lossy")]
    pub path: PathBuf,
    /// Absolute path as it is asked for: `path`, but perhaps in another case.
    #[serde(skip)]
    pub asked: PathBuf,
    /// What it is needed for.
    pub kind: Kind,
    /// Bytes.
    pub size: u64,
    /// Its place in the pack, relative to the root with `/`, in the upper and lower case that is
    /// asked for; `None` when it lies outside the root.
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
    /// What is there, sorted by path; the .blend itself included. A file that is asked for in
    /// several spellings is there once for each.
    pub files: Vec<Found>,
    /// What is not there.
    pub missing: Vec<Missing>,
    /// Sentences about what could not be followed.
    pub warnings: Vec<String>,
    /// Which .blend asks for what, sorted.
    #[serde(skip)]
    pub links: Vec<Link>,
    /// What each .blend that was looked into says about other files, and where in it; by the path
    /// that is asked for.
    #[serde(skip)]
    pub referring: BTreeMap<PathBuf, Referring>,
}

/// A .blend asks for a file.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Link {
    /// Absolute path of the .blend, as it is asked for.
    pub by: PathBuf,
    /// For what.
    pub to: Target,
    /// The data-block that does, as `IMwood`.
    pub id: String,
}

/// What is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Target {
    /// A place in [`Trace::files`].
    File(usize),
    /// A place in [`Trace::missing`].
    Missing(usize),
}

/// One file that one data-block wants.
#[derive(Debug)]
pub(super) struct Want {
    /// Which.
    pub(super) hit: Hit,
    /// What for.
    pub(super) kind: Kind,
    /// What it means if it is not there.
    pub(super) absence: Absence,
    /// The .blend of the data-block.
    pub(super) blend: Arc<Path>,
    /// Its name, as `IMwood`.
    pub(super) id: Arc<[u8]>,
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
    /// By the path that is asked for.
    wanted: BTreeMap<PathBuf, Wanted>,
    warnings: BTreeSet<String>,
}

#[derive(Debug)]
struct Wanted {
    kind: Kind,
    path: PathBuf,
    size: Option<u64>,
    absence: Absence,
    /// As they come: mostly there is one.
    users: Vec<(Arc<Path>, Arc<[u8]>)>,
}

impl Report {
    /// Starts with the .blend itself.
    pub(super) fn new(blend: &Path, root: &Path) -> Self {
        let size = match Disk::look(blend) {
            There::File(size) => Some(size),
            There::Other | There::Nothing => None,
        };
        let itself = Wanted {
            kind: Kind::Blend,
            path: blend.to_path_buf(),
            size,
            absence: Absence::Missing,
            users: Vec::new(),
        };
        Self {
            blend: blend.to_path_buf(),
            root: root.to_path_buf(),
            wanted: BTreeMap::from([(blend.to_path_buf(), itself)]),
            warnings: BTreeSet::new(),
        }
    }

    /// Adds what one .blend wants.
    pub(super) fn add(&mut self, wants: Vec<Want>) {
        for Want { hit, kind, absence, blend, id } in wants {
            match self.wanted.entry(hit.asked) {
                Entry::Vacant(place) => {
                    let users = vec![(blend, id)];
                    let (path, size) = (hit.path, hit.size);
                    place.insert(Wanted { kind, path, size, absence, users });
                }
                Entry::Occupied(mut known) => {
                    let known = known.get_mut();
                    known.kind = known.kind.min(kind);
                    known.absence = known.absence.min(absence);
                    known.users.push((blend, id));
                }
            }
        }
    }

    /// Adds sentences.
    pub(super) fn warn(&mut self, sentences: Vec<String>) {
        self.warnings.extend(sentences);
    }

    /// Gives everything, sorted.
    pub(super) fn finish(mut self, referring: BTreeMap<PathBuf, Referring>) -> Trace {
        let (mut files, mut missing, mut links) = (Vec::new(), Vec::new(), BTreeSet::new());
        for (asked, wanted) in self.wanted {
            let Wanted { kind, path, size, absence, mut users } = wanted;
            users.sort();
            users.dedup();
            let target = match size {
                Some(_) => Target::File(files.len()),
                None => Target::Missing(missing.len()),
            };
            let link = |(blend, id): &(Arc<Path>, Arc<[u8]>)| Link {
                by: blend.to_path_buf(),
                to: target,
                id: String::from_utf8_lossy(id).into_owned(),
            };
            let mut by: Vec<_> = users.iter().map(link).collect();
            let users: Vec<_> = users.iter().map(user).collect();
            match (size, absence) {
                (Some(size), _) => {
                    // As it is asked for, unless only the name on disk lies inside.
                    let in_pack =
                        in_pack(&asked, &self.root).or_else(|| in_pack(&path, &self.root));
                    files.push(Found { path, asked, kind, size, in_pack, users });
                }
                (None, Absence::Missing) => missing.push(Missing { path, kind, users }),
                (None, Absence::Spare) => {
                    let user = users.first().map_or("", String::as_str);
                    self.warnings.insert(format!(
                        "`{}` ({}) is not there; renders do without, asked for by {user}",
                        path.display(),
                        kind.word()
                    ));
                    by.clear();
                }
                (None, Absence::Fine) => by.clear(),
            }
            links.extend(by);
        }
        let warnings = self.warnings.into_iter().collect();
        let links = links.into_iter().collect();
        let (blend, root) = (self.blend, self.root);
        Trace { blend, root, files, missing, warnings, links, referring }
    }
}

fn user((blend, id): &(Arc<Path>, Arc<[u8]>)) -> String {
    format!("{}#{}", blend.display(), String::from_utf8_lossy(id))
}

fn in_pack(path: &Path, root: &Path) -> Option<String> {
    let inside = path.strip_prefix(root).ok()?;
    let parts: Vec<_> = inside.iter().map(text).collect();
    Some(parts.join("/"))
}
