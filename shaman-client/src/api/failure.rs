//! What can go wrong with a request, and whether trying again may help.

use std::time::Duration;

use serde::Deserialize;

use super::trust;

/// In place of a sentence that the server did not send.
pub(super) const NO_REASON: &str = "no reason given";

/// A request that got no good answer.
#[derive(Debug, thiserror::Error)]
pub enum ApiError {
    /// The address is none.
    #[error(
        "`{server}` is not the address of a server; write it as http://HOST:PORT or https://HOST:PORT"
    )]
    NoAddress {
        /// What was given.
        server: String,
    },
    /// The token is none.
    #[error("what was given as a token cannot be one; it has characters that no token has")]
    NoToken,
    /// Nobody answered, or the connection broke.
    #[error(
        "cannot reach {server}; is the server running? name another with --server or SHAMAN_URL"
    )]
    Unreachable {
        /// The address.
        server: String,
        /// Why.
        source: reqwest::Error,
    },
    /// What was given as authorities has none.
    #[error("there is no certificate in what was given as an authority's; it is text in PEM")]
    NoAuthority,
    /// No certificate can be looked at.
    #[error(
        "cannot tell whom to trust at {server}; install the certificate authorities of this system, or name one with --ca or SHAMAN_CA"
    )]
    Untrusting {
        /// The address.
        server: String,
        /// Why.
        source: reqwest::Error,
    },
    /// Its certificate was not taken, or it does not speak TLS.
    #[error("cannot talk to {server}: {why}")]
    Untrusted {
        /// The address.
        server: String,
        /// What is wrong, and what to do.
        why: String,
    },
    /// It took the connection, and then nothing moved.
    #[error(
        "{server} has been silent for {} seconds in the middle of a request; look whether it hangs, then try again",
        time.as_secs()
    )]
    Silent {
        /// The address.
        server: String,
        /// How long.
        time: Duration,
    },
    /// Its answer ended before the end.
    #[error("{server} sent less than it had promised; is something in between that cuts answers?")]
    Short {
        /// The address.
        server: String,
    },
    /// The server said no.
    #[error("{server} answered {status}: {message}")]
    Refused {
        /// The address.
        server: String,
        /// HTTP status.
        status: u16,
        /// The server's sentence.
        message: String,
        /// When it said to come back.
        wait: Option<Duration>,
    },
    /// It is Flamenco's own server, or an old one.
    #[error("{server} cannot do this; ask a Shaman server of this version or a later one")]
    NotOurs {
        /// The address.
        server: String,
    },
    /// The answer is not what such a server gives.
    #[error(
        "{server} does not answer as a Shaman server or Flamenco Manager does; is the address right?"
    )]
    Strange {
        /// The address.
        server: String,
        /// What is wrong with it.
        source: serde_json::Error,
    },
}

impl ApiError {
    pub(super) fn unreachable(server: &str, source: reqwest::Error) -> Self {
        let server = server.to_owned();
        // Once a connection stands, what goes wrong on it may go well the next time.
        match trust::fault(&source).filter(|_| source.is_connect()) {
            Some(why) => Self::Untrusted { server, why },
            None => Self::Unreachable { server, source },
        }
    }

    /// The server's own sentence if it sent one, else the start of what it sent.
    pub(super) fn refused(server: &str, status: u16, wait: Option<Duration>, text: &str) -> Self {
        // Of Flamenco's two shapes of failures only one has a code beside the message.
        #[derive(Deserialize)]
        struct Sentence {
            message: String,
        }
        let message = match serde_json::from_str::<Sentence>(text) {
            Ok(sentence) => sentence.message,
            Err(_) if text.trim().is_empty() => NO_REASON.to_owned(),
            Err(_) => text.chars().take(300).collect(),
        };
        Self::Refused { server: server.to_owned(), status, message, wait }
    }

    /// The HTTP status, if there was one.
    pub fn status(&self) -> Option<u16> {
        match self {
            Self::Refused { status, .. } => Some(*status),
            _ => None,
        }
    }

    /// Says whether the server may have acted on the request.
    pub fn was_heard(&self) -> bool {
        match self {
            Self::Unreachable { source, .. } => !source.is_connect(),
            Self::NoAddress { .. }
            | Self::NoToken
            | Self::NoAuthority
            | Self::Untrusting { .. }
            | Self::Untrusted { .. } => false,
            Self::NotOurs { .. }
            | Self::Short { .. }
            | Self::Silent { .. }
            | Self::Refused { .. }
            | Self::Strange { .. } => true,
        }
    }

    /// Says whether the same request may work a little later.
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Unreachable { .. } | Self::Short { .. } => true,
            // 417: what arrived is not what was sent, so it was damaged on the way.
            Self::Refused { status, .. } => {
                matches!(status, 408 | 417 | 425 | 429 | 500 | 502..=504)
            }
            Self::NoAddress { .. }
            | Self::NoToken
            | Self::NoAuthority
            | Self::Untrusting { .. }
            | Self::Untrusted { .. }
            | Self::NotOurs { .. }
            | Self::Silent { .. }
            | Self::Strange { .. } => false,
        }
    }
}
