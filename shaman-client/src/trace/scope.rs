//! Which data-blocks of a file are looked at.
//!
//! All of them, for now: in the main file because Blender loads them all, in a library because a
//! file too many costs space, and a file too few costs a render. This is the place where a reach
//! analysis (which data-blocks of a library are linked, and what do those use) can narrow it down.

use crate::blend::{Blend, Record};

/// Gives the data-blocks whose files are needed.
pub(super) fn ids(blend: &Blend) -> impl Iterator<Item = Record<'_>> {
    blend.ids()
}
