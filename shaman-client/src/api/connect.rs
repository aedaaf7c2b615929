//! `Connect`: how connections come to be, and what each request on them says.

use std::time::Duration;

use reqwest::header::HeaderMap;
use reqwest::redirect::{Action, Attempt, Policy};
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
    ///
    /// Without TLS it knows no authorities of this machine: hundreds of files, which take as long to
    /// read as a small submit. A server that then sends us to one with TLS is not followed.
    pub(super) fn client(&self, base: &str) -> Result<Client, ApiError> {
        if base.starts_with("http://") {
            let plain = self.builder().tls_certs_only(self.authorities.iter().cloned());
            let plain = plain.redirect(Policy::custom(unless_to_tls)).build();
            return plain.map_err(|error| ApiError::unreachable(base, error));
        }
        let trusting = self.builder().tls_certs_merge(self.authorities.iter().cloned());
        trusting.build().map_err(|source| ApiError::Untrusting { server: base.to_owned(), source })
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

/// Follows where a server sends us, as reqwest does, but not to TLS.
fn unless_to_tls(attempt: Attempt<'_>) -> Action {
    if attempt.url().scheme() == "https" {
        let address = attempt.url().origin().ascii_serialization();
        return attempt.error(format!("it wants to be asked with TLS; name it as {address}"));
    }
    Policy::default().redirect(attempt)
}
