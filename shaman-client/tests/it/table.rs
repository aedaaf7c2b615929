//! The table of `docs/reference/dependencies.md`, kept true by the fixtures.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use serde_json::Value;
use shaman_client::trace::{self, Options, Proxies};

use crate::deps_fixtures::{VERSIONS, folder, json};

const START: &str = "--ignored table -->\n";
const END: &str = "<!-- end of the table -->";

/// Files found and files that are there.
type Counts = (usize, usize);

/// By kind, then by version.
type Table = BTreeMap<String, BTreeMap<&'static str, Counts>>;

fn text(value: &Value) -> &str {
    value.as_str().unwrap()
}

/// Adds one .blend: what it needs, by kind.
fn count(
    table: &mut Table,
    version: &'static str,
    blend: &Path,
    root: &Path,
    needs: &[(PathBuf, &str)],
) {
    let options = Options { project: Some(root), proxies: Proxies::With, ..Options::default() };
    let trace = trace::trace_with(blend, options).unwrap();
    let found: BTreeSet<_> = trace.files.iter().map(|file| &file.path).collect();
    for (path, kind) in needs {
        let counts = table.entry((*kind).to_owned()).or_default().entry(version).or_default();
        counts.0 += usize::from(found.contains(path));
        counts.1 += 1;
    }
}

fn made() -> String {
    let mut table = Table::new();
    for version in VERSIONS {
        let folder = folder(version);
        let need =
            |need: &Value| (folder.join(text(&need["path"])), text(&need["kind"]).to_owned());
        let manifest = json(&folder.join("manifest.json"));
        let cases = json(&folder.join("corner_cases.json"));
        let mut all = vec![(text(&manifest["main"]), &manifest["files"], "project", None)];
        for case in cases.as_array().unwrap() {
            all.push((text(&case["blend"]), &case["needs"], "corners", case["proxies"].as_array()));
        }
        for (blend, needs, root, proxies) in all {
            let needs: Vec<_> = needs.as_array().unwrap().iter().map(need).collect();
            let mut needs: Vec<_> =
                needs.iter().map(|(path, kind)| (path.clone(), kind.as_str())).collect();
            for proxy in proxies.into_iter().flatten() {
                needs.push((folder.join(text(proxy)), "proxy (`--with-proxies`)"));
            }
            count(&mut table, version, &folder.join(blend), &folder.join(root), &needs);
        }
    }
    let mut made = format!("| kind | {} |\n|---|---|---|---|---|---|\n", VERSIONS.join(" | "));
    for (kind, counts) in table {
        write!(made, "| {kind} |").unwrap();
        for version in VERSIONS {
            match counts.get(version) {
                Some((found, there)) => write!(made, " {found} of {there} |").unwrap(),
                None => made.push_str(" – |"),
            }
        }
        made.push('\n');
    }
    made
}

fn page() -> (PathBuf, String) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/reference/dependencies.md");
    let text = std::fs::read_to_string(&path).unwrap();
    (path, text)
}

fn split(page: &str) -> (&str, &str, &str) {
    let (before, rest) = page.split_once(START).unwrap();
    let (table, after) = rest.split_once(END).unwrap();
    (before, table, after)
}

#[test]
fn the_table_of_dependencies_is_true() {
    let (_, page) = page();
    assert_eq!(split(&page).1, made(), "make it anew as the page says");
}

#[test]
fn nothing_of_any_kind_is_lost() {
    for row in made().lines().skip(2) {
        for cell in row.split('|').skip(2).map(str::trim).filter(|cell| cell.contains(" of ")) {
            let (found, there) = cell.split_once(" of ").unwrap();
            assert_eq!(found, there, "{row}");
        }
    }
}

#[test]
#[ignore = "writes docs/reference/dependencies.md: run it when fixtures or rules change"]
fn the_table_of_dependencies_is_written() {
    let (path, page) = page();
    let (before, _, after) = split(&page);
    std::fs::write(path, [before, START, &made(), END, after].concat()).unwrap();
}
