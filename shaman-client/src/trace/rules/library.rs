//! `LI`: other .blend files.
//!
//! Three things look alike: an ordinary library; one that is packed into this file
//! (`packedfile`); and, since 5.0, an *archive*, which groups data-blocks that were linked and then
//! packed. An archive names the ordinary library that it was made from (`archive_parent_library`);
//! that one is needed only if something is still linked from it, by a placeholder (`ID`).

use crate::blend::Record;

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

/// Gives the bytes of a packed library, which are a whole .blend.
///
/// What it needs in its turn is not packed with it. Its `//` is where the library was.
pub(in crate::trace) fn packed<'a>(library: &Record<'a>) -> Option<&'a [u8]> {
    library.follow("packedfile")?.bytes_behind("data")
}
