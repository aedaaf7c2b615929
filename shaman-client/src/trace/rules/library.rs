//! `LI`: other .blend files.
//!
//! Three things look alike: an ordinary library; one that is packed into this file
//! (`packedfile`); and, since 5.0, an *archive*, which groups data-blocks that were linked and then
//! packed. An archive names the ordinary library that it was made from (`archive_parent_library`);
//! that one is needed only if something is still linked from it, by a placeholder (`ID`).

use std::collections::HashSet;
use std::path::Path;

use crate::blend::{Blend, Record, Stored};
use crate::trace::ask::{Asks, How};
use crate::trace::kind::Kind;

/// `Library.flag`: the library is an archive of packed data-blocks.
const ARCHIVE: i64 = 1;

/// Gives the libraries whose files are needed.
fn needed(blend: &Blend) -> Vec<Record<'_>> {
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
pub(in crate::trace) fn packed(blend: &Blend) -> impl Iterator<Item = Packed<'_>> {
    let libraries = blend.ids().filter(|id| id.code() == *b"LI");
    libraries.filter_map(|library| {
        let file = library.follow("packedfile")?;
        let (bytes, data) = (file.bytes_behind("data")?, file.stored_behind("data")?);
        Some(Packed { name: library.text("name")?, bytes, data, size: file.stored("size")? })
    })
}

/// A library within the file.
pub(in crate::trace) struct Packed<'a> {
    /// Its path.
    pub(in crate::trace) name: &'a [u8],
    /// It, a whole .blend.
    pub(in crate::trace) bytes: &'a [u8],
    /// Where it is.
    pub(in crate::trace) data: Stored,
    /// Where its length is.
    pub(in crate::trace) size: Stored,
}

/// Asks for the libraries whose files are needed, and tells where the paths of the others are.
pub(in crate::trace) fn look(blend: &Blend, path: &Path, asks: &mut Asks) {
    let needed: HashSet<u64> = needed(blend).iter().map(Record::address).collect();
    for library in blend.ids().filter(|id| id.code() == *b"LI") {
        asks.by(library.id_name(), path);
        // What Blender made of the path when it saved the file.
        let copies = ["filepath_abs", "filepath", "filename"];
        let copy =
            copies.into_iter().find_map(|name| Some((library.stored(name)?, library.text(name)?)));
        let is_needed = needed.contains(&library.address());
        let how = if is_needed { How::File } else { How::Nothing };
        asks.at(library.stored("name")).also(copy.map(|(at, _)| at), copy.map(|(_, text)| text));
        asks.ask(Kind::Blend, library.text("name").unwrap_or_default(), how);
    }
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
