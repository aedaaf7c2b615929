//! `Upstream`: address of the Flamenco Manager.

use std::fmt;
use std::str::FromStr;

use axum::http::uri::Authority;

/// Address of a Flamenco Manager: host, port, and a path in front of all of its paths.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Upstream {
    authority: String,
    prefix: String,
}

/// A text that is no such address.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no address of a Flamenco Manager; write it as http://HOST:PORT")]
pub struct UpstreamError(String);

impl Upstream {
    /// Host and port.
    pub fn authority(&self) -> &str {
        &self.authority
    }

    /// What comes before each path; empty, or starting with a slash and ending without.
    pub fn prefix(&self) -> &str {
        &self.prefix
    }
}

impl FromStr for Upstream {
    type Err = UpstreamError;

    fn from_str(text: &str) -> Result<Self, UpstreamError> {
        let refused = || UpstreamError(text.to_owned());
        let rest = text.trim().strip_prefix("http://").ok_or_else(refused)?;
        let (authority, prefix) = rest.find('/').map_or((rest, ""), |slash| rest.split_at(slash));
        let prefix = prefix.trim_end_matches('/');
        let is_address = !authority.is_empty()
            && !authority.contains('@')
            && format!("{authority}{prefix}").bytes().all(|b| b.is_ascii_graphic())
            && !prefix.contains(['?', '#']);
        let parsed = authority.parse::<Authority>();
        let is_named = parsed.is_ok_and(|parsed| {
            let port = parsed.as_str().strip_prefix(parsed.host()).unwrap_or_default();
            !parsed.host().is_empty() && (port.is_empty() || parsed.port_u16().is_some())
        });
        if !is_address || !is_named {
            return Err(refused());
        }
        Ok(Self { authority: authority.to_owned(), prefix: prefix.to_owned() })
    }
}

impl fmt::Display for Upstream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "http://{}{}", self.authority, self.prefix)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_has_a_host_and_may_have_a_prefix() {
        let upstream: Upstream = "http://manager:8080/farm/flamenco/".parse().unwrap();
        assert_eq!((upstream.authority(), upstream.prefix()), ("manager:8080", "/farm/flamenco"));
        for text in [
            "manager:8080",
            "https://manager",
            "http://",
            "http:///x",
            "http://a b",
            "http://u@h",
            "http://h:",
            "http://h:x",
            "http://h:65536",
            "http://:80",
            "http://[::1",
        ] {
            assert!(text.parse::<Upstream>().is_err(), "{text}");
        }
    }
}
