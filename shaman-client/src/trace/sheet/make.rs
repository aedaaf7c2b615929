//! From a .blend to its sheet: read it, show its data-blocks to the rules, follow its pointers.

use std::collections::{BTreeSet, HashMap};
use std::error::Error as _;
use std::path::Path;
use std::sync::Arc;

use super::super::ask::{ASKS_MAX, Asks};
use super::super::rules;
use super::{Home, Item, Library, Packed, Sheet, What};
use crate::blend::{Blend, BlendError, Heads, Links, Record, Source};

/// How often large blocks are fetched for rules that find another one behind them.
const ROUNDS_MAX: usize = 8;

/// How deep libraries that are packed in packed libraries are looked into.
const PACKED_DEPTH_MAX: usize = 4;

/// Most bytes of packed libraries that are looked into, all together: 1 GiB. Damaged files may name
/// one a thousand times.
const PACKED_BYTES_MAX: u64 = 1 << 30;

/// What looking into a packed library costs at least, in those bytes.
const PACKED_BYTES_MIN: u64 = 1 << 20;

/// Makes the sheet of a .blend that lies at `path` (absolute), its bytes in `source`.
pub(in crate::trace) fn make(source: Source, path: &Path) -> Result<Sheet, BlendError> {
    let mut bytes_left = PACKED_BYTES_MAX;
    make_at(source, path, 0, &mut bytes_left)
}

fn make_at(
    source: Source,
    path: &Path,
    depth: usize,
    bytes_left: &mut u64,
) -> Result<Sheet, BlendError> {
    let mut blend = Blend::read(source)?;
    let mut sheet = sheet(&blend, path);
    let mut warnings: Vec<_> =
        blend.damage().map(|damage| warning(path, damage)).into_iter().collect();
    for _ in 0..ROUNDS_MAX {
        match blend.fetch() {
            Ok(false) => break,
            Ok(true) => sheet = self::sheet(&blend, path),
            Err(error) => {
                warnings.push(warning(path, &error));
                break;
            }
        }
    }
    if blend.is_exhausted() {
        warnings.push(format!(
            "`{}` has more in it than is ever looked at; it is damaged or hostile, and something may be missing",
            path.display()
        ));
    }
    sheet.is_vague |= !warnings.is_empty();
    let libraries = blend.ids().filter(|id| id.code() == *b"LI");
    for (id, library) in libraries.zip(&mut sheet.libraries) {
        let (What::Packed(packed), Some(rules::library::Packed { bytes, .. })) =
            (&mut library.what, rules::library::packed(&id))
        else {
            continue;
        };
        let place = packed.place.as_path();
        let cost = (bytes.len() as u64).max(PACKED_BYTES_MIN);
        let left = bytes_left.checked_sub(cost).filter(|_| depth < PACKED_DEPTH_MAX);
        let Some(left) = left else {
            warnings.push(format!(
                "`{}` is packed too deep to be followed; unpack one of its libraries",
                place.display()
            ));
            continue;
        };
        *bytes_left = left;
        match make_at(Source::Bytes(bytes.to_vec()), place, depth + 1, bytes_left) {
            Ok(mut sheet) => {
                warnings.append(&mut sheet.warnings);
                packed.sheet = Arc::new(sheet);
            }
            Err(error) => warnings.push(warning(place, &error)),
        }
    }
    sheet.warnings.extend(warnings);
    Ok(sheet)
}

/// Says what is wrong with a file, with all causes, in one line.
pub(in crate::trace) fn warning(path: &Path, error: &BlendError) -> String {
    let causes = std::iter::successors(error.source(), |cause| (*cause).source());
    let causes: Vec<_> = causes.map(|cause| format!(": {cause}")).collect();
    format!("`{}` could not be followed: {error}{}", path.display(), causes.concat())
}

fn sheet(blend: &Blend, path: &Path) -> Sheet {
    let mut sheet = Sheet { heads: Some(Heads::of(blend)), ..Sheet::default() };
    let mut places = HashMap::new();
    for library in blend.ids().filter(|id| id.code() == *b"LI") {
        let place = u32::try_from(sheet.libraries.len()).unwrap_or(u32::MAX);
        places.insert(library.address(), place);
        sheet.libraries.push(self::library(&library, path));
    }
    let ids = || blend.ids().filter(|id| id.code() != *b"LI");
    let items: HashMap<u32, u32> = ids().map(|id| id.number()).zip(0..).collect();
    let mut links = Links::new(blend);
    let mut asks = Asks::new();
    for id in ids() {
        let is_linked = id.code() == *b"ID";
        let library = id.pointer(if is_linked { "lib" } else { "id.lib" });
        let library = library.map(|address| places.get(&address).copied());
        let home = match (is_linked, library) {
            (true, Some(Some(library))) => Home::Linked(library),
            (true, _) => Home::Lost,
            (false, Some(Some(library))) => Home::PackedFrom(library),
            (false, _) => Home::Here,
        };
        let uses = links.of(&id).unwrap_or_else(|| {
            sheet.is_vague = true;
            BTreeSet::default()
        });
        let uses = uses.iter().filter_map(|number| items.get(number).copied()).collect();
        let mut item = Item { name: id.id_name().into(), home, uses, asks: Vec::new() };
        asks.by(&sheet.base(&item, path));
        rules::look(&id, &mut asks);
        item.asks = asks.take();
        item.asks.shrink_to_fit();
        sheet.items.push(item);
    }
    // What an archive was made from is no file to look for, unless something is still linked from it.
    let parents = blend.ids().filter(|id| id.code() == *b"LI" && rules::library::is_archive(id));
    let parents = parents.filter_map(|archive| archive.pointer("archive_parent_library"));
    for place in parents.filter_map(|address| places.get(&address).copied()) {
        let is_linked = sheet.items.iter().any(|item| item.home == Home::Linked(place));
        if let Some(library) = sheet.libraries.get_mut(place as usize).filter(|_| !is_linked) {
            library.what = What::Archive;
        }
    }
    if asks.is_full() {
        sheet.warnings.push(format!(
            "`{}` asks for more than {ASKS_MAX} files; those after them are left out",
            path.display()
        ));
    }
    sheet
}

fn library(id: &Record<'_>, path: &Path) -> Library {
    let mut library = Library {
        name: id.id_name().into(),
        path: id.text("name").unwrap_or_default().to_vec(),
        stored: id.stored("name"),
        also: rules::library::copy(id),
        what: What::File,
    };
    if rules::library::is_archive(id) {
        library.what = What::Archive;
    } else if rules::library::is_packed(id) {
        let place = library.place(path);
        // If it is too large to be kept, this has it fetched for the next look.
        library.what = match rules::library::packed(id) {
            Some(rules::library::Packed { data, size, .. }) => {
                What::Packed(Packed { place, sheet: Arc::default(), data, size })
            }
            None => What::Archive,
        };
    }
    library
}
