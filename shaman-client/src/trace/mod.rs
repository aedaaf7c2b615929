//! Which files a .blend needs.
//!
//! ```text
//!            root       where the project is
//!             │
//!   main.blend ── look ──► asks ── expand ──► files on disk ──► report
//!      ▲            │        ▲        │
//!      │          scope    rules     disk, paths, pattern
//!      │            └ which data-blocks are looked at
//!      └──── each library that was found, in waves, in parallel
//! ```
//!
//! * `look` reads one .blend and lets each data-block meet the rules of its kind.
//! * `rules` is one file a kind of dependency. A rule turns a data-block into *asks*: a path as it
//!   stands in the file, and how to understand it (one file, numbered frames, tiles).
//! * `expand` turns an ask into files that are there and files that are not.
//! * `usd` finds what a USD file asks for in its turn.
//!
//! Promise: never loses a file silently. What is not there is in `missing`, what cannot be followed
//! is in `warnings`, and where it cannot be known whether a file is needed, it is listed.
//!
//! Not followed, since no field says that they are files: paths in string inputs of modifiers, in
//! drivers, in Python scripts and in properties of add-ons; includes and textures inside shader
//! scripts; colour configurations. Proxies of clips and strips are made anew and not needed.

mod ask;
mod disk;
mod expand;
mod folder;
mod kind;
mod look;
mod paths;
mod pattern;
mod reference;
mod report;
mod root;
mod rules;
mod scope;
mod usd;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use rayon::iter::{IntoParallelRefIterator as _, ParallelIterator as _};

pub use kind::Kind;
pub use reference::{PackedLibrary, Reference, Referring, seen};
pub use report::{Found, Missing, Trace};

use crate::blend::BlendError;
use disk::{Disk, There};
use look::Looked;
use report::Report;

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

/// Finds every file that `blend` needs.
///
/// `project` is the directory that the pack is laid out from; without it, the nearest directory
/// above with `.blender_project`, `.git` or `.svn`, else the one the .blend lies in. Reads the .blend
/// and its libraries, lists directories, and writes nothing. A library that is missing or broken
/// is a warning, not a failure.
pub fn trace(blend: &Path, project: Option<&Path>) -> Result<Trace, TraceError> {
    let (main, root) = root::find(blend, project)?;
    if Disk::look(&main) == There::Other {
        return Err(TraceError::NotAFile(main));
    }
    let disk = Disk::default();
    let mut report = Report::new(&main, &root);
    let looked = look::look(&main, &disk)
        .map_err(|source| TraceError::Blend { path: main.clone(), source })?;
    let mut seen = BTreeSet::from([main]);
    let mut wave = unseen(&mut seen, &looked);
    report.add(looked);
    while !wave.is_empty() {
        let looks: Vec<_> = wave.par_iter().map(|path| look::look(path, &disk)).collect();
        let mut next = Vec::new();
        for (path, look) in wave.iter().zip(looks) {
            match look {
                Ok(looked) => {
                    next.extend(unseen(&mut seen, &looked));
                    report.add(looked);
                }
                Err(error) => report.warn(look::warning(path, &error)),
            }
        }
        wave = next;
    }
    Ok(report.finish())
}

/// Takes the libraries that no one has looked into.
fn unseen(seen: &mut BTreeSet<PathBuf>, looked: &Looked) -> Vec<PathBuf> {
    looked.libraries.iter().filter(|path| seen.insert((*path).clone())).cloned().collect()
}
