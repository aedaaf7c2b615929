//! From the main file to its libraries and theirs, each with what is linked from it.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use rayon::iter::{IntoParallelRefIterator as _, ParallelIterator as _};

use super::ask::{Absence, How};
use super::disk::Disk;
use super::expand::Hit;
use super::kind::Kind;
use super::reference::Reference;
use super::report::Want;
use super::scope::{Request, Scope};
use super::sheet::{self, Home, Item, Library, Packed, Sheet, What};
use super::step::Step;
use crate::blend::{BlendError, Stored};

/// Most .blend files that are followed; links between directories can make a few look like many.
const NODES_MAX: usize = 100_000;

/// A .blend, and what of it is needed.
#[derive(Debug)]
pub(super) struct Node {
    /// Absolute, as it was asked for.
    pub(super) blend: Arc<Path>,
    /// What it says.
    pub(super) sheet: Arc<Sheet>,
    /// What of that is needed.
    pub(super) scope: Scope,
    /// Size and time of the file before it was read.
    pub(super) seen: Option<(u64, SystemTime)>,
    /// The number of the .blend that it is packed into, its block there, and its length.
    pub(super) packed_in: Option<(usize, Stored, Stored)>,
    /// What it says about its libraries.
    pub(super) references: Vec<Reference>,
    /// Where it really is.
    real: PathBuf,
    /// Who asked for it first.
    above: Option<usize>,
    /// All of it was requested already.
    is_all: bool,
}

/// What a walk came across.
#[derive(Debug, Default)]
pub(super) struct Walked {
    /// All .blend files; the first is the main one.
    pub(super) nodes: Vec<Node>,
    /// The libraries, as files that are needed.
    pub(super) wants: Vec<Want>,
    /// Sentences.
    pub(super) warnings: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Key {
    File(PathBuf),
    /// Packed into that node, as that library.
    Packed(usize, u32),
}

/// A library that is to be read next.
struct Next {
    hit: Hit,
    request: Request,
    above: usize,
}

/// What was read of a file.
pub(super) struct Read {
    /// What it says.
    pub(super) sheet: Arc<Sheet>,
    /// Its size and time before.
    pub(super) seen: Option<(u64, SystemTime)>,
}

/// Walks from `main`. `load` reads a file; it is called in several threads.
pub(super) fn walk(
    main: &Path,
    main_read: Read,
    disk: &Disk,
    load: &(impl Fn(&Hit) -> Result<Read, BlendError> + Sync),
) -> Walked {
    let mut walk = Walk::new(disk);
    let first = walk.add(Key::File(main.to_path_buf()), main.into(), main_read, main, None);
    walk.left.push((first, Request::All));
    loop {
        while let Some((node, request)) = walk.left.pop() {
            walk.reach(node, &request);
        }
        let next = std::mem::take(&mut walk.next);
        if next.is_empty() {
            break;
        }
        let next: Vec<_> = next.into_iter().filter(|(_, next)| walk.may_follow(next)).collect();
        let reads: Vec<_> = next.par_iter().map(|(_, next)| load(&next.hit)).collect();
        for ((path, next), read) in next.into_iter().zip(reads) {
            match read {
                Ok(read) => {
                    let blend = path.as_path().into();
                    let key = Key::File(path);
                    let node = walk.add(key, blend, read, &next.hit.path, Some(next.above));
                    walk.left.push((node, next.request));
                }
                Err(error) => {
                    walk.walked.warnings.push(sheet::warning(&next.hit.path, &error));
                    walk.done.insert(path);
                }
            }
        }
    }
    walk.walked
}

struct Walk<'a> {
    disk: &'a Disk,
    walked: Walked,
    by_key: HashMap<Key, usize>,
    /// Libraries that somebody asked for already, and where they are.
    libraries: HashMap<(usize, u32), Hit>,
    /// Files that are not followed, now or later.
    done: HashSet<PathBuf>,
    left: Vec<(usize, Request)>,
    next: BTreeMap<PathBuf, Next>,
}

impl<'a> Walk<'a> {
    fn new(disk: &'a Disk) -> Self {
        Self {
            disk,
            walked: Walked::default(),
            by_key: HashMap::new(),
            libraries: HashMap::new(),
            done: HashSet::new(),
            left: Vec::new(),
            next: BTreeMap::new(),
        }
    }

    fn add(
        &mut self,
        key: Key,
        blend: Arc<Path>,
        read: Read,
        there: &Path,
        above: Option<usize>,
    ) -> usize {
        let Read { sheet, seen } = read;
        let number = self.walked.nodes.len();
        self.by_key.insert(key, number);
        self.walked.warnings.extend(sheet.warnings.iter().cloned());
        // Files are looked for when something is needed of them; of the others only the path counts.
        let others = sheet.libraries.iter().filter(|library| library.what != What::File);
        let references =
            others.filter_map(|library| Reference::of(&step(library, &blend, How::Nothing), &[]));
        self.walked.nodes.push(Node {
            references: references.collect(),
            scope: Scope::new(&sheet),
            real: there.canonicalize().unwrap_or_else(|_| there.to_path_buf()),
            packed_in: None,
            is_all: false,
            blend,
            sheet,
            seen,
            above,
        });
        number
    }

    /// Adds a library that is packed into the .blend of that number.
    fn add_packed(&mut self, number: usize, place: u32, packed: &Packed) -> usize {
        let read = Read { sheet: Arc::clone(&packed.sheet), seen: None };
        let (key, there) = (Key::Packed(number, place), packed.place.as_path());
        let inside = self.add(key, there.into(), read, there, Some(number));
        if let Some(node) = self.walked.nodes.get_mut(inside) {
            node.packed_in = Some((number, packed.data, packed.size));
        }
        inside
    }

    /// Reaches what is requested of a file, and hands on what that needs of its libraries.
    fn reach(&mut self, number: usize, request: &Request) {
        let Some(node) = self.walked.nodes.get_mut(number) else {
            return;
        };
        let (sheet, blend) = (Arc::clone(&node.sheet), Arc::clone(&node.blend));
        let reached = node.scope.reach(&sheet, request);
        let is_all_new = *request == Request::All && !std::mem::replace(&mut node.is_all, true);
        let mut needs: BTreeMap<u32, Request> = BTreeMap::new();
        for item in reached.iter().filter_map(|place| sheet.items.get(*place as usize)) {
            if let Home::Linked(library) = item.home
                && !is_brush(item)
            {
                let names = Request::Names(HashSet::from([Arc::clone(&item.name)]));
                needs
                    .entry(library)
                    .and_modify(|known| known.merge(names.clone()))
                    .or_insert(names);
            }
        }
        // Once: a damaged file may name itself as its library.
        if is_all_new {
            let linked: HashSet<_> = sheet.items.iter().map(|item| item.home).collect();
            for (library, _) in (0..).zip(&sheet.libraries) {
                if !linked.contains(&Home::Linked(library)) && sheet.library_is_file(library) {
                    let nothing = Request::Names(HashSet::new());
                    needs.insert(library, if sheet.is_vague { Request::All } else { nothing });
                }
            }
        }
        for (library, request) in needs {
            self.ask(number, &blend, &sheet, library, request);
        }
    }

    fn ask(&mut self, number: usize, blend: &Path, sheet: &Sheet, place: u32, request: Request) {
        let Some(library) = sheet.libraries.get(place as usize) else {
            return;
        };
        if let What::Packed(packed) = &library.what {
            let known = self.by_key.get(&Key::Packed(number, place)).copied();
            let node = known.unwrap_or_else(|| self.add_packed(number, place, packed));
            self.left.push((node, request));
            return;
        }
        let Some(hit) = self.library(number, blend, place, library) else {
            return;
        };
        if hit.size.is_none() || self.done.contains(&hit.asked) {
            return;
        }
        if let Some(node) = self.by_key.get(&Key::File(hit.asked.clone())) {
            self.left.push((*node, request));
            return;
        }
        let next = self.next.entry(hit.asked.clone());
        next.and_modify(|next| next.request.merge(request.clone())).or_insert(Next {
            hit,
            request,
            above: number,
        });
    }

    /// Finds the file of a library, and wants it, once for each .blend that names it.
    fn library(
        &mut self,
        number: usize,
        blend: &Path,
        place: u32,
        library: &Library,
    ) -> Option<Hit> {
        if let Some(hit) = self.libraries.get(&(number, place)) {
            return Some(hit.clone());
        }
        if library.path.is_empty() {
            return None;
        }
        let step = step(library, blend, How::File);
        let hits = step.take(self.disk, &mut self.walked.warnings);
        let reference = Reference::of(&step, &hits);
        let hit = hits.into_iter().next()?;
        self.libraries.insert((number, place), hit.clone());
        if let Some(node) = self.walked.nodes.get_mut(number) {
            node.references.extend(reference);
        }
        self.walked.wants.push(Want {
            hit: hit.clone(),
            kind: Kind::Blend,
            absence: Absence::Missing,
            blend: blend.into(),
            id: Arc::clone(&library.name),
        });
        Some(hit)
    }

    /// Tells whether a file is read, or leads in a circle of links between directories.
    fn may_follow(&mut self, next: &Next) -> bool {
        let nodes = &self.walked.nodes;
        let real = next.hit.path.canonicalize().unwrap_or_else(|_| next.hit.path.clone());
        let chain = std::iter::successors(nodes.get(next.above), |node| {
            nodes.get(node.above.unwrap_or(usize::MAX))
        });
        let is_known = chain.take(NODES_MAX).any(|node| node.real == real);
        if !is_known && nodes.len() < NODES_MAX {
            return true;
        }
        self.walked.warnings.push(format!(
            "`{}` is `{}` under another name, which is followed already; it is taken and not followed again",
            next.hit.asked.display(),
            real.display()
        ));
        self.done.insert(next.hit.asked.clone());
        false
    }
}

/// Gives what has to be looked for to find a library that `blend` names.
fn step(library: &Library, blend: &Path, how: How) -> Step {
    Step {
        path: library.path.clone(),
        how,
        base: blend.parent().unwrap_or(blend).into(),
        stored: library.stored,
        also: library.also.clone(),
        within: None,
        is_fixed: false,
    }
}

/// Brushes paint and sculpt; no render reads them, and those of asset libraries lie anywhere.
fn is_brush(item: &Item) -> bool {
    item.name.starts_with(b"BR")
}
