//! From what one .blend asks for to files, and from those that refer to others to these.

use std::collections::{BTreeSet, HashMap, HashSet, VecDeque};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use rayon::iter::ParallelIterator as _;
use rayon::slice::ParallelSlice as _;

use super::ask::{Absence, Ask, Base, How};
use super::disk::Disk;
use super::expand::Hit;
use super::kind::Kind;
use super::reference::{Reference, Says};
use super::report::Want;
use super::sheet::Item;
use super::step::Step;
use super::walk::Node;
use super::{Proxies, paths, usd};

/// Most files that one .blend may lead to: a million. Sequences multiply, so that a small damaged
/// file could ask for the frames of a large one without end.
const HITS_MAX: usize = 1_000_000;

/// Most layers of USD that one .blend may lead to: 100,000.
const LAYERS_MAX: usize = 100_000;

/// Data-blocks that one thread takes at a time.
const ITEMS_AT_ONCE: usize = 32;

/// What one .blend leads to.
#[derive(Debug)]
pub(super) struct Gathered {
    /// Files.
    pub(super) wants: Vec<Want>,
    /// Where it says so.
    pub(super) says: Says,
    /// Sentences.
    pub(super) warnings: Vec<String>,
}

/// Finds the files that the needed data-blocks of a .blend ask for. `main` is the .blend to render.
///
/// Proxies are left out unless they are wanted.
pub(super) fn gather(node: Node, main: &Path, proxies: Proxies, disk: &Disk) -> Gathered {
    let Node { blend, sheet, scope, seen, packed_in, references, .. } = node;
    let bounds = Bounds::default();
    let items: Vec<_> = scope.items(&sheet).filter(|item| !item.asks.is_empty()).collect();
    let part = |items: &[&Item]| {
        let mut part = Part { blend: &blend, disk, bounds: &bounds, out: Out::default() };
        for item in items {
            let base = sheet.base(item, &blend);
            let asks = item.asks.iter();
            for ask in asks.filter(|ask| ask.kind != Kind::Proxy || proxies == Proxies::With) {
                let step = step(ask, base.parent().unwrap_or(&base), main);
                part.follow(step, ask.kind, ask.about.absence, &item.name);
            }
        }
        part.out
    };
    let parts: Vec<Out> = items.par_chunks(ITEMS_AT_ONCE).map(part).collect();
    let says = Says { path: blend.to_path_buf(), seen, heads: sheet.heads, references, packed_in };
    let mut gathered = Gathered { wants: Vec::new(), warnings: Vec::new(), says };
    for part in parts {
        gathered.wants.extend(part.wants);
        gathered.says.references.extend(part.references);
        gathered.warnings.extend(part.warnings);
    }
    gathered
}

/// Gives what has to be looked for: `own` is the directory of the .blend that the data-block lives in.
fn step(ask: &Ask, own: &Path, main: &Path) -> Step {
    let (base, path) = match ask.about.base {
        Base::Own => (own, ask.path.clone()),
        Base::CachesOfMain => {
            let caches = paths::caches(main.file_stem().unwrap_or_default());
            let path = [b"//", caches.as_slice(), b"/", &ask.path].concat();
            (main.parent().unwrap_or(main), path)
        }
    };
    let within = ask.about.within.as_ref();
    Step {
        path,
        how: ask.how.clone(),
        base: base.into(),
        stored: ask.about.stored,
        also: ask.about.also.clone(),
        within: within.map(|dir| paths::resolve(dir, base).into_path().into()),
        is_fixed: false,
    }
}

/// How much a .blend has led to, and what its USD files were found to say.
#[derive(Debug, Default)]
struct Bounds {
    hits: AtomicUsize,
    layers: AtomicUsize,
    stages: Mutex<HashMap<PathBuf, Arc<BTreeSet<Vec<u8>>>>>,
}

/// What some data-blocks lead to.
#[derive(Debug, Default)]
struct Out {
    wants: Vec<Want>,
    references: Vec<Reference>,
    warnings: Vec<String>,
}

struct Part<'a> {
    blend: &'a Arc<Path>,
    disk: &'a Disk,
    bounds: &'a Bounds,
    out: Out,
}

impl Part<'_> {
    /// Follows one ask to its end.
    fn follow(&mut self, step: Step, kind: Kind, absence: Absence, id: &Arc<[u8]>) {
        let mut left = VecDeque::from([(step, kind, absence)]);
        let mut taken = Vec::new();
        let mut layers = HashSet::new();
        while let Some((step, kind, absence)) = left.pop_front() {
            let hits = step.take(self.disk, &mut self.out.warnings);
            if self.bounds.hits.fetch_add(hits.len(), Ordering::Relaxed) > HITS_MAX {
                self.out.warnings.push(format!(
                    "`{}` leads to more than {HITS_MAX} files; some of those are left out",
                    self.blend.display()
                ));
                break;
            }
            for hit in &hits {
                let is_layer = kind == Kind::CacheFile && usd::is_layer(&hit.path);
                if is_layer
                    && hit.size.is_some()
                    && layers.insert(hit.asked.clone())
                    && self.bounds.layers.fetch_add(1, Ordering::Relaxed) < LAYERS_MAX
                {
                    left.extend(self.layer(hit));
                }
                let (hit, blend, id) = (hit.clone(), Arc::clone(self.blend), Arc::clone(id));
                self.out.wants.push(Want { hit, kind, absence, blend, id });
            }
            taken.push((step, hits));
        }
        // Files that cannot be changed have to stay together, up to where their paths climb.
        if let [(first, hits), rest @ ..] = taken.as_mut_slice()
            && !rest.is_empty()
        {
            let top = hits.first().and_then(|hit| hit.asked.parent()).unwrap_or(&first.base);
            let climbs = rest.iter().filter_map(|(step, _)| step.climbs_to());
            let top: Arc<Path> = climbs.fold(top, paths::common).into();
            for (step, _) in &mut taken {
                step.within = Some(Arc::clone(&top));
            }
        }
        let references = taken.iter().filter_map(|(step, hits)| Reference::of(step, hits));
        self.out.references.extend(references);
    }

    /// Gives what a USD file refers to: layers, which it cannot do without, and textures, of which
    /// Blender has its own.
    fn layer(&mut self, hit: &Hit) -> Vec<(Step, Kind, Absence)> {
        let base: Arc<Path> = hit.asked.parent().unwrap_or(&hit.asked).into();
        let paths = self.paths(&hit.path);
        let step = |path: Vec<u8>| {
            let is_layer = usd::is_layer(Path::new(&paths::os_string(path.clone())));
            let is_tiled = path.windows(6).any(|part| part.eq_ignore_ascii_case(b"<UDIM>"));
            let how = if is_tiled { How::Tiles(BTreeSet::new()) } else { How::File };
            let base = Arc::clone(&base);
            let (stored, also, within, is_fixed) = (None, None, None, true);
            let step = Step { path, how, base, stored, also, within, is_fixed };
            if is_layer {
                (step, Kind::CacheFile, Absence::Missing)
            } else {
                (step, Kind::Image, Absence::Spare)
            }
        };
        paths.iter().cloned().map(step).collect()
    }

    /// Reads which paths a USD file names, once.
    fn paths(&mut self, file: &Path) -> Arc<BTreeSet<Vec<u8>>> {
        let stages = || self.bounds.stages.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = stages().get(file) {
            return Arc::clone(known);
        }
        let paths = Arc::new(usd::paths(file).unwrap_or_else(|error| {
            let path = file.display();
            self.out.warnings.push(format!("`{path}` could not be followed: {error}"));
            BTreeSet::new()
        }));
        stages().insert(file.to_path_buf(), Arc::clone(&paths));
        paths
    }
}
