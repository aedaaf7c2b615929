//! Which files a .blend needs.
//!
//! ```text
//!   main.blend ─► sheet ─► walk ─► gather ─► report
//!      ▲            ▲        │        │
//!      │          rules    scope    expand ─► disk, paths, pattern, folder
//!      └── each library ◄────┘        └─────► usd
//!                 cache
//! ```
//!
//! * `sheet` is what one .blend says: its data-blocks, which of them use which, and what each asks
//!   for. A *rule* turns a data-block into *asks*: a path as it stands in the file, and how to
//!   understand it (one file, numbered frames, tiles). `rules` is one file a kind of dependency.
//! * `walk` goes from the main file to its libraries and theirs, in waves and in parallel; `scope`
//!   tells which data-blocks of each are needed.
//! * `cache` keeps sheets, so that a .blend that did not change is not read again.
//! * `gather` takes what these ask for, and `expand` turns an ask into files that are there and files
//!   that are not. `usd` finds what a USD file asks for in its turn.
//!
//! Promise: never loses a file silently. What is not there is in `missing`, what cannot be followed
//! is in `warnings`, and where it cannot be known whether a file is needed, it is listed.
//!
//! Not followed, since no field says that they are files: paths in drivers, in Python scripts and in
//! properties of add-ons; includes and textures inside shader scripts; colour configurations.

mod ask;
mod cache;
mod disk;
mod expand;
mod folder;
mod gather;
mod kind;
mod paths;
mod pattern;
mod reference;
mod report;
mod root;
mod rules;
mod scope;
mod sheet;
mod step;
mod usd;
mod walk;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rayon::iter::{IntoParallelIterator as _, ParallelIterator as _};

pub use cache::TraceCache;
pub use kind::Kind;
pub use reference::{Also, Lead, PackedLibrary, Reference, Referring, Role, seen};
pub use report::{Found, Link, Missing, Target, Trace};

use crate::blend::{BlendError, Source};
use disk::{Disk, There};
use report::Report;
use sheet::Sheet;

/// Why nothing could be traced.
#[derive(Debug, thiserror::Error)]
pub enum TraceError {
    /// The .blend could not be read, or is none.
    #[error("cannot trace `{}`", path.display())]
    Blend {
        /// Which file.
        path: PathBuf,
        /// What is wrong with it.
        source: BlendError,
    },
    /// The path is that of a directory, a device or the like.
    #[error("cannot trace `{}`: it is not a file; name the .blend itself", .0.display())]
    NotAFile(PathBuf),
    /// The project directory is none.
    #[error("the project `{}` is not a directory; name one that is there", .0.display())]
    NoProject(PathBuf),
}

/// Whether smaller copies of footage are taken, which Blender makes for its own display.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Proxies {
    /// They are made anew where they are wanted.
    #[default]
    Without,
    /// Those that are there.
    With,
}

/// What else may be said about a trace.
#[derive(Debug, Clone, Copy, Default)]
pub struct Options<'a> {
    /// The directory that the pack is laid out from; without it, the nearest directory above with
    /// `.blender_project`, `.git` or `.svn`, else the one the .blend lies in.
    pub project: Option<&'a Path>,
    /// Whether proxies are taken.
    pub proxies: Proxies,
    /// What .blend files said before.
    pub cache: Option<&'a TraceCache>,
}

/// Finds every file that `blend` needs, without proxies and without a cache.
pub fn trace(blend: &Path, project: Option<&Path>) -> Result<Trace, TraceError> {
    trace_with(blend, Options { project, ..Options::default() })
}

/// Finds every file that `blend` needs.
///
/// Reads the .blend and its libraries, lists directories, and writes nothing but its cache. A
/// library that is missing or broken is a warning, not a failure.
pub fn trace_with(blend: &Path, options: Options<'_>) -> Result<Trace, TraceError> {
    let (main, root) = root::find(blend, options.project)?;
    if Disk::look(&main) == There::Other {
        return Err(TraceError::NotAFile(main));
    }
    let disk = Disk::default();
    let load = |path: &Path, asked: &Path| {
        let seen = reference::seen(path);
        let sheet = load(path, asked, options.cache)?;
        Ok(walk::Read { sheet: Arc::new(sheet), seen })
    };
    let read =
        load(&main, &main).map_err(|source| TraceError::Blend { path: main.clone(), source })?;
    let walked = walk::walk(&main, read, &disk, &|hit| load(&hit.path, &hit.asked));
    options.cache.inspect(|cache| cache.tidy());
    let mut report = Report::new(&main, &root);
    report.add(walked.wants);
    report.warn(walked.warnings);
    let nodes = walked.nodes.into_par_iter();
    let gathered: Vec<_> =
        nodes.map(|node| gather::gather(node, &main, options.proxies, &disk)).collect();
    drop(disk);
    let mut says = Vec::with_capacity(gathered.len());
    for gathered in gathered {
        report.add(gathered.wants);
        report.warn(gathered.warnings);
        says.push(gathered.says);
    }
    Ok(report.finish(reference::by_blend(says)))
}

/// Gives what a .blend says: from the cache, or by reading it.
fn load(path: &Path, asked: &Path, cache: Option<&TraceCache>) -> Result<Sheet, BlendError> {
    let key = cache.and_then(|cache| Some((cache, cache.key(path, asked)?)));
    if let Some(sheet) = key.as_ref().and_then(|(cache, key)| cache.find(key)) {
        return Ok(sheet);
    }
    let sheet = sheet::make(Source::File(path.to_path_buf()), asked)?;
    if let Some((cache, key)) = key {
        cache.keep(&key, path, asked, &sheet);
    }
    Ok(sheet)
}
