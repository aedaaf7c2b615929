//! A checkout goes.

use std::fs;
use std::io;
use std::path::Path;

use crate::stock_store::{StockStore, clean};

/// What stock lets through: `.` and `..` too.
pub(super) fn is_valid(checkout: &str) -> bool {
    let first = checkout.chars().next();
    first.is_some_and(|letter| letter != '/')
        && !checkout.contains(['?', '*', ':', ';', '{', '}', '\\'])
        && !checkout.contains("../")
        && !checkout.contains("/..")
}

/// Removes the tree, and once its parent if that is empty: `jobs` itself, for the last checkout.
/// A checkout that is not there is fine. `..` is the whole storage, but never more.
pub(in crate::manager) fn erase(storage: &Path, checkout: &str) -> io::Result<()> {
    if !is_valid(checkout) {
        return Err(io::ErrorKind::InvalidInput.into());
    }
    let folder = clean(&StockStore::open(storage).jobs().join(checkout));
    if !folder.starts_with(storage) {
        return Err(io::ErrorKind::PermissionDenied.into());
    }
    match fs::remove_dir_all(&folder) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    if let Some(parent) = folder.parent().filter(|parent| parent.starts_with(storage)) {
        drop(fs::remove_dir(parent));
    }
    Ok(())
}
