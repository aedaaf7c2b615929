//! One .blend: read it, show its data-blocks to the rules, find what they ask for.

use std::collections::HashMap;
use std::error::Error as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::ask::{ASKS_MAX, Asks};
use super::disk::Disk;
use super::expand::{self, Hit};
use super::kind::Kind;
use super::paths::{self, Place};
use super::{rules, scope};
use crate::blend::{Blend, BlendError, Source};

/// What one .blend asks for.
#[derive(Debug)]
pub(super) struct Looked {
    /// Files, what for, and who asks.
    pub(super) wants: Vec<(Hit, Kind, Arc<str>)>,
    /// Libraries that are there.
    pub(super) libraries: Vec<PathBuf>,
    /// Sentences.
    pub(super) warnings: Vec<String>,
}

/// How often large blocks are fetched for rules that find another one behind them.
const ROUNDS_MAX: usize = 8;

/// Most files that one .blend may lead to: a million. Sequences multiply, so that a small damaged
/// file could ask for the frames of a large one without end.
const HITS_MAX: usize = 1_000_000;

/// Looks into the .blend at `path` (absolute).
pub(super) fn look(path: &Path, disk: &Disk) -> Result<Looked, BlendError> {
    let mut blend = Blend::read(Source::File(path.to_path_buf()))?;
    let mut warnings = Vec::new();
    if let Some(damage) = blend.damage() {
        warnings.push(warning(path, damage));
    }
    let mut asks = ask(&blend, path);
    for _ in 0..ROUNDS_MAX {
        match blend.fetch() {
            Ok(false) => break,
            Ok(true) => asks = ask(&blend, path),
            Err(error) => {
                warnings.push(warning(path, &error));
                break;
            }
        }
    }
    let mut looked = Looked {
        wants: Vec::new(),
        libraries: Vec::new(),
        warnings,
    };
    if asks.is_full() {
        looked.warnings.push(format!(
            "`{}` asks for more than {ASKS_MAX} files; those after them are left out",
            path.display()
        ));
    }
    let mut users = HashMap::new();
    for ask in asks.into_list() {
        let user = users.entry(ask.user.clone()).or_insert_with(|| {
            format!("{}#{}", path.display(), String::from_utf8_lossy(&ask.user)).into()
        });
        for hit in expand::expand(&ask, disk, &mut looked.warnings) {
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
            looked.wants.push((hit, ask.kind, Arc::clone(user)));
        }
    }
    Ok(looked)
}

/// Says what is wrong with a file, with all causes, in one line.
pub(super) fn warning(path: &Path, error: &BlendError) -> String {
    let causes = std::iter::successors(error.source(), |cause| (*cause).source());
    let causes: Vec<_> = causes.map(|cause| format!(": {cause}")).collect();
    format!(
        "`{}` could not be followed: {error}{}",
        path.display(),
        causes.concat()
    )
}

fn ask(blend: &Blend, path: &Path) -> Asks {
    let base = path.parent().unwrap_or(path);
    let mut asks = Asks::new(path);
    for library in rules::library::needed(blend) {
        asks.by(library.id_name(), path);
        asks.file(Kind::Blend, library.text("name").unwrap_or_default());
    }
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
