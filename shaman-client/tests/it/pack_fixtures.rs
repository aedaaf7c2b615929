//! Projects that real Blenders saved, packed: everything is found again, and in the pack alone.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::Value;
use shaman_client::pack;
use shaman_client::trace::{self, Trace};

use crate::deps_fixtures::{VERSIONS, folder};
use crate::pack_support::Pack;

fn json(path: &Path) -> Value {
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

/// How many files have which bytes, .blend files aside.
fn contents<'a>(files: impl Iterator<Item = &'a Path>) -> BTreeMap<Vec<u8>, usize> {
    let mut contents = BTreeMap::new();
    for file in files.filter(|path| path.extension().is_none_or(|ending| ending != "blend")) {
        *contents.entry(std::fs::read(file).unwrap()).or_default() += 1;
    }
    contents
}

fn assert_same(before: &Trace, about: &str) -> Pack {
    let pack = Pack::of(before);
    let after = pack.trace();
    let paths = |trace: &Trace| contents(trace.files.iter().map(|file| file.path.as_path()));
    assert_eq!(paths(before), paths(&after), "{about}");
    assert_eq!(before.missing.len(), after.missing.len(), "{about}: {:?}", after.missing);
    pack
}

#[test]
fn a_project_with_files_outside_is_packed_in_every_version() {
    for version in VERSIONS {
        let folder = folder(version);
        let manifest = json(&folder.join("manifest.json"));
        let root = folder.join(manifest["project_root"].as_str().unwrap());
        let blend = folder.join(manifest["main"].as_str().unwrap());
        let before = trace::trace(&blend, Some(&root)).unwrap();
        assert!(
            before.files.iter().any(|file| file.in_pack.is_none()),
            "{version}: nothing outside"
        );
        let pack = assert_same(&before, version);
        assert!(pack.files.iter().any(|place| place.starts_with(pack::OUTSIDE)));
    }
}

#[test]
fn every_corner_case_is_packed_whatever_the_project_is() {
    for version in VERSIONS {
        let folder = folder(version);
        for case in json(&folder.join("corner_cases.json")).as_array().unwrap() {
            let blend = folder.join(case["blend"].as_str().unwrap());
            // The whole, the directory of the .blend, and one that holds nothing of it.
            for root in
                [folder.join("corners"), blend.parent().unwrap().into(), folder.join("outside")]
            {
                let about = format!("{version}, {}: {}", root.display(), case["about"]);
                assert_same(&trace::trace(&blend, Some(&root)).unwrap(), &about);
            }
        }
    }
}
