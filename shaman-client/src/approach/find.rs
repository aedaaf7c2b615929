//! Where a .blend lies: below the storage, in a checkout.

use std::path::{Path, PathBuf};

use shaman_proto::MANIFEST_FILE;

use crate::places::{below, join};

/// Gives the .blend as it is spelled below `location`; `None` when it lies elsewhere.
///
/// By its text first, as the add-on does; then by where links lead, of either side.
pub fn inside(location: &str, blend: &Path) -> Option<PathBuf> {
    let real = |path: &Path| path.canonicalize().ok()?.into_os_string().into_string().ok();
    let rest = blend.to_str().and_then(|blend| below(location, blend)).or_else(|| {
        let locations = [Some(location.to_owned()), real(Path::new(location))];
        let blends = [blend.to_str().map(str::to_owned), real(blend)];
        blends.iter().flatten().find_map(|blend| {
            locations.iter().flatten().find_map(|location| below(location, blend))
        })
    })?;
    Some(PathBuf::from(join(location, &rest)))
}

/// Gives the checkout of ours that the .blend lies in, at or below `location`.
pub(super) fn checkout(location: &str, blend: &Path) -> Option<PathBuf> {
    let is_below = |dir: &&Path| {
        *dir == Path::new(location)
            || dir.to_str().is_some_and(|dir| below(location, dir).is_some())
    };
    let mut above = blend.ancestors().skip(1).take_while(is_below);
    above.find(|dir| dir.join(MANIFEST_FILE).is_file()).map(Path::to_path_buf)
}
