//! What must not lie around while nothing runs.

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::wire::sha256_hex;

/// Every file below a directory.
pub(super) fn files_below(dir: &Path) -> Vec<PathBuf> {
    walk(dir).0
}

/// Files and directories below a directory; what vanishes meanwhile is passed over.
fn walk(dir: &Path) -> (Vec<PathBuf>, Vec<PathBuf>) {
    let (mut files, mut dirs) = (Vec::new(), Vec::new());
    let mut left = vec![dir.to_owned()];
    while let Some(dir) = left.pop() {
        for entry in std::fs::read_dir(&dir).into_iter().flatten().flatten() {
            let path = entry.path();
            if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                dirs.push(path.clone());
                left.push(path);
            } else {
                files.push(path);
            }
        }
    }
    (files, dirs)
}

/// What lies on the storage though nothing runs: half uploads, trees in staging, manifests without
/// a checkout, checkouts without a manifest, empty directories of checkouts. (A kill in the middle of
/// a sweep may leave an empty directory for blobs, which the next sweep takes; and the directory of
/// half uploads whose digests begin alike stays until a server starts.)
pub fn leftovers(storage: &Path, servers: usize) -> Vec<String> {
    let store = storage.join("file-store");
    let uploading = store.join("uploading");
    let mut left: Vec<PathBuf> = walk(&uploading).0;
    left.extend(walk(&uploading).1.into_iter().filter(|dir| dir.parent() != Some(&*uploading)));
    left.extend(walk(&store.join("quarantine")).0);
    let names = std::fs::read_dir(&store).into_iter().flatten().flatten();
    let is_aside = |name: &PathBuf| name.extension().is_some();
    left.extend(names.map(|entry| entry.path()).filter(is_aside));
    let (files, trees) = walk(&store.join("staging"));
    let is_lock = |path: &PathBuf| path.extension().is_some_and(|ending| ending == "lock");
    left.extend(files.iter().filter(|path| !is_lock(path)).cloned());
    left.extend(trees);
    let mut said: Vec<String> = left.iter().map(|path| path.display().to_string()).collect();
    // Those of a kind of work stay, whoever does it.
    let is_work =
        |path: &PathBuf| ["sweep.lock", "scrub.lock"].iter().any(|name| path.ends_with(name));
    let locks = files.iter().filter(|path| is_lock(path) && !is_work(path)).count();
    if locks != servers {
        said.push(format!("{locks} locks of {servers} servers"));
    }
    let (files, dirs) = walk(&storage.join("jobs"));
    let in_trees: HashSet<String> = files
        .iter()
        .filter_map(|path| path.strip_prefix(storage.join("jobs")).ok()?.to_str())
        .filter_map(|path| path.strip_suffix("/.shaman-manifest.json"))
        .map(str::to_owned)
        .collect();
    let claims: HashSet<String> =
        walk(&store.join("manifests")).0.iter().map(|path| checkout_of(path)).collect();
    said.extend(
        claims.difference(&in_trees).map(|path| format!("a manifest without tree: {path}")),
    );
    said.extend(
        in_trees.difference(&claims).map(|path| format!("a tree without manifest: {path}")),
    );
    let is_empty =
        |dir: &&PathBuf| std::fs::read_dir(dir).is_ok_and(|mut all| all.next().is_none());
    said.extend(dirs.iter().filter(is_empty).map(|dir| format!("empty: {}", dir.display())));
    said
}

/// The checkout that a manifest is of; its own path when it does not say one.
fn checkout_of(manifest: &Path) -> String {
    let said: Option<Value> =
        std::fs::read(manifest).ok().and_then(|text| serde_json::from_slice(&text).ok());
    let checkout = said.and_then(|said| said["checkout"].as_str().map(str::to_owned));
    checkout.unwrap_or_else(|| manifest.display().to_string())
}

/// Waits until nothing lies around any more: erased trees are deleted behind the answer. Gives what
/// still does after ten seconds.
pub fn wait_until_clean(storage: &Path, servers: usize) -> Vec<String> {
    let end = Instant::now() + Duration::from_secs(10);
    loop {
        let left = leftovers(storage, servers);
        if left.is_empty() || Instant::now() > end {
            return left;
        }
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// Blobs whose bytes are not what their name says, and how many there are.
pub fn torn_blobs(storage: &Path) -> (Vec<PathBuf>, usize) {
    let all = files_below(&storage.join("file-store/stored"));
    let count = all.len();
    let is_torn = |path: &PathBuf| {
        let parts: Vec<_> = path.iter().rev().take(3).map(|part| part.to_string_lossy()).collect();
        let Ok(bytes) = std::fs::read(path) else { return false };
        format!("{}{}", parts[2], parts[1]) != sha256_hex(&bytes)
            || parts[0] != format!("{}.blob", bytes.len())
    };
    (all.into_iter().filter(is_torn).collect(), count)
}
