//! USD files that refer to further USD files: sublayers, references, payloads.
//!
//! Blender knows only the first file of a stage; USD itself opens the rest. The two forms of the
//! format are told apart by their first bytes, whatever the ending says:
//!
//! | begins with | is | read here |
//! |---|---|---|
//! | `#usda` | text | all of it, for asset paths between `@` |
//! | `PXR-USDC` | binary ("crate") | its table of tokens, in which all paths are |
//!
//! Archives (`.usdz`) carry what they need. Pictures of materials are not followed: a cache gives
//! Blender shapes and movements, its pictures are data-blocks of their own.

mod binary;
mod text;

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{self, BufReader, Read as _, Seek as _};
use std::path::Path;

/// Endings of files that can be a layer of a stage.
const ENDINGS: [&str; 5] = ["usd", "usda", "usdc", "usdz", "abc"];

/// Tells whether a file can refer to others, by its ending.
pub(super) fn is_layer(path: &Path) -> bool {
    let ending = path.extension().unwrap_or_default();
    ["usd", "usda", "usdc"].iter().any(|known| ending.eq_ignore_ascii_case(known))
}

/// Most layers that one layer may refer to: 100,000. Large sets have some thousand.
const LAYERS_MAX: usize = 100_000;

/// Gives the paths of the layers that a layer refers to, as they stand in it, each once.
///
/// A file that is neither form has none. Reads in bounded memory; fails with the disk, if a binary
/// file is damaged, or if there are more than 100,000.
pub(super) fn layers(path: &Path) -> io::Result<BTreeSet<Vec<u8>>> {
    let mut file = File::open(path)?;
    let mut magic = Vec::new();
    file.by_ref().take(8).read_to_end(&mut magic)?;
    file.rewind()?;
    let mut found = BTreeSet::new();
    let mut offer = |path: &[u8]| {
        let path = bare(path);
        if is_path_of_layer(path) && !found.contains(path) {
            found.insert(path.to_vec());
        }
        if found.len() > LAYERS_MAX {
            let text = format!("it refers to more than {LAYERS_MAX} others");
            return Err(io::Error::new(io::ErrorKind::InvalidData, text));
        }
        Ok(())
    };
    if magic == b"PXR-USDC" {
        binary::tokens(&mut file, &mut offer)?;
    } else if magic.starts_with(b"#usda") {
        text::asset_paths(BufReader::new(file), &mut offer)?;
    }
    Ok(found)
}

/// Takes off what may stand behind a path: the file in an archive, arguments for a reader.
fn bare(path: &[u8]) -> &[u8] {
    const ARGUMENTS: &[u8] = b":SDF_FORMAT_ARGS:";
    let arguments = path.windows(ARGUMENTS.len()).position(|part| part == ARGUMENTS);
    let path = path.get(..arguments.unwrap_or(path.len())).unwrap_or(path);
    let archive = path.strip_suffix(b"]").and_then(|path| path.split(|byte| *byte == b'[').next());
    archive.unwrap_or(path)
}

fn is_path_of_layer(path: &[u8]) -> bool {
    let dot = path.iter().rposition(|byte| *byte == b'.').unwrap_or(0);
    let ending = path.get(dot + 1..).unwrap_or_default();
    let is_known = ENDINGS.iter().any(|known| ending.eq_ignore_ascii_case(known.as_bytes()));
    let is_address = || path.windows(3).any(|part| part == b"://");
    is_known && dot > 0 && !path.contains(&b'\n') && !is_address()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_paths_of_layers_are_followed() {
        for path in ["./a.usda", "../b/c.USD", "d.abc", "/e.usdz"] {
            assert!(is_path_of_layer(path.as_bytes()), "{path}");
        }
        for path in [".usda", "a.png", "usd", "https://example.org/a.usd", "a\n.usd", ""] {
            assert!(!is_path_of_layer(path.as_bytes()), "{path}");
        }
    }

    #[test]
    fn what_follows_a_path_is_taken_off() {
        assert_eq!(bare(b"a.usdz[b/c.usda]"), b"a.usdz");
        assert_eq!(bare(b"a.usd:SDF_FORMAT_ARGS:x=1"), b"a.usd");
    }
}
