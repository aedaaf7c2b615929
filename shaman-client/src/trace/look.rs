//! One .blend: read it, show its data-blocks to the rules, find what they ask for.

use std::collections::{BTreeSet, HashMap, HashSet, VecDeque};
use std::error::Error as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::ask::{ASKS_MAX, Ask, Asks, How};
use super::disk::Disk;
use super::expand::{self, Hit};
use super::kind::Kind;
use super::paths::{self, Place};
use super::reference::{self, PackedLibrary, Reference, Referring};
use super::rules::library::Packed;
use super::{rules, scope, usd};
use crate::blend::{Blend, BlendError, Heads, Source, Stored};

/// What one .blend asks for.
#[derive(Debug)]
pub(super) struct Looked {
    /// Files, what for, and who asks.
    pub(super) wants: Vec<(Hit, Kind, Arc<str>)>,
    /// Libraries that are there.
    pub(super) libraries: Vec<PathBuf>,
    /// Sentences.
    pub(super) warnings: Vec<String>,
    /// What it says, and where.
    pub(super) referring: Referring,
}

impl Looked {
    /// Takes over what a library asks for that is packed into this file.
    fn append(&mut self, other: Self, data: Stored, size: Stored) {
        self.wants.extend(other.wants);
        self.libraries.extend(other.libraries);
        self.warnings.extend(other.warnings);
        self.referring.packed.push(PackedLibrary { data, size, referring: other.referring });
    }
}

/// How often large blocks are fetched for rules that find another one behind them.
const ROUNDS_MAX: usize = 8;

/// Most files that one .blend may lead to: a million. Sequences multiply, so that a small damaged
/// file could ask for the frames of a large one without end.
const HITS_MAX: usize = 1_000_000;

/// How deep libraries that are packed in packed libraries are looked into.
const PACKED_DEPTH_MAX: usize = 4;

/// Looks into the .blend at `path` (absolute).
pub(super) fn look(path: &Path, disk: &Disk) -> Result<Looked, BlendError> {
    look_into(Source::File(path.to_path_buf()), path, disk, 0)
}

/// Looks into a .blend that lies at `path`, or would if it were not packed.
fn look_into(source: Source, path: &Path, disk: &Disk, depth: usize) -> Result<Looked, BlendError> {
    let seen = if depth == 0 { reference::seen(path) } else { None };
    let mut blend = Blend::read(source)?;
    let (heads, references, packed) = (Heads::of(&blend), Vec::new(), Vec::new());
    let referring = Referring { path: path.to_path_buf(), seen, heads, references, packed };
    let (wants, libraries, warnings) = (Vec::new(), Vec::new(), Vec::new());
    let mut looked = Looked { wants, libraries, warnings, referring };
    looked.warnings.extend(blend.damage().map(|damage| warning(path, damage)));
    let mut asks = ask(&blend, path);
    for _ in 0..ROUNDS_MAX {
        // Looks at packed libraries for no other reason than to have them fetched.
        _ = rules::library::packed(&blend).count();
        match blend.fetch() {
            Ok(false) => break,
            Ok(true) => asks = ask(&blend, path),
            Err(error) => {
                looked.warnings.push(warning(path, &error));
                break;
            }
        }
    }
    for Packed { name, bytes, data, size } in rules::library::packed(&blend) {
        let (Place::Here(library) | Place::Elsewhere(library)) =
            paths::resolve(name, path.parent().unwrap_or(path));
        if depth == PACKED_DEPTH_MAX {
            looked.warnings.push(format!(
                "`{}` is packed too deep to be followed; unpack one of its libraries",
                library.display()
            ));
            continue;
        }
        match look_into(Source::Bytes(bytes.to_vec()), &library, disk, depth + 1) {
            Ok(inside) => looked.append(inside, data, size),
            Err(error) => looked.warnings.push(warning(&library, &error)),
        }
    }
    drop(blend);
    if asks.is_full() {
        looked.warnings.push(format!(
            "`{}` asks for more than {ASKS_MAX} files; those after them are left out",
            path.display()
        ));
    }
    let mut users = HashMap::new();
    let mut layers = HashSet::new();
    let mut left = VecDeque::from(asks.into_list());
    while let Some(ask) = left.pop_front() {
        let user = users.entry(Arc::clone(&ask.user)).or_insert_with(|| {
            format!("{}#{}", path.display(), String::from_utf8_lossy(&ask.user)).into()
        });
        let hits = expand::expand(&ask, disk, &mut looked.warnings);
        looked.referring.references.extend(Reference::of(&ask, &hits, disk));
        for hit in hits {
            if looked.wants.len() == HITS_MAX {
                looked.warnings.push(format!(
                    "`{}` leads to more than {HITS_MAX} files; those after them are left out",
                    path.display()
                ));
                return Ok(looked);
            }
            if ask.kind == Kind::Blend && hit.size.is_some() {
                looked.libraries.push(hit.path.clone());
            }
            let is_layer = ask.kind == Kind::CacheFile && usd::is_layer(&hit.path);
            if is_layer
                && hit.size.is_some()
                && left.len() < ASKS_MAX
                && layers.insert(hit.path.clone())
            {
                left.extend(layers_of(&hit.path, &ask, &mut looked.warnings));
            }
            looked.wants.push((hit, ask.kind, Arc::clone(user)));
        }
    }
    Ok(looked)
}

/// Asks for the layers that a USD file refers to, in the name of who asked for the file.
fn layers_of(path: &Path, ask: &Ask, warnings: &mut Vec<String>) -> Vec<Ask> {
    let base: Arc<Path> = path.parent().unwrap_or(path).into();
    let layers = usd::layers(path).unwrap_or_else(|error| {
        warnings.push(format!("`{}` could not be followed: {error}", path.display()));
        BTreeSet::new()
    });
    let within = Some(ask.within.clone().unwrap_or_else(|| Arc::clone(&base)));
    let ask = |path| Ask {
        path,
        how: How::File,
        base: Arc::clone(&base),
        stored: None,
        also: None,
        within: within.clone(),
        ..ask.clone()
    };
    layers.into_iter().map(ask).collect()
}

/// Says what is wrong with a file, with all causes, in one line.
pub(super) fn warning(path: &Path, error: &BlendError) -> String {
    let causes = std::iter::successors(error.source(), |cause| (*cause).source());
    let causes: Vec<_> = causes.map(|cause| format!(": {cause}")).collect();
    format!("`{}` could not be followed: {error}{}", path.display(), causes.concat())
}

fn ask(blend: &Blend, path: &Path) -> Asks {
    let base = path.parent().unwrap_or(path);
    let mut asks = Asks::new(path);
    rules::library::look(blend, path, &mut asks);
    for id in scope::ids(blend) {
        match rules::library::packed_from(&id) {
            None => asks.by(id.id_name(), path),
            Some(archive) => {
                let (Place::Here(archive) | Place::Elsewhere(archive)) =
                    paths::resolve(archive, base);
                asks.by(id.id_name(), &archive);
            }
        }
        rules::look(&id, &mut asks);
    }
    asks
}
