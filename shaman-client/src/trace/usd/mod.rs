//! USD files that refer to further files: sublayers, references, payloads, textures, volumes.
//!
//! Blender knows only the first file of a stage; USD itself opens the rest. The forms of the format
//! are told apart by their first bytes, whatever the ending says:
//!
//! | begins with | is | read here |
//! |---|---|---|
//! | `#usda` | text | all of it, for asset paths between `@` |
//! | `PXR-USDC` | binary ("crate") | its table of tokens, in which all paths are |
//! | `PK` | archive (`.usdz`) | the layers in it, for what is not in it |

mod archive;
mod binary;
mod text;

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{self, BufReader, Read, Seek};
use std::path::Path;

/// Endings of layers, which may refer to others; Alembic files may be a layer, too.
const LAYERS: [&str; 5] = ["usd", "usda", "usdc", "usdz", "abc"];

/// Endings of what else a layer may name: pictures and volumes.
const OTHERS: [&str; 19] = [
    "png", "jpg", "jpeg", "exr", "hdr", "tif", "tiff", "tga", "bmp", "tx", "tex", "rat", "webp",
    "dds", "jp2", "psd", "ptx", "ies", "vdb",
];

/// Most files that one layer may refer to: 100,000. Large sets have some thousand.
const PATHS_MAX: usize = 100_000;

/// Tells whether a path is that of a layer, by its ending.
pub(super) fn is_layer(path: &Path) -> bool {
    let ending = path.extension().unwrap_or_default();
    LAYERS.iter().any(|known| ending.eq_ignore_ascii_case(known))
}

/// Gives the paths of the files that a layer refers to, as they stand in it, each once.
///
/// A file of another form has none. Reads in bounded memory; fails with the disk, if a binary file
/// or an archive is damaged, or if there are more than 100,000.
pub(super) fn paths(path: &Path) -> io::Result<BTreeSet<Vec<u8>>> {
    let mut found = BTreeSet::new();
    paths_in(&mut File::open(path)?, &mut found)?;
    Ok(found)
}

/// Adds the paths in the bytes of a layer.
fn paths_in(file: &mut (impl Read + Seek), found: &mut BTreeSet<Vec<u8>>) -> io::Result<()> {
    let mut magic = Vec::new();
    file.by_ref().take(8).read_to_end(&mut magic)?;
    file.rewind()?;
    let mut offer = |path: &[u8]| {
        let path = bare(path);
        if is_path(path) && !found.contains(path) {
            found.insert(path.to_vec());
        }
        if found.len() > PATHS_MAX {
            let text = format!("it refers to more than {PATHS_MAX} others");
            return Err(io::Error::new(io::ErrorKind::InvalidData, text));
        }
        Ok(())
    };
    if magic == b"PXR-USDC" {
        binary::tokens(file, &mut offer)?;
    } else if magic.starts_with(b"#usda") {
        text::asset_paths(BufReader::new(file), &mut offer)?;
    } else if magic.starts_with(b"PK") {
        archive::paths(file, found)?;
    }
    Ok(())
}

/// Takes off what may stand behind a path: the file in an archive, arguments for a reader.
fn bare(path: &[u8]) -> &[u8] {
    const ARGUMENTS: &[u8] = b":SDF_FORMAT_ARGS:";
    let arguments = path.windows(ARGUMENTS.len()).position(|part| part == ARGUMENTS);
    let path = path.get(..arguments.unwrap_or(path.len())).unwrap_or(path);
    let archive = path.strip_suffix(b"]").and_then(|path| path.split(|byte| *byte == b'[').next());
    archive.unwrap_or(path)
}

fn is_path(path: &[u8]) -> bool {
    let dot = path.iter().rposition(|byte| *byte == b'.').unwrap_or(0);
    let ending = path.get(dot + 1..).unwrap_or_default();
    let known = || LAYERS.iter().chain(&OTHERS);
    let is_known = known().any(|known| ending.eq_ignore_ascii_case(known.as_bytes()));
    let is_address = || path.windows(3).any(|part| part == b"://");
    is_known && dot > 0 && !path.contains(&b'\n') && !is_address()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_paths_of_known_files_are_followed() {
        for path in ["./a.usda", "../b/c.USD", "d.abc", "/e.usdz", "tex/skin.<UDIM>.png"] {
            assert!(is_path(path.as_bytes()), "{path}");
        }
        for path in [".usda", "a.txt", "usd", "https://example.org/a.usd", "a\n.usd", ""] {
            assert!(!is_path(path.as_bytes()), "{path}");
        }
    }

    #[test]
    fn what_follows_a_path_is_taken_off() {
        assert_eq!(bare(b"a.usdz[b/c.usda]"), b"a.usdz");
        assert_eq!(bare(b"a.usd:SDF_FORMAT_ARGS:x=1"), b"a.usd");
    }
}
