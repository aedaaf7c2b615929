//! One .blend at its place in the pack: what it has to say there, and which files have to be where.

use std::path::{Path, PathBuf};

use super::layout::{Form, Layout, join, slashed};
use super::spell::relative;
use crate::blend::{Edit, Heads, Stored};
use crate::trace::{PackedLibrary, Reference, Referring};

/// What is to be changed in one .blend.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Changes {
    /// How it writes numbers.
    pub(super) heads: Heads,
    /// New paths.
    pub(super) edits: Vec<Edit>,
    /// Libraries that are packed into it, and need changes in their turn.
    pub(super) packed: Vec<PackedChanges>,
}

/// What is to be changed in a packed library.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct PackedChanges {
    pub(super) data: Stored,
    pub(super) size: Stored,
    pub(super) changes: Changes,
}

impl Changes {
    pub(super) fn is_empty(&self) -> bool {
        self.edits.is_empty() && self.packed.is_empty()
    }
}

/// What a .blend needs around it.
#[derive(Debug, Default)]
pub(super) struct Needs {
    /// Files and their places.
    pub(super) files: Vec<(PathBuf, String)>,
    /// Sentences about what will not be found.
    pub(super) warnings: Vec<String>,
}

/// Absolute, and no directory of anybody's: stands for the pack while paths are compared.
const PACK: &str = "/pack";

/// Finds what a .blend that lies in the directory `here` of the pack has to say.
pub(super) fn relink(
    referring: &Referring,
    here: &str,
    layout: Layout<'_>,
    needs: &mut Needs,
) -> Changes {
    let mut changes = Changes { heads: referring.heads, edits: Vec::new(), packed: Vec::new() };
    for reference in &referring.references {
        let (dir, edits) = place(reference, referring, here, layout, needs);
        changes.edits.extend(edits);
        files(reference, &dir, referring, layout, needs);
    }
    for PackedLibrary { data, size, referring: inside } in &referring.packed {
        let dir = inside.path.parent().unwrap_or(&inside.path);
        let inner = relink(inside, &layout.dir(dir, Form::Full), layout, needs);
        if !inner.is_empty() {
            changes.packed.push(PackedChanges { data: *data, size: *size, changes: inner });
        }
    }
    changes
}

/// Gives the place of a reference's anchor, and what has to be written for it.
fn place(
    reference: &Reference,
    referring: &Referring,
    here: &str,
    layout: Layout<'_>,
    needs: &mut Needs,
) -> (String, Vec<Edit>) {
    let is_own = |dir: &Path| referring.path.parent() == Some(dir);
    let full = layout.dir(&reference.anchor, Form::Full);
    let Some(stored) = reference.stored else {
        // Beside the .blend, wherever that is.
        let is_beside = is_own(&reference.anchor);
        return (if is_beside { here.to_owned() } else { full }, Vec::new());
    };
    let base = if is_own(&reference.base) {
        here.to_owned()
    } else {
        layout.dir(&reference.base, Form::Full)
    };
    let leads_to = reference.leads_to(&Path::new(PACK).join(&base));
    let mut wanted = Path::new(PACK).join(&full);
    wanted.extend(&reference.name);
    if reference.is_relative() && leads_to == wanted {
        return (full, Vec::new());
    }
    if !reference.is_relative() && reference.files.is_empty() && !reference.is_base {
        return (full, Vec::new());
    }
    let name = reference.name.as_ref().map(|name| name.as_encoded_bytes());
    for form in [Form::Full, Form::Short] {
        let dir = layout.dir(&reference.anchor, form);
        let mut new = relative(&base, &dir, name);
        if reference.ends_in_slash() && !new.ends_with(b"/") {
            new.push(b'/');
        }
        if stored.has_room(new.len()) {
            return (dir, edits(reference, stored, &new));
        }
    }
    needs.warnings.push(format!(
        "`{}` has no room for the path that `{}` gets in the pack, so that it will not be found; \
         save it with a newer Blender",
        referring.path.display(),
        String::from_utf8_lossy(&reference.text)
    ));
    (full, Vec::new())
}

fn edits(reference: &Reference, stored: Stored, new: &[u8]) -> Vec<Edit> {
    let text = |at: Stored, old: &[u8]| Edit::Text { at, old: old.to_vec(), new: new.to_vec() };
    let also = reference.also.iter().filter(|(at, _)| at.has_room(new.len()));
    let mut edits = vec![text(stored, &reference.text)];
    edits.extend(also.map(|(at, old)| text(*at, old)));
    edits
}

/// Notes where the files of a reference have to be, `dir` being the place of its anchor.
fn files(
    reference: &Reference,
    dir: &str,
    referring: &Referring,
    layout: Layout<'_>,
    needs: &mut Needs,
) {
    for file in &reference.files {
        let inside =
            file.strip_prefix(&reference.anchor).ok().map(|inside| join(dir, &slashed(inside)));
        let own = || layout.dir(file, Form::Full);
        let place = match inside {
            Some(place) => place,
            // The file that leads here cannot be changed; inside the project nothing moves.
            None if layout.is_inside(file) && layout.is_inside(&reference.anchor) => own(),
            None => {
                needs.warnings.push(format!(
                    "`{}` gets a place in the pack where what leads there from `{}` will not find \
                     it; put both into the project",
                    file.display(),
                    referring.path.display()
                ));
                let parent = layout.dir(file.parent().unwrap_or(file), Form::Full);
                join(&parent, &file.file_name().unwrap_or_default().to_string_lossy())
            }
        };
        needs.files.push((file.clone(), place));
    }
}
