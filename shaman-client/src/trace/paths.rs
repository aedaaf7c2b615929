//! Paths as they stand in a .blend, made absolute.
//!
//! | in the file | means |
//! |---|---|
//! | `//tex/a.png`, `//..\tex\a.png` | from the directory of the .blend that the data-block lives in |
//! | `/tex/a.png` | absolute |
//! | `C:\tex\a.png`, `\\server\tex\a.png` | absolute on Windows; elsewhere a file that is not there |
//! | `tex/a.png` | as if `//` stood before it |
//!
//! Names are bytes: on Unix one that is not UTF-8 survives as it is.

use std::ffi::OsString;
use std::path::{Component, Path, PathBuf};

/// Where a path of a .blend leads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Place {
    /// To an absolute path without `.` and `..`.
    Here(PathBuf),
    /// To another kind of system, as `C:\tex` on Linux. As written.
    #[cfg_attr(
        windows,
        expect(dead_code, reason = "paths of other systems look like relative ones")
    )]
    Elsewhere(PathBuf),
}

impl Place {
    /// Gives the path, wherever it leads.
    pub(super) fn into_path(self) -> PathBuf {
        match self {
            Self::Here(path) | Self::Elsewhere(path) => path,
        }
    }
}

/// Makes a path absolute, and takes `.` and `..` out without asking the disk.
pub(super) fn absolute(path: &Path) -> PathBuf {
    normal(&std::path::absolute(path).unwrap_or_else(|_| path.to_path_buf()))
}

/// Tells whether a path of a .blend starts from the file that it is in.
pub(super) fn is_relative(raw: &[u8]) -> bool {
    !matches!(
        raw,
        [b'\\' | b'/', ..] | [b'a'..=b'z' | b'A'..=b'Z', b':', b'/' | b'\\', ..]
    ) || raw.starts_with(b"//")
}

/// Gives the lowest directory that two lie in.
pub(super) fn common<'a>(one: &'a Path, other: &'a Path) -> &'a Path {
    one.ancestors().find(|dir| other.starts_with(dir)).unwrap_or(one)
}

/// Finds where `raw` leads, `base` being the absolute directory that `//` stands for.
pub(super) fn resolve(raw: &[u8], base: &Path) -> Place {
    let (raw, is_relative) = match raw {
        [b'\\', b'\\', ..] | [b'a'..=b'z' | b'A'..=b'Z', b':', b'/' | b'\\', ..] => {
            return foreign(raw);
        }
        [b'/', b'/', rest @ ..] => (rest, true),
        [b'/' | b'\\', ..] => (raw, false),
        _ => (raw, true),
    };
    let slashed: Vec<u8> =
        raw.iter().map(|byte| if *byte == b'\\' { b'/' } else { *byte }).collect();
    let path = PathBuf::from(os_string(slashed));
    if is_relative {
        // Not `join` of the path as a whole: `///tex` would become absolute.
        let parts = path.components().filter(|part| !matches!(part, Component::RootDir));
        return Place::Here(normal(&base.components().chain(parts).collect::<PathBuf>()));
    }
    Place::Here(normal(&path))
}

/// Gives the bytes of a path's name; on Windows as UTF-8.
pub(super) fn bytes(name: &std::ffi::OsStr) -> &[u8] {
    name.as_encoded_bytes()
}

/// Makes a name of bytes from a .blend.
#[cfg(unix)]
pub(super) fn os_string(bytes: Vec<u8>) -> OsString {
    std::os::unix::ffi::OsStringExt::from_vec(bytes)
}

/// Makes a name of bytes from a .blend; what is not UTF-8 is replaced.
#[cfg(not(unix))]
pub(super) fn os_string(bytes: Vec<u8>) -> OsString {
    String::from_utf8_lossy(&bytes).into_owned().into()
}

/// Gives the name of the directory for caches beside a .blend, from its name without the ending.
pub(super) fn caches(stem: &std::ffi::OsStr) -> Vec<u8> {
    [b"blendcache_", bytes(stem)].concat()
}

#[cfg(windows)]
fn foreign(raw: &[u8]) -> Place {
    Place::Here(normal(Path::new(&os_string(raw.to_vec()))))
}

#[cfg(not(windows))]
fn foreign(raw: &[u8]) -> Place {
    Place::Elsewhere(PathBuf::from(os_string(raw.to_vec())))
}

fn normal(path: &Path) -> PathBuf {
    let mut normal = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            // Above the top there is nothing: `/..` is `/`.
            Component::ParentDir => _ = normal.pop(),
            part => normal.push(part),
        }
    }
    normal
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    fn here(raw: &[u8]) -> PathBuf {
        match resolve(raw, Path::new("/p/shots")) {
            Place::Here(path) => path,
            Place::Elsewhere(path) => panic!("{}", path.display()),
        }
    }

    #[test]
    fn two_slashes_stand_for_the_directory_of_the_blend() {
        assert_eq!(here(b"//a.png"), Path::new("/p/shots/a.png"));
        assert_eq!(here(b"//../tex/./a.png"), Path::new("/p/tex/a.png"));
        assert_eq!(here(b"///tex//a.png"), Path::new("/p/shots/tex/a.png"));
        assert_eq!(here(b"//../../../../a.png"), Path::new("/a.png"));
    }

    #[test]
    fn backslashes_are_slashes() {
        assert_eq!(here(b"//..\\tex\\a.png"), Path::new("/p/tex/a.png"));
        assert_eq!(here(b"\\tex\\a.png"), Path::new("/tex/a.png"));
    }

    #[test]
    fn a_bare_name_is_relative_and_a_slash_is_absolute() {
        assert_eq!(here(b"tex/a.png"), Path::new("/p/shots/tex/a.png"));
        assert_eq!(here(b"/tex/../a.png"), Path::new("/a.png"));
    }

    #[test]
    #[cfg(not(windows))]
    fn drive_letters_and_servers_lead_elsewhere() {
        for raw in [b"C:\\tex\\a.png".as_slice(), b"d:/a.png", b"\\\\server\\tex\\a.png"] {
            assert!(matches!(resolve(raw, Path::new("/p")), Place::Elsewhere(_)));
        }
    }

    #[test]
    fn a_name_that_is_not_utf_8_survives() {
        let path = here(b"//caf\xe9.png");
        assert_eq!(bytes(path.file_name().unwrap()), b"caf\xe9.png");
    }
}
