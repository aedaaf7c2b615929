//! From what one .blend asks for to files, and from those that refer to others to these.

use std::collections::{BTreeSet, HashSet, VecDeque};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::ask::{Absence, Base, How};
use super::disk::Disk;
use super::expand::{self, Hit};
use super::kind::Kind;
use super::report::Want;
use super::walk::Node;
use super::{Proxies, paths, usd};

/// Most files that one .blend may lead to: a million. Sequences multiply, so that a small damaged
/// file could ask for the frames of a large one without end.
const HITS_MAX: usize = 1_000_000;

/// Most layers of USD that one .blend may lead to: 100,000.
const LAYERS_MAX: usize = 100_000;

/// Finds the files that the needed data-blocks of a .blend ask for. `main` is the .blend to render.
///
/// Proxies are left out unless they are wanted.
pub(super) fn gather(
    node: &Node,
    main: &Path,
    proxies: Proxies,
    disk: &Disk,
) -> (Vec<Want>, Vec<String>) {
    let mut gather = Gather {
        blend: &node.blend,
        disk,
        wants: Vec::new(),
        warnings: Vec::new(),
        layers: HashSet::new(),
    };
    for item in node.scope.items(&node.sheet) {
        if item.asks.is_empty() {
            continue;
        }
        let base = node.sheet.base(item, &node.blend);
        for ask in &item.asks {
            if ask.kind == Kind::Proxy && proxies == Proxies::Without {
                continue;
            }
            let (base, path) = match ask.base {
                Base::Own => (base.parent().unwrap_or(&base), ask.path.clone()),
                Base::CachesOfMain => {
                    let caches = paths::caches(main.file_stem().unwrap_or_default());
                    let path = [b"//", caches.as_slice(), b"/", &ask.path].concat();
                    (main.parent().unwrap_or(main), path)
                }
            };
            let asked = Asked { kind: ask.kind, absence: ask.absence, id: &item.name };
            if !gather.follow(&path, &ask.how, base, &asked) {
                return (gather.wants, gather.warnings);
            }
        }
    }
    (gather.wants, gather.warnings)
}

/// What is the same for all files that an ask leads to.
struct Asked<'a> {
    kind: Kind,
    absence: Absence,
    id: &'a Arc<[u8]>,
}

struct Gather<'a> {
    blend: &'a Arc<Path>,
    disk: &'a Disk,
    wants: Vec<Want>,
    warnings: Vec<String>,
    layers: HashSet<PathBuf>,
}

impl Gather<'_> {
    /// Follows one ask to its end; tells whether there is room for more.
    fn follow(&mut self, path: &[u8], how: &How, base: &Path, asked: &Asked<'_>) -> bool {
        let mut left = VecDeque::from([Step {
            path: path.to_vec(),
            how: how.clone(),
            base: base.into(),
            kind: asked.kind,
            absence: asked.absence,
        }]);
        while let Some(step) = left.pop_front() {
            let Step { path, how, base, kind, absence } = step;
            for hit in expand::expand(&path, &how, &base, self.disk, &mut self.warnings) {
                if self.wants.len() == HITS_MAX {
                    self.warnings.push(format!(
                        "`{}` leads to more than {HITS_MAX} files; those after them are left out",
                        self.blend.display()
                    ));
                    return false;
                }
                let is_layer = kind == Kind::CacheFile && usd::is_layer(&hit.path);
                if is_layer
                    && hit.size.is_some()
                    && self.layers.len() < LAYERS_MAX
                    && self.layers.insert(hit.asked.clone())
                {
                    left.extend(self.layer(&hit));
                }
                self.wants.push(Want {
                    hit,
                    kind,
                    absence,
                    blend: Arc::clone(self.blend),
                    id: Arc::clone(asked.id),
                });
            }
        }
        true
    }

    /// Gives what a USD file refers to: layers, which it cannot do without, and textures, of which
    /// Blender has its own.
    fn layer(&mut self, hit: &Hit) -> Vec<Step> {
        let base: Arc<Path> = hit.asked.parent().unwrap_or(&hit.asked).into();
        let paths = usd::paths(&hit.path).unwrap_or_else(|error| {
            let path = hit.path.display();
            self.warnings.push(format!("`{path}` could not be followed: {error}"));
            BTreeSet::new()
        });
        let step = |path: Vec<u8>| {
            let is_layer = usd::is_layer(Path::new(&paths::os_string(path.clone())));
            let is_tiled = path.windows(6).any(|part| part.eq_ignore_ascii_case(b"<UDIM>"));
            Step {
                path,
                how: if is_tiled { How::Tiles(BTreeSet::new()) } else { How::File },
                base: Arc::clone(&base),
                kind: if is_layer { Kind::CacheFile } else { Kind::Image },
                absence: if is_layer { Absence::Missing } else { Absence::Spare },
            }
        };
        paths.into_iter().map(step).collect()
    }
}

/// One path to look for.
struct Step {
    path: Vec<u8>,
    how: How,
    base: Arc<Path>,
    kind: Kind,
    absence: Absence,
}
