//! How a checkout is called.

use std::ffi::OsStr;

use shaman_proto::{CheckoutPath, CheckoutPathError};

/// What servers refuse in a name, or Windows workers cannot read.
const REFUSED: &str = r#"?*:;{}\<>|""#;

/// A name that no checkout can have. Nothing was sent.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    /// Somebody typed it.
    #[error(transparent)]
    Given(#[from] CheckoutPathError),
    /// A file or directory is called so.
    #[error("`{0}` gives no name for a checkout; choose one with --name")]
    FromFile(String),
}

/// The name that was given, or one made of what a file is called, in which `_` stands for each
/// character that a server would refuse.
pub fn checkout_name(given: Option<&str>, file: Option<&OsStr>) -> Result<CheckoutPath, NameError> {
    if let Some(given) = given {
        return Ok(given.parse()?);
    }
    let file = file.map(OsStr::to_string_lossy).unwrap_or_default();
    let is_refused = |c: char| c.is_control() || REFUSED.contains(c);
    file.replace(is_refused, "_").parse().map_err(|_| NameError::FromFile(file.into_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn made(file: &str) -> Result<String, NameError> {
        checkout_name(None, Some(OsStr::new(file))).map(|name| name.to_string())
    }

    #[test]
    fn names_of_files_are_cleaned_of_what_servers_refuse() {
        assert_eq!(made("shot 010").unwrap(), "shot 010");
        assert_eq!(made(r#"a?b*c:d;e{f}g\h<i>j|k"l"#).unwrap(), "a_b_c_d_e_f_g_h_i_j_k_l");
        assert_eq!(made("tab\tnewline\nnext\u{85}").unwrap(), "tab_newline_next_");
        assert_eq!(made("Größe 日本").unwrap(), "Größe 日本");
    }

    #[test]
    fn names_that_lead_elsewhere_are_refused() {
        for file in ["", ".", ".."] {
            let refused = made(file).unwrap_err().to_string();
            assert!(refused.contains("--name"), "{refused}");
        }
        assert!(checkout_name(None, None).is_err());
    }

    #[test]
    fn a_given_name_is_not_changed_but_refused() {
        let given = |name| checkout_name(Some(name), Some(OsStr::new("other")));
        assert_eq!(given("film/shot_010").unwrap().as_str(), "film/shot_010");
        for name in ["a?b", "", "..", "a/../b", "/abs"] {
            assert!(given(name).is_err(), "{name}");
        }
    }
}
