//! Errors of `ops` → status and body; the only file that picks a failing status.

use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use shaman_proto::wire;

use super::flamenco::json;
use crate::ops::{AssembleError, CheckOutError, LookupError, UploadError};
use crate::store::{DiskError, FullDisk};
use crate::tasks::Panicked;

/// A refused or failed request, as the client sees it.
#[derive(Debug)]
pub(super) struct Failure {
    status: StatusCode,
    message: String,
}

impl Failure {
    pub(super) fn new(status: StatusCode, message: String) -> Self {
        Self { status, message }
    }

    /// The request is not what it should be.
    pub(super) fn malformed(message: impl std::fmt::Display) -> Self {
        Self::new(StatusCode::BAD_REQUEST, message.to_string())
    }

    /// It will work later.
    pub(super) fn busy(message: &str) -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, message.to_owned())
    }

    /// How an upload failed, in the words of the native API: there 422 is for bytes that are not
    /// what their name says.
    pub(super) fn of_upload(error: UploadError) -> Self {
        match error {
            UploadError::Mismatch(mismatch) => {
                Self::new(StatusCode::UNPROCESSABLE_ENTITY, mismatch.to_string())
            }
            error => error.into(),
        }
    }

    /// As it travels.
    pub(super) fn into_wire(self) -> wire::failure::Failure {
        wire::failure::Failure { code: self.status.as_u16(), message: self.message }
    }

    /// The status it is answered with.
    pub(super) fn status(&self) -> StatusCode {
        self.status
    }

    /// Something went wrong here: the log gets the path and the reason, the client gets what it
    /// can do about it.
    fn internal(error: &(dyn std::error::Error + 'static)) -> Self {
        tracing::error!(error = with_sources(error), "a request failed");
        Self::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "the server could not do this because of a problem with its storage; its log says which, try again later"
                .to_owned(),
        )
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        json(self.status, &self.into_wire())
    }
}

impl From<Panicked> for Failure {
    fn from(error: Panicked) -> Self {
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, error.to_string())
    }
}

impl From<DiskError> for Failure {
    fn from(error: DiskError) -> Self {
        match error.full_disk() {
            FullDisk::Yes => {
                tracing::error!(error = with_sources(&error), "the storage is full");
                Self::new(
                    StatusCode::INSUFFICIENT_STORAGE,
                    "the server's storage is full; remove old checkouts or add space, then try again".to_owned(),
                )
            }
            FullDisk::No => Self::internal(&error),
        }
    }
}

impl From<LookupError> for Failure {
    fn from(error: LookupError) -> Self {
        match error {
            LookupError::Disk(error) => error.into(),
            LookupError::Index(error) => Self::internal(&error),
        }
    }
}

impl From<UploadError> for Failure {
    fn from(error: UploadError) -> Self {
        match error {
            // Flamenco's word for bytes that are not what their name says.
            UploadError::Mismatch(mismatch) => {
                Self::new(StatusCode::EXPECTATION_FAILED, mismatch.to_string())
            }
            UploadError::Offset { .. } | UploadError::TakenOver => {
                Self::new(StatusCode::CONFLICT, error.to_string())
            }
            UploadError::NoRoom { .. } => {
                Self::new(StatusCode::INSUFFICIENT_STORAGE, error.to_string())
            }
            UploadError::Disk(error) => error.into(),
            UploadError::Index(error) => Self::internal(&error),
        }
    }
}

impl From<AssembleError> for Failure {
    fn from(error: AssembleError) -> Self {
        match error {
            AssembleError::Upload(error) => Self::of_upload(error),
            AssembleError::Gone { .. } => Self::new(StatusCode::CONFLICT, error.to_string()),
            AssembleError::Chunk { .. } => {
                Self::new(StatusCode::UNPROCESSABLE_ENTITY, error.to_string())
            }
        }
    }
}

impl From<CheckOutError> for Failure {
    fn from(error: CheckOutError) -> Self {
        match error {
            CheckOutError::List(error) => Self::malformed(error),
            CheckOutError::Lookalikes(..) => Self::malformed(error),
            CheckOutError::Missing(_) => {
                Self::new(StatusCode::FAILED_DEPENDENCY, error.to_string())
            }
            CheckOutError::NamesTaken(_) => Self::new(StatusCode::CONFLICT, error.to_string()),
            CheckOutError::Disk(error) => error.into(),
            CheckOutError::Index(error) => Self::internal(&error),
        }
    }
}

/// The error and what is behind it, in one line.
fn with_sources(error: &(dyn std::error::Error + 'static)) -> String {
    let mut line = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        line.push_str(": ");
        line.push_str(&error.to_string());
        source = error.source();
    }
    line
}
