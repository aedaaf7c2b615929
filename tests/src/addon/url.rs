//! `http://host:port/prefix`, as far as the add-on goes with it.

/// An address without TLS.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Url {
    pub(super) host: String,
    pub(super) port: u16,
    /// Path and query, from the slash on.
    pub(super) target: String,
}

impl Url {
    /// Slashes at the end are stripped, as the add-on does with its preference.
    pub(super) fn base(text: &str) -> Option<Self> {
        let mut url = Self::parse(text)?;
        url.target.truncate(url.target.trim_end_matches('/').len());
        Some(url)
    }

    pub(super) fn parse(text: &str) -> Option<Self> {
        let rest = text.strip_prefix("http://")?;
        let (authority, target) = rest.find('/').map_or((rest, "/"), |at| rest.split_at(at));
        let (host, port) = match authority.rsplit_once(':') {
            Some((host, port)) => (host, port.parse().ok()?),
            None => (authority, 80),
        };
        Some(Self { host: host.to_owned(), port, target: target.to_owned() })
    }

    pub(super) fn join(&self, path: &str) -> Self {
        Self { target: format!("{}{path}", self.target), ..self.clone() }
    }

    /// Where a `Location` leads: whole addresses and paths from the root.
    pub(super) fn redirected(&self, location: &str) -> Option<Self> {
        if location.starts_with('/') {
            return Some(Self { target: location.to_owned(), ..self.clone() });
        }
        Self::parse(location)
    }

    /// `Host`: `http.client` leaves the default port away.
    pub(super) fn host_field(&self) -> String {
        if self.port == 80 { self.host.clone() } else { format!("{}:{}", self.host, self.port) }
    }
}
