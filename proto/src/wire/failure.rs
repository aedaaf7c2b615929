//! The error body.

use serde::{Deserialize, Serialize};

/// What a failed request answers with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Failure {
    /// The HTTP status again.
    pub code: u16,
    /// One sentence: what was wrong and what to do.
    pub message: String,
}
