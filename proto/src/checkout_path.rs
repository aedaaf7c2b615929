//! `CheckoutPath`: where a checkout lives below `jobs/`.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize};

use crate::digest::shorten;
use crate::job_name;
use crate::limits::{CHECKOUT_PATH_BYTES_MAX, COMPONENT_BYTES_MAX};

/// Room that a job's name leaves for a suffix and its dash.
const SUFFIX_BYTES_MAX: usize = 10;

/// The path of a checkout relative to the checkout root, with forward slashes.
///
/// Holding one means: relative, components joined by single `/`, none empty, `.` or `..`, no
/// control character and none of `? * : ; { } \ < > | "` (which stock servers refuse or Windows
/// workers cannot read), bounded. Joined to the checkout root it names a place strictly below it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CheckoutPath(String);

/// A text that is no checkout path.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("checkout path `{shown}` {problem}")]
pub struct CheckoutPathError {
    shown: String,
    problem: &'static str,
}

impl CheckoutPath {
    /// The path with `/` between components.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The components; at least one.
    pub fn components(&self) -> impl DoubleEndedIterator<Item = &str> {
        self.0.split('/')
    }

    /// The path with `-{suffix}` behind its `depth`-th component (0 is the first), for when that
    /// component is taken. A component that would become too long loses characters at its end. A
    /// path that was made of a job's name has room for a suffix of 9 bytes.
    #[must_use]
    pub fn with_suffix(&self, depth: usize, suffix: &str) -> Self {
        let mut parts: Vec<String> = self.components().map(str::to_owned).collect();
        if let Some(part) = parts.get_mut(depth) {
            while part.len() + 1 + suffix.len() > COMPONENT_BYTES_MAX {
                part.pop();
            }
            part.push('-');
            part.push_str(suffix);
        }
        Self(parts.join("/"))
    }
}

impl FromStr for CheckoutPath {
    type Err = CheckoutPathError;

    fn from_str(text: &str) -> Result<Self, CheckoutPathError> {
        let refused = |problem| CheckoutPathError { shown: shorten(text), problem };
        if text.chars().any(job_name::is_replaced) {
            return Err(refused(
                r#"has a control character or one of ? * : ; { } \ < > | " in it; leave that out"#,
            ));
        }
        let path = Self::clean(text, |component| {
            if component.len() > COMPONENT_BYTES_MAX {
                return Err(refused("has a part longer than 255 bytes; use a shorter name"));
            }
            Ok(component.into())
        })?;
        if path.0.len() > CHECKOUT_PATH_BYTES_MAX {
            return Err(refused("is longer than 1000 bytes; use a shorter job name"));
        }
        Ok(path)
    }
}

impl CheckoutPath {
    /// Makes a path of a job's name. What stock servers refuse, or what workers on Windows could
    /// not read, is replaced, the same way each time: `shot: 010?` becomes `shot_ 010_`,
    /// `aux.v2` becomes `aux_.v2`, and a part that is too long ends in a number made from all of
    /// it. `..` and absolute names are refused, and names of nothing.
    pub fn from_job_name(name: &str) -> Result<Self, CheckoutPathError> {
        let path = Self::clean(name, |component| Ok(job_name::readable(component)))?;
        if path.0.len() > CHECKOUT_PATH_BYTES_MAX - SUFFIX_BYTES_MAX {
            let (shown, problem) = (shorten(name), "is longer than 990 bytes; use a shorter one");
            return Err(CheckoutPathError { shown, problem });
        }
        Ok(path)
    }

    /// Joins the components that name something, each made fit.
    fn clean<'a>(
        text: &'a str,
        fit: impl Fn(&'a str) -> Result<Cow<'a, str>, CheckoutPathError>,
    ) -> Result<Self, CheckoutPathError> {
        let refused = |problem| CheckoutPathError { shown: shorten(text), problem };
        if text.starts_with('/') {
            return Err(refused("is absolute; send it relative to the checkout root"));
        }
        let mut clean = String::with_capacity(text.len());
        for component in text.split('/') {
            match component {
                "" | "." => continue,
                ".." => {
                    return Err(refused("has `..` in it; send it relative to the checkout root"));
                }
                _ => {}
            }
            if !clean.is_empty() {
                clean.push('/');
            }
            clean.push_str(&fit(component)?);
        }
        if clean.is_empty() {
            return Err(refused("names no checkout; give the job a name"));
        }
        Ok(Self(clean))
    }
}

impl fmt::Display for CheckoutPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for CheckoutPath {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(from)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use std::path::{Component, Path};

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn job_names_are_kept_and_cleaned() {
        for (sent, kept) in [
            ("shot 010", "shot 010"),
            ("proj/scene/job", "proj/scene/job"),
            ("a//b/", "a/b"),
            ("./x", "x"),
            ("..hidden", "..hidden"),
            ("Größe 日本", "Größe 日本"),
        ] {
            assert_eq!(sent.parse::<CheckoutPath>().unwrap().as_str(), kept);
        }
    }

    #[test]
    fn what_could_leave_the_checkout_root_is_refused() {
        for sent in [
            "", ".", "..", "./.", "/", "/abs", "x/..", "a/../b", "c:/x", "a\\b", "a\nb", "a\0b",
            "a?", "<x>",
        ] {
            assert!(sent.parse::<CheckoutPath>().is_err(), "{sent:?}");
        }
    }

    #[test]
    fn a_suffix_goes_behind_the_component_that_is_taken() {
        let path: CheckoutPath = "a/b".parse().unwrap();
        assert_eq!(path.with_suffix(1, "x1y2").as_str(), "a/b-x1y2");
        assert_eq!(path.with_suffix(0, "x1y2").as_str(), "a-x1y2/b");
        assert!(CheckoutPath::from_job_name(&"abc/".repeat(250)).is_err(), "no room for a suffix");
        let deep = CheckoutPath::from_job_name(&"abc/".repeat(247)).unwrap();
        for depth in [0, 246] {
            let suffixed = deep.with_suffix(depth, "x1y2");
            assert_eq!(suffixed.as_str().parse(), Ok(suffixed.clone()), "it still is a path");
        }
        let long: CheckoutPath = "é".repeat(127).parse().unwrap();
        let suffixed = long.with_suffix(0, "x1y2");
        assert!(
            suffixed.as_str().len() <= COMPONENT_BYTES_MAX && suffixed.as_str().ends_with("-x1y2")
        );
    }

    #[test]
    fn job_names_become_paths_that_every_worker_can_read() {
        for (name, path) in [
            ("shot 010", "shot 010"),
            ("Größe/日本", "Größe/日本"),
            ("shot: 010? v2*", "shot_ 010_ v2_"),
            ("a;b{c}d\\e<f>g|h\"i", "a_b_c_d_e_f_g_h_i"),
            ("tab\tline\n\0", "tab_line__"),
            ("ends. ", "ends__"),
            ("...", "___"),
            ("a./b /c", "a_/b_/c"),
            (" lead", " lead"),
            ("..hidden", "..hidden"),
            ("con", "con_"),
            ("Aux.v2.blend", "Aux_.v2.blend"),
            ("COM¹", "COM¹_"),
            ("com10", "com10"),
            ("console", "console"),
            ("C:\\jobs", "C__jobs"),
            ("./x//y/", "x/y"),
        ] {
            assert_eq!(CheckoutPath::from_job_name(name).unwrap().as_str(), path, "{name:?}");
        }
    }

    #[test]
    fn long_parts_are_cut_and_stay_different() {
        let (one, other) = ("é".repeat(200) + "1", "é".repeat(200) + "2");
        let cut = |name: &str| CheckoutPath::from_job_name(name).unwrap();
        assert_ne!(cut(&one), cut(&other));
        assert_eq!(cut(&one), cut(&one));
        assert!(cut(&one).as_str().len() <= COMPONENT_BYTES_MAX);
        assert!(cut(&one).as_str().starts_with("ééé"));
    }

    #[test]
    fn job_names_that_lead_elsewhere_are_refused() {
        for name in ["", ".", "..", "/abs", "a/../b", "x/..", "//", "./."] {
            assert!(CheckoutPath::from_job_name(name).is_err(), "{name:?}");
        }
        assert!(CheckoutPath::from_job_name(&"a/".repeat(600)).is_err());
    }

    proptest! {
        #[test]
        fn what_a_job_name_becomes_is_a_checkout_path_and_stays_so(name in any::<String>()) {
            if let Ok(path) = CheckoutPath::from_job_name(&name) {
                prop_assert_eq!(&path.as_str().parse::<CheckoutPath>().unwrap(), &path);
                prop_assert_eq!(&CheckoutPath::from_job_name(path.as_str()).unwrap(), &path);
            }
        }

        #[test]
        fn a_checkout_path_never_leaves_its_root(text in "[a./\\\\:\u{0}-\u{7f}é]{0,40}") {
            if let Ok(path) = text.parse::<CheckoutPath>() {
                let mut parts = Path::new(path.as_str()).components().peekable();
                prop_assert!(parts.peek().is_some());
                prop_assert!(parts.all(|c| matches!(c, Component::Normal(_))));
                prop_assert_eq!(path.as_str().parse::<CheckoutPath>().unwrap(), path.clone());
            }
        }
    }
}
