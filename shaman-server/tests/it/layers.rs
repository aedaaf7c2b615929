//! No layer looks up.

use std::path::{Path, PathBuf};

/// Lowest first. A layer may name itself and anything before it, with one exception: `store` and
/// `index` are neighbours and do not know each other.
const LAYERS: &[&str] = &[
    "access", "audit", "process", "config", "tls", "systemd", "store", "index", "live", "ops",
    "tasks", "otlp", "manager", "upkeep", "http", "reload", "app", "cli", "commands",
];
const STRANGERS: &[(&str, &str)] = &[
    ("store", "index"),
    ("index", "store"),
    ("live", "store"),
    ("live", "index"),
    ("tasks", "ops"),
    ("tasks", "store"),
    ("store", "config"),
    ("index", "config"),
    ("live", "config"),
    ("ops", "config"),
    ("tasks", "config"),
    ("store", "access"),
    ("index", "access"),
    ("live", "access"),
    ("ops", "access"),
    ("tasks", "access"),
    ("otlp", "ops"),
    ("otlp", "store"),
    ("otlp", "index"),
];

/// What a layer never says, in its own words (`ARCHITECTURE.md` has the table).
const UNSAID: &[(&str, &[&str])] = &[
    ("store", &["axum", "hyper", "rocksdb", "tokio", "StatusCode"]),
    ("index", &["axum", "hyper", "tokio", "std::fs::File", "StatusCode"]),
    ("ops", &["axum", "hyper", "rocksdb", "tokio", "StatusCode", "std::fs", "rustix"]),
    ("audit", &["axum", "hyper", "tokio", "StatusCode"]),
    ("access", &["axum", "hyper", "tokio", "StatusCode"]),
    ("live", &["axum", "rocksdb", "std::fs", "tokio"]),
    ("http", &["rocksdb", "std::fs", "rustix", "std::path::Path"]),
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

fn each_layer_file(mut look: impl FnMut(&str, &Path, &str)) {
    let src = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/src"));
    let mut files = Vec::new();
    sources(src, &mut files);
    for file in files {
        let below = file.strip_prefix(src).unwrap();
        let layer =
            below.iter().next().unwrap().to_str().unwrap().trim_end_matches(".rs").to_owned();
        if !matches!(layer.as_str(), "lib" | "main") {
            look(&layer, &file, &std::fs::read_to_string(&file).unwrap());
        }
    }
}

#[test]
fn no_layer_looks_up() {
    let position = |name: &str| LAYERS.iter().position(|layer| *layer == name);
    let mut named = 0;
    each_layer_file(|layer, file, text| {
        let own = position(layer).unwrap_or_else(|| panic!("{layer} is not in the list of layers"));
        for (_, after) in text.match_indices("crate::").map(|(at, _)| text.split_at(at + 7)) {
            let name: String =
                after.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
            let Some(other) = position(&name) else {
                continue;
            };
            named += 1;
            assert!(other <= own, "{} names `{name}`, which is above `{layer}`", file.display());
            assert!(
                !STRANGERS.contains(&(layer, name.as_str())),
                "{} names `{name}`, a stranger",
                file.display()
            );
        }
        assert!(
            !text.contains("super::super::super"),
            "{} climbs; name the layer instead",
            file.display()
        );
    });
    assert!(named > 20, "the test reads the source and finds names");
}

#[test]
fn layers_do_not_speak_each_others_words() {
    each_layer_file(|layer, file, text| {
        let code: String = text
            .lines()
            .filter(|line| !line.trim_start().starts_with("//"))
            .collect::<Vec<_>>()
            .join("\n");
        for (_, words) in UNSAID.iter().filter(|(of, _)| *of == layer) {
            for word in *words {
                assert!(
                    !code.contains(word),
                    "{} says `{word}`, which `{layer}` never does",
                    file.display()
                );
            }
        }
    });
}
