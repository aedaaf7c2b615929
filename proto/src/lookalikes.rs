//! Paths that differ only in case or in how their letters are composed.

use std::collections::HashMap;

use unicode_normalization::UnicodeNormalization as _;

use crate::ManifestEntry;
use crate::manifest::MANIFEST_FILE;

/// Gives pairs of paths that are two on some file systems and one on others (Windows, macOS, many
/// NAS), at most `most` of them, in the order of the list. The checkout's own manifest counts.
///
/// Directories that differ so do not count by themselves: they become one that holds the files of
/// both.
pub fn lookalikes(files: &[ManifestEntry], most: usize) -> Vec<(String, String)> {
    let mut seen: HashMap<String, &str> = HashMap::with_capacity(files.len() + 1);
    seen.insert(MANIFEST_FILE.to_owned(), MANIFEST_FILE);
    let mut pairs = Vec::new();
    for file in files {
        if pairs.len() >= most {
            return pairs;
        }
        let path = file.path.as_str();
        match seen.entry(fold(path)) {
            std::collections::hash_map::Entry::Occupied(other) => {
                pairs.push(((*other.get()).to_owned(), path.to_owned()));
            }
            std::collections::hash_map::Entry::Vacant(place) => {
                place.insert(path);
            }
        }
    }
    let mut last_directory = "";
    for file in files {
        let (directory, _) = file.path.split();
        if pairs.len() >= most {
            break;
        }
        if directory != last_directory {
            last_directory = directory;
            for (at, _) in directory.match_indices('/').chain([(directory.len(), "")]) {
                let (above, _) = directory.split_at(at);
                // The same spelling is refused already.
                if let Some(other) = seen.get(&fold(above)).filter(|other| **other != above) {
                    pairs.push(((*other).to_owned(), file.path.as_str().to_owned()));
                }
            }
        }
    }
    pairs.truncate(most);
    pairs
}

/// One spelling for all that Windows, macOS and many NAS take for the same path.
pub fn fold(path: &str) -> String {
    if path.is_ascii() {
        return path.to_ascii_lowercase();
    }
    path.nfd().flat_map(char::to_lowercase).nfc().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{BlobSize, Manifest};

    fn among(paths: &[&str]) -> Vec<(String, String)> {
        let files = paths
            .iter()
            .map(|path| ManifestEntry {
                path: path.parse().unwrap(),
                size: BlobSize::new(1).unwrap(),
                sha256: "ab".repeat(32).parse().unwrap(),
            })
            .collect();
        lookalikes(&Manifest::arrange(files).unwrap(), 20)
    }

    #[test]
    fn case_and_composition_make_lookalikes() {
        assert_eq!(among(&["tex/Wood.png", "tex/wood.png"]).len(), 1);
        assert_eq!(among(&["Ä.png", "ä.png"]).len(), 1);
        assert_eq!(among(&["\u{c4}.png", "A\u{308}.png"]).len(), 1, "composed and decomposed");
        assert_eq!(among(&["Tex", "tex/a.png"]).len(), 1, "a file and a directory");
        assert_eq!(among(&["a/B", "A/b/c/d"]).len(), 1, "a file and a directory further up");
        assert_eq!(among(&[".Shaman-Manifest.json"]).len(), 1, "the checkout's own manifest");
    }

    #[test]
    fn other_names_and_directories_are_no_lookalikes() {
        assert_eq!(among(&["Tex/a.png", "tex/b.png", "ab", "a-b", "ä", "a", "tex2"]), []);
    }

    #[test]
    fn the_number_of_pairs_is_bounded() {
        let paths: Vec<String> = (0..30).flat_map(|n| [format!("a{n}"), format!("A{n}")]).collect();
        let paths: Vec<&str> = paths.iter().map(String::as_str).collect();
        assert_eq!(among(&paths).len(), 20);
    }
}
