//! Projects that real Blenders saved, held against what is known to be in them.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use serde_json::Value;
use shaman_client::trace::{self, Options, Proxies};

/// Blender versions of the fixtures.
pub(crate) const VERSIONS: [&str; 5] = ["3.4.1", "4.5.15", "5.0.1", "5.1.2", "5.2.3"];

pub(crate) fn folder(version: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(version)
}

pub(crate) fn json(path: &Path) -> Value {
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

#[test]
fn every_file_of_a_project_is_found_in_every_version() {
    for version in VERSIONS {
        let folder = folder(version);
        let manifest = json(&folder.join("manifest.json"));
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let root = folder.join(text(&manifest["project_root"]));
        let trace = trace::trace(&folder.join(text(&manifest["main"])), Some(&root)).unwrap();

        let wanted = manifest["files"].as_array().unwrap().iter();
        let size = |file: &Value| file["size"].as_u64().unwrap();
        let wanted: BTreeMap<_, _> =
            wanted.map(|file| (folder.join(text(&file["path"])), size(file))).collect();
        for (path, size) in &wanted {
            let found = trace.files.iter().find(|file| file.path == *path);
            assert_eq!(found.map(|file| file.size), Some(*size), "{}", path.display());
        }
        for file in &trace.files {
            assert!(wanted.contains_key(&file.path), "{} is not needed", file.path.display());
        }

        let missing: Vec<_> = trace.missing.iter().map(|file| file.path.clone()).collect();
        let gone = manifest["missing_on_purpose"].as_array().unwrap().iter();
        let gone: Vec<_> = gone.map(|path| folder.join(text(path))).collect();
        assert_eq!(missing, gone, "{version}");
        assert!(trace.warnings.is_empty(), "{version}: {:?}", trace.warnings);
    }
}

#[test]
fn every_corner_case_is_traced_right_in_every_version() {
    for version in VERSIONS {
        let folder = folder(version);
        let root = folder.join("corners");
        for case in json(&folder.join("corner_cases.json")).as_array().unwrap() {
            let about = format!("{version}: {}", case["about"]);
            let path = |value: &Value| folder.join(value.as_str().unwrap());
            let paths = |key: &str| -> BTreeSet<PathBuf> {
                case[key].as_array().unwrap().iter().map(path).collect()
            };
            let trace = trace::trace(&path(&case["blend"]), Some(&root)).unwrap();
            let needs = case["needs"].as_array().unwrap().iter();
            let needs: BTreeSet<_> = needs.map(|need| path(&need["path"])).collect();
            let found: BTreeSet<_> = trace.files.iter().map(|file| file.path.clone()).collect();
            let missing: BTreeSet<_> = trace.missing.iter().map(|file| file.path.clone()).collect();
            assert_eq!(found, needs, "{about}");
            assert!(found.is_disjoint(&paths("not")), "{about}");
            assert_eq!(missing, paths("missing"), "{about}");
            // Where case does not matter there is nothing to warn about.
            let is_warned = !trace.warnings.is_empty();
            let is_named = |name| case["blend"].as_str().unwrap().contains(name);
            let may_warn = is_named("wrong_case") || is_named("gone_text");
            assert!(!is_warned || may_warn, "{about}: {:?}", trace.warnings);
            assert!(is_warned || !is_named("gone_text"), "{about}");
            if let Some(proxies) = case["proxies"].as_array() {
                let project = Some(&*root);
                let options = Options { project, proxies: Proxies::With, ..Options::default() };
                let trace = trace::trace_with(&path(&case["blend"]), options).unwrap();
                let all = proxies.iter().map(path).chain(needs).collect();
                let found: BTreeSet<_> = trace.files.iter().map(|file| file.path.clone()).collect();
                assert_eq!(found, all, "{about}");
            }
        }
    }
}
