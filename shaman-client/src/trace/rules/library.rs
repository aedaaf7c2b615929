//! `LI`: other .blend files.
//!
//! Three things look alike: an ordinary library; one that is packed into this file
//! (`packedfile`); and, since 5.0, an *archive*, which groups data-blocks that were linked and then
//! packed. An archive names the ordinary library that it was made from (`archive_parent_library`);
//! that one is needed only if something is still linked from it, by a placeholder (`ID`).

use std::collections::HashSet;

use crate::blend::{Blend, Record};

/// `Library.flag`: the library is an archive of packed data-blocks.
const ARCHIVE: i64 = 1;

/// Gives the libraries whose files are needed.
pub(in crate::trace) fn needed(blend: &Blend) -> Vec<Record<'_>> {
    let libraries = || blend.ids().filter(|id| id.code() == *b"LI");
    let parents: HashSet<u64> = libraries()
        .filter(is_archive)
        .filter_map(|library| library.pointer("archive_parent_library"))
        .collect();
    let linked: HashSet<u64> = if parents.is_empty() {
        HashSet::new()
    } else {
        let placeholders = blend.ids().filter(|id| id.code() == *b"ID");
        placeholders.filter_map(|id| id.pointer("lib")).collect()
    };
    libraries()
        .filter(|library| !library.has("packedfile") && !is_archive(library))
        .filter(|library| {
            let address = library.address();
            !parents.contains(&address) || linked.contains(&address)
        })
        .collect()
}

/// Gives the libraries that are packed: their paths and their bytes, which are a whole .blend.
///
/// What they need in their turn is not packed with them. Their `//` is where the library was.
pub(in crate::trace) fn packed(blend: &Blend) -> impl Iterator<Item = (&[u8], &[u8])> {
    let libraries = blend.ids().filter(|id| id.code() == *b"LI");
    libraries.filter_map(|library| {
        let bytes = library.follow("packedfile")?.bytes_behind("data")?;
        Some((library.text("name")?, bytes))
    })
}

/// Gives the path of the library that a data-block was packed from, if it was.
pub(in crate::trace) fn packed_from<'a>(id: &Record<'a>) -> Option<&'a [u8]> {
    if id.code() == *b"ID" || id.code() == *b"LI" {
        return None;
    }
    id.follow("id.lib")?.text("name").filter(|path| !path.is_empty())
}

fn is_archive(library: &Record<'_>) -> bool {
    library.int("flag").is_some_and(|flag| flag & ARCHIVE != 0)
}
