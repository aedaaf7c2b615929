//! Paths that name a server and a share, which Flamenco cannot map to other systems.

use std::path::Path;

/// A path in UNC notation.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("UNC notation is not supported; mount `{share}` as a drive letter instead")]
pub struct UncError {
    /// Server and share, as `\\server\share`.
    share: String,
}

/// Refuses `\\server\share\…` in what a person names; on Windows `//server/share/…` too, which
/// elsewhere is a path like any other.
pub fn refuse_unc(path: &Path) -> Result<(), UncError> {
    let text = path.to_string_lossy();
    if text.starts_with('/') && !cfg!(windows) {
        return Ok(());
    }
    refuse_unc_location(&text)
}

/// Refuses both spellings in what a server names: a server on Windows may send either.
pub fn refuse_unc_location(location: &str) -> Result<(), UncError> {
    let is_slash = |c: char| c == '/' || c == '\\';
    let Some(rest) = ["\\\\", "//"].iter().find_map(|start| location.strip_prefix(start)) else {
        return Ok(());
    };
    // `\\?\C:\…` is a long path of a drive, `\\?\UNC\server\share` a share in the same clothes.
    let rest = match rest.strip_prefix("?\\") {
        Some(long) => match long.strip_prefix("UNC\\") {
            Some(share) => share,
            None => return Ok(()),
        },
        None => rest,
    };
    let names: Vec<&str> = rest.split(is_slash).filter(|name| !name.is_empty()).take(2).collect();
    Err(UncError { share: format!(r"\\{}", names.join("\\")) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_are_refused_with_what_to_do() {
        for text in [r"\\nas\farm\shots\a.blend", "//nas/farm", r"\\?\UNC\nas\farm\x"] {
            let refused = refuse_unc_location(text).unwrap_err().to_string();
            assert_eq!(
                refused,
                r"UNC notation is not supported; mount `\\nas\farm` as a drive letter instead"
            );
        }
        assert!(refuse_unc(Path::new(r"\\nas\farm")).is_err());
    }

    #[test]
    fn other_paths_are_not_taken_for_shares() {
        for text in ["/mnt/farm", r"F:\farm", r"\\?\F:\farm", "", "a//b"] {
            assert_eq!(refuse_unc_location(text), Ok(()), "{text}");
        }
        #[cfg(not(windows))]
        assert_eq!(refuse_unc(Path::new("//mnt/farm")), Ok(()), "two slashes are one here");
    }
}
