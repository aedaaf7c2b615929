//! `Connect`: how connections come to be, and what each request on them says.

use std::time::Duration;

use reqwest::header::HeaderMap;
use reqwest::{Certificate, Client, ClientBuilder};

use super::ApiError;

/// How long a connection may take to stand.
const CONNECT_TIME: Duration = Duration::from_secs(10);

/// How often a silent connection is asked whether the other side is still there.
const KEEPALIVE_TIME: Duration = Duration::from_secs(30);

/// What a client is made of.
#[derive(Debug, Clone, Default)]
pub(super) struct Connect {
    /// Each request has them.
    pub(super) headers: HeaderMap,
    /// They are trusted besides those of this machine.
    pub(super) authorities: Vec<Certificate>,
}

impl Connect {
    /// What connects to a server at this address.
    pub(super) fn client(&self, base: &str) -> Result<Client, ApiError> {
        let trusting = self.builder().tls_certs_merge(self.authorities.iter().cloned());
        match trusting.build() {
            Ok(client) => Ok(client),
            // A machine without any authority, as a worker's container may be, needs none for this.
            Err(_) if base.starts_with("http://") => self
                .builder()
                .tls_certs_only(self.authorities.iter().cloned())
                .build()
                .map_err(|error| ApiError::unreachable(base, error)),
            Err(source) => Err(ApiError::Untrusting { server: base.to_owned(), source }),
        }
    }

    fn builder(&self) -> ClientBuilder {
        Client::builder()
            .connect_timeout(CONNECT_TIME)
            .tcp_keepalive(KEEPALIVE_TIME)
            .tcp_nodelay(true)
            // Files go over several connections at once, each with a window of its own.
            .http1_only()
            // A farm is near; Flamenco's add-on looks at no proxy either.
            .no_proxy()
            .user_agent(concat!("shaman/", env!("CARGO_PKG_VERSION")))
            .default_headers(self.headers.clone())
    }
}
