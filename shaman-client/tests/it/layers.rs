//! No layer looks up.

use std::path::{Path, PathBuf};

/// Lowest first. A layer may name itself and anything before it.
const LAYERS: &[&str] = &[
    "duration", "secret", "cli", "progress", "places", "stop", "threads", "blend", "api", "hash",
    "aside", "trace", "pack", "upload", "verify", "diff", "fetch", "job", "approach", "copy",
    "submit", "commands",
];

/// What a layer never says: only one of them prints, only two know HTTP, and files are traced,
/// packed, verified and compared without any server.
const UNSAID: &[(&str, &[&str])] = &[
    ("trace", &["crate::api", "reqwest", "tokio"]),
    ("blend", &["crate::trace", "reqwest", "tokio"]),
    ("hash", &["crate::api", "reqwest", "tokio"]),
    ("verify", &["crate::api", "reqwest", "tokio"]),
    ("diff", &["crate::api", "std::fs", "reqwest", "tokio"]),
    ("copy", &["crate::api", "reqwest", "tokio"]),
    ("approach", &["crate::api", "reqwest", "tokio"]),
    ("job", &["reqwest", "std::fs"]),
    ("submit", &["reqwest", "std::fs::write"]),
];

fn sources(dir: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, found);
        } else {
            found.push(path);
        }
    }
}

/// What is named behind each `crate::`, also within braces.
fn named(text: &str) -> Vec<String> {
    let mut names = Vec::new();
    for (at, start) in text.match_indices("crate::") {
        let (_, after) = text.split_at(at + start.len());
        let list = match after.strip_prefix('{') {
            Some(list) => list.split('}').next().unwrap_or_default().split(',').collect(),
            None => vec![after],
        };
        let word = |name: &str| -> String {
            name.trim_start().chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect()
        };
        names.extend(list.into_iter().map(word));
    }
    names
}

#[test]
fn no_layer_looks_up() {
    let src = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/src"));
    let position = |name: &str| LAYERS.iter().position(|layer| *layer == name);
    let (mut files, mut found) = (Vec::new(), 0);
    sources(src, &mut files);
    for file in files {
        let first = file.strip_prefix(src).unwrap().iter().next().unwrap().to_str().unwrap();
        let layer = first.trim_end_matches(".rs");
        if matches!(layer, "lib" | "main") {
            continue;
        }
        let own = position(layer).unwrap_or_else(|| panic!("{layer} is not in the list of layers"));
        let text = std::fs::read_to_string(&file).unwrap();
        for other in named(&text) {
            let Some(at) = position(&other) else { continue };
            found += 1;
            assert!(at <= own, "{} names `{other}`, which is above `{layer}`", file.display());
        }
        for (_, words) in UNSAID.iter().filter(|(unsaid, _)| *unsaid == layer) {
            for word in *words {
                assert!(!text.contains(word), "{} says `{word}`", file.display());
            }
        }
    }
    assert!(found > 60, "the test reads the source and finds names");
}
