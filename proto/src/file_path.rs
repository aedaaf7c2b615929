//! `FilePath`: where a file lies in a checkout.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize};

use crate::digest::shorten;
use crate::limits::{COMPONENT_BYTES_MAX, FILE_PATH_BYTES_MAX};
use crate::manifest::MANIFEST_FILE;

/// The path of a file relative to its checkout.
///
/// Holding one means: relative, components joined by single `/`, none of them empty, `.` or `..`,
/// no NUL, bounded, and not the place of the checkout's own manifest. Joined to a directory it
/// cannot leave that directory. It does not mean that the file is there, nor that two of them can
/// stand in one checkout (see `Manifest`).
///
/// Clients on Windows send backslashes: they are separators. Unicode is kept as it was sent.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct FilePath(String);

/// A text that is no path for a file in a checkout.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("path `{shown}` {problem}")]
pub struct FilePathError {
    shown: String,
    problem: &'static str,
}

impl FilePath {
    /// The path with `/` between components.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The components; at least one.
    pub fn components(&self) -> impl DoubleEndedIterator<Item = &str> {
        self.0.split('/')
    }

    /// The directory it lies in (empty for the checkout itself) and its name there.
    pub fn split(&self) -> (&str, &str) {
        self.0.rsplit_once('/').unwrap_or(("", &self.0))
    }
}

impl FromStr for FilePath {
    type Err = FilePathError;

    fn from_str(text: &str) -> Result<Self, FilePathError> {
        let refused = |problem| FilePathError { shown: shorten(text), problem };
        if text.len() > FILE_PATH_BYTES_MAX {
            return Err(refused("is longer than 2048 bytes; move the project closer to its root"));
        }
        if text.contains('\0') {
            return Err(refused("has a NUL character in it"));
        }
        let slashed = slashed(text);
        if slashed.starts_with('/') || has_drive(&slashed) {
            return Err(refused("is absolute; send it relative to the checkout"));
        }
        let mut clean = String::with_capacity(slashed.len());
        for component in slashed.split('/') {
            match component {
                "" | "." => continue,
                ".." => return Err(refused("has `..` in it; send it relative to the checkout")),
                _ if component.len() > COMPONENT_BYTES_MAX => {
                    return Err(refused("has a part longer than 255 bytes; use shorter names"));
                }
                _ => {}
            }
            if !clean.is_empty() {
                clean.push('/');
            }
            clean.push_str(component);
        }
        if clean.is_empty() {
            return Err(refused("names no file"));
        }
        if clean == MANIFEST_FILE || inside_manifest(&clean) {
            return Err(refused(
                "is the place of the checkout's own manifest; leave that file out",
            ));
        }
        Ok(Self(clean))
    }
}

/// The text with `/` between components, as it is where it has no other separator.
fn slashed(text: &str) -> Cow<'_, str> {
    if text.contains('\\') { Cow::Owned(text.replace('\\', "/")) } else { Cow::Borrowed(text) }
}

/// Says whether the path lies in a directory where the manifest should be.
fn inside_manifest(clean: &str) -> bool {
    clean.strip_prefix(MANIFEST_FILE).is_some_and(|rest| rest.starts_with('/'))
}

/// Says whether the text starts with a Windows drive (`C:` or `C:/`).
fn has_drive(text: &str) -> bool {
    let bytes = text.as_bytes();
    bytes.len() >= 2
        && bytes[0].is_ascii_alphabetic()
        && bytes[1] == b':'
        && (bytes.len() == 2 || bytes[2] == b'/')
}

impl fmt::Display for FilePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Paths in a checkout sort by component, so that a directory's files stand together and a path
/// stands right before those inside it.
impl Ord for FilePath {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        // The same as to compare components, in a third of the time: no byte of a path is 0.
        let order = |byte: u8| if byte == b'/' { 0 } else { byte };
        let (one, two) = (self.0.as_bytes(), other.0.as_bytes());
        match one.iter().zip(two).find(|(a, b)| a != b) {
            Some((a, b)) => order(*a).cmp(&order(*b)),
            None => one.len().cmp(&two.len()),
        }
    }
}

impl PartialOrd for FilePath {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl<'de> Deserialize<'de> for FilePath {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = Cow::<'de, str>::deserialize(from)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use std::path::{Component, Path};

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_stock_servers_clean_is_cleaned() {
        for (sent, kept) in [
            ("a", "a"),
            ("a//b", "a/b"),
            ("x/./y", "x/y"),
            ("sub/", "sub"),
            ("./a", "a"),
            ("tex\\wood\\a.png", "tex/wood/a.png"),
            ("ü ö/日本.png", "ü ö/日本.png"),
            ("..hidden/a..b", "..hidden/a..b"),
            ("_outside_project/C:/a", "_outside_project/C:/a"),
        ] {
            assert_eq!(sent.parse::<FilePath>().unwrap().as_str(), kept);
        }
    }

    #[test]
    fn what_could_leave_the_checkout_is_refused() {
        for sent in [
            "",
            ".",
            "/",
            "./.",
            "..",
            "../a",
            "a/..",
            "a/../b",
            "a\\..\\..\\b",
            "/abs",
            "\\abs",
            "C:/x",
            "c:\\x",
            "C:",
            "\\\\server\\share",
            "a\0b",
            ".shaman-manifest.json",
            "./.shaman-manifest.json",
            ".shaman-manifest.json/x",
        ] {
            assert!(sent.parse::<FilePath>().is_err(), "{sent:?}");
        }
        assert!("a".repeat(256).parse::<FilePath>().is_err());
        assert!("a/".repeat(1025).parse::<FilePath>().is_err());
    }

    proptest! {
        #[test]
        fn a_file_path_never_leaves_its_root(text in "[a./\\\\:C\u{0}-\u{7f}é]{0,40}") {
            if let Ok(path) = text.parse::<FilePath>() {
                prop_assert!(Path::new(path.as_str()).components().all(|c| matches!(c, Component::Normal(_))));
                prop_assert_eq!(path.as_str().parse::<FilePath>().unwrap(), path.clone(), "parsing is idempotent");
                prop_assert!(path.as_str().len() <= FILE_PATH_BYTES_MAX);
            }
        }

        #[test]
        fn paths_sort_by_component(one in "[a-c/. !0]{1,8}", other in "[a-c/. !0]{1,8}") {
            if let (Ok(one), Ok(other)) = (one.parse::<FilePath>(), other.parse::<FilePath>()) {
                prop_assert_eq!(one.cmp(&other), one.components().cmp(other.components()));
            }
        }

        #[test]
        fn any_text_is_a_path_or_a_sentence(text in any::<String>()) {
            match text.parse::<FilePath>() {
                Ok(path) => prop_assert!(!path.as_str().contains('\\')),
                Err(error) => prop_assert!(error.to_string().len() > 10),
            }
        }
    }
}
