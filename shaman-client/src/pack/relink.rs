//! One .blend at its place in the pack: what it has to say there, and which files have to be where.

use std::path::Path;

use super::layout::{Form, Layout, join, slashed};
use super::spell::relative;
use crate::blend::{Edit, Heads, Stored};
use crate::places::text;
use crate::trace::{Also, Lead, PackedLibrary, Reference, Referring, Role};

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
    pub(super) files: Vec<(Lead, String)>,
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
    let anchor = anchor(reference, layout);
    let full = layout.dir(anchor, Form::Full);
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
    let name = reference.name.as_deref().map(text);
    wanted.extend(name.as_deref().map(Path::new));
    if reference.is_relative() && leads_to == wanted {
        return (full, Vec::new());
    }
    if !reference.is_relative() && reference.files.is_empty() && reference.role != Role::Base {
        return (full, Vec::new());
    }
    let name = name.as_deref().map(str::as_bytes);
    for form in [Form::Full, Form::Short] {
        let dir = layout.dir(anchor, form);
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

/// The anchor as it is asked for, unless it lies in the project only as it is spelled on disk.
fn anchor<'a>(reference: &'a Reference, layout: Layout<'_>) -> &'a Path {
    either(&reference.anchor, &reference.anchor_on_disk, layout)
}

/// A file as it is asked for, unless it lies in the project only as it is spelled on disk.
pub(super) fn spelled<'a>(file: &'a Lead, layout: Layout<'_>) -> &'a Path {
    either(&file.asked, &file.path, layout)
}

fn either<'a>(asked: &'a Path, on_disk: &'a Path, layout: Layout<'_>) -> &'a Path {
    let is_inside = layout.is_inside(asked) || !layout.is_inside(on_disk);
    if is_inside { asked } else { on_disk }
}

/// Where a file goes that nothing keeps together with others.
pub(super) fn default_place(path: &Path, layout: Layout<'_>) -> String {
    let dir = layout.dir(path.parent().unwrap_or(path), Form::Full);
    join(&dir, &text(path.file_name().unwrap_or_default()))
}

fn edits(reference: &Reference, stored: Stored, new: &[u8]) -> Vec<Edit> {
    let text = |at: Stored, old: &[u8]| Edit::Text { at, old: old.to_vec(), new: new.to_vec() };
    let mut edits = vec![text(stored, &reference.text)];
    edits.extend(reference.also.as_ref().and_then(|also| match also {
        Also::Copy(at, old) => at.has_room(new.len()).then(|| text(*at, old)),
        Also::Len(at, old) => Some(Edit::Len { at: *at, old: *old, new: new.len() as u64 + 1 }),
    }));
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
        let inside = file.asked.strip_prefix(&reference.anchor).ok();
        let inside = inside.map(|inside| join(dir, &slashed(inside)));
        let spelled = spelled(file, layout);
        let is_lost = match (&inside, reference.role) {
            (_, Role::Fixed) => reference.is_absolute(),
            (Some(_), _) => false,
            // Inside the project nothing moves.
            (None, _) => !layout.is_inside(spelled) || !layout.is_inside(anchor(reference, layout)),
        };
        if is_lost {
            needs.warnings.push(format!(
                "`{}` gets a place in the pack where what leads there from `{}` will not find it; \
                 use a relative path",
                spelled.display(),
                referring.path.display()
            ));
        }
        // Its name follows from what is not changed, as that of a picture of a strip.
        let kept_name = file.asked.strip_prefix(&reference.anchor).unwrap_or(spelled);
        if reference.name.is_none() && kept_name.to_str().is_none() {
            needs.warnings.push(format!(
                "the name of `{}` is not UTF-8 and is another one in the pack, where what leads \
                 there from `{}` will not find it; rename it",
                spelled.display(),
                referring.path.display()
            ));
        }
        let place = inside.unwrap_or_else(|| default_place(spelled, layout));
        needs.files.push((file.clone(), place));
    }
}
