//! What a call of the generated client can end in, beside its answer.

use std::io;

/// How a call failed.
#[derive(Debug, thiserror::Error)]
pub enum ApiError {
    /// Any status that is not 2xx; the client shows the body.
    #[error("({status})\nHTTP response headers: {headers}\nHTTP response body: {body}")]
    Refused {
        /// Of the answer.
        status: u16,
        /// As they came.
        headers: String,
        /// As text.
        body: String,
    },
    /// The body of an answer is not UTF-8, which ends the client with an exception of Python.
    #[error("UnicodeDecodeError in an answer with status {status}")]
    NotUnicode {
        /// Of the answer.
        status: u16,
    },
    /// The answer is not what the API's description says.
    #[error("ApiTypeError or ApiValueError: {0}")]
    Unexpected(String),
    /// There was no answer.
    #[error("the connection failed: {0}")]
    Connection(io::Error),
    /// Still redirected after three more tries. (Still busy is [`Self::Refused`].)
    #[error("MaxRetryError after status {status}")]
    RedirectedTooOften {
        /// Of the last answer.
        status: u16,
    },
    /// Redirected to where the client can't go.
    #[error("cannot follow a redirect to `{0}`")]
    Redirected(String),
    /// The header can't be written in Latin-1, so nothing was sent.
    #[error("UnicodeEncodeError: `{0}` is not Latin-1")]
    NotLatin1(String),
}

impl ApiError {
    /// The status, if the call was answered and refused.
    pub fn refused(&self) -> Option<u16> {
        if let Self::Refused { status, .. } = self { Some(*status) } else { None }
    }
}
