//! `LI`: other .blend files.
//!
//! Three things look alike: an ordinary library; one that is packed into this file
//! (`packedfile`); and, since 5.0, an *archive*, which groups data-blocks that were linked and then
//! packed. An archive names the ordinary library that it was made from (`archive_parent_library`);
//! that one is needed only if something is still linked from it, by a placeholder (`ID`).

use crate::blend::{Record, Stored};
use crate::trace::ask::Also;

/// `Library.flag`: the library is an archive of packed data-blocks.
const ARCHIVE: i64 = 1;

/// Tells whether a library is but a group of data-blocks that lie in this file.
pub(in crate::trace) fn is_archive(library: &Record<'_>) -> bool {
    library.int("flag").is_some_and(|flag| flag & ARCHIVE != 0)
}

/// Tells whether a library is packed, so that its file is not needed.
pub(in crate::trace) fn is_packed(library: &Record<'_>) -> bool {
    library.has("packedfile")
}

/// A library within the file.
pub(in crate::trace) struct Packed<'a> {
    /// It, a whole .blend.
    pub(in crate::trace) bytes: &'a [u8],
    /// Where it is.
    pub(in crate::trace) data: Stored,
    /// Where its length is.
    pub(in crate::trace) size: Stored,
}

/// Gives a packed library.
///
/// What it needs in its turn is not packed with it. Its `//` is where the library was.
pub(in crate::trace) fn packed<'a>(library: &Record<'a>) -> Option<Packed<'a>> {
    let file = library.follow("packedfile")?;
    let (bytes, data) = (file.bytes_behind("data")?, file.stored_behind("data")?);
    Some(Packed { bytes, data, size: file.stored("size")? })
}

/// Tells where Blender wrote what it made of the path when it saved the file.
pub(in crate::trace) fn copy(library: &Record<'_>) -> Option<Also> {
    let names = ["filepath_abs", "filepath", "filename"];
    let copy = |name| Some(Also::Copy(library.stored(name)?, library.text(name)?.to_vec()));
    names.into_iter().find_map(copy)
}
