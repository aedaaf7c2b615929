//! `Secret`: a token, which nothing prints.

use std::convert::Infallible;
use std::fmt;
use std::str::FromStr;

/// The token that a server asks for.
#[derive(Clone)]
pub struct Secret(String);

impl Secret {
    /// The token itself, for whoever sends it.
    pub(crate) fn reveal(&self) -> &str {
        &self.0
    }
}

impl From<String> for Secret {
    fn from(token: String) -> Self {
        Self(token)
    }
}

impl FromStr for Secret {
    type Err = Infallible;

    fn from_str(token: &str) -> Result<Self, Infallible> {
        Ok(Self(token.trim().to_owned()))
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}
