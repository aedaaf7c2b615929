//! Whether one path lies below another, by their text alone.

/// Gives the rest of `path` below `dir`, with `/`; `None` when it does not lie below it.
///
/// A pure test of text, so links are not followed. `.` and `..` are taken out. Paths with a drive
/// letter are compared without regard to case and with both separators, on all systems; other
/// absolute ones to the letter. Relative paths lie nowhere.
pub fn below(dir: &str, path: &str) -> Option<String> {
    let (dir, path) = (Parts::of(dir)?, Parts::of(path)?);
    let is_same = |a: &str, b: &str| match dir.drive {
        Some(_) => a.to_lowercase() == b.to_lowercase(),
        None => a == b,
    };
    let is_below = dir.drive == path.drive
        && dir.names.len() < path.names.len()
        && dir.names.iter().zip(&path.names).all(|(a, b)| is_same(a, b));
    is_below.then(|| path.names[dir.names.len()..].join("/"))
}

/// Joins what lies below a directory to it, with the separator that the directory is written with.
pub fn join(dir: &str, below: &str) -> String {
    let slash = if dir.contains('\\') && !dir.contains('/') { '\\' } else { '/' };
    let below = below.replace('/', &slash.to_string());
    format!("{}{slash}{below}", dir.trim_end_matches(['/', '\\']))
}

/// The names of a path, whatever its system.
pub(super) fn names(path: &str) -> Vec<&str> {
    Parts::of(path).map_or_else(Vec::new, |parts| parts.names)
}

struct Parts<'a> {
    /// Lower case.
    drive: Option<char>,
    names: Vec<&'a str>,
}

impl<'a> Parts<'a> {
    /// An absolute path; `None` for others.
    fn of(path: &'a str) -> Option<Self> {
        // What `canonicalize` puts before a path on Windows.
        let path = path.strip_prefix(r"\\?\").unwrap_or(path);
        let mut chars = path.chars();
        let (first, second) = (chars.next()?, chars.next());
        if first.is_ascii_alphabetic() && second == Some(':') {
            let rest = chars.as_str();
            if !(rest.is_empty() || rest.starts_with(['/', '\\'])) {
                return None;
            }
            let drive = Some(first.to_ascii_lowercase());
            return Some(Self { drive, names: normal(rest.split(['/', '\\'])) });
        }
        (first == '/').then(|| Self { drive: None, names: normal(path.split('/')) })
    }
}

fn normal<'a>(parts: impl Iterator<Item = &'a str>) -> Vec<&'a str> {
    let mut names = Vec::new();
    for part in parts {
        match part {
            "" | "." => {}
            // Above the top there is nothing: `/..` is `/`.
            ".." => _ = names.pop(),
            part => names.push(part),
        }
    }
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_lies_below_is_told_by_text() {
        for (dir, path, rest) in [
            ("/mnt/farm", "/mnt/farm/a/b.blend", Some("a/b.blend")),
            ("/mnt/farm/", "/mnt/farm/./x/../a", Some("a")),
            ("/", "/a", Some("a")),
            ("/mnt/farm", "/mnt/farm", None),
            ("/mnt/farm", "/mnt/farmer/a", None),
            ("/mnt/farm", "/mnt/farm/../a", None),
            ("/mnt/farm", "/mnt/Farm/a", None),
            ("/mnt/farm", "farm/a", None),
            ("", "/a", None),
        ] {
            assert_eq!(below(dir, path).as_deref(), rest, "{path} below {dir}");
        }
    }

    #[test]
    fn drive_letters_are_compared_as_windows_does_everywhere() {
        for (dir, path, rest) in [
            (r"F:\farm", r"f:\FARM\Shots\a.blend", Some("Shots/a.blend")),
            ("F:/farm/", r"F:\farm\a.blend", Some("a.blend")),
            (r"F:\", "F:/a", Some("a")),
            (r"F:\farm", r"\\?\F:\farm\a", Some("a")),
            (r"F:\farm", r"G:\farm\a", None),
            (r"F:\farm", "/farm/a", None),
            ("/", r"F:\farm\a", None),
            (r"F:\farm", "F:farm/a", None),
        ] {
            assert_eq!(below(dir, path).as_deref(), rest, "{path} below {dir}");
        }
    }

    #[test]
    fn places_are_joined_as_the_directory_is_written() {
        assert_eq!(join("/mnt/farm/", "a/b"), "/mnt/farm/a/b");
        assert_eq!(join(r"F:\farm", "a/b"), r"F:\farm\a\b");
        assert_eq!(join("F:/farm", "a/b"), "F:/farm/a/b");
    }
}
