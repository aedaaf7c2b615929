//! A blob to our server, whole or in parts, and how much of it has come.

use reqwest::{Body, Method, StatusCode, header};
use shaman_proto::{BlobRef, headers};

use super::silence::{Pulse, unless_silent};
use super::{Api, ApiError};

/// What is sent of a blob, and how.
#[derive(Debug, Clone, Copy)]
pub struct Part {
    /// The first byte.
    pub offset: u64,
    /// Bytes of the blob.
    pub bytes: u64,
    /// Whether they are compressed with zstd; then nobody knows beforehand how long the body is.
    pub is_packed: bool,
}

/// What became of a part.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Put {
    /// The blob is complete, and the server verified it.
    Stored,
    /// The server has it already.
    HadIt,
    /// So many bytes of the blob have come.
    Kept(u64),
    /// The part was not taken: the server has so many bytes of the blob.
    Elsewhere(u64),
}

/// What a server has of a blob.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Come {
    /// Nothing.
    Nothing,
    /// So many bytes from its beginning.
    Bytes(u64),
    /// All of it.
    All,
}

impl Api {
    /// Sends a part of a blob; the last one makes it complete. `pulse` beats as the body moves.
    pub async fn put(
        &self,
        blob: &BlobRef,
        part: Part,
        body: Body,
        pulse: &Pulse,
    ) -> Result<Put, ApiError> {
        let mut asking = self
            .client
            .put(format!("{}/v1/blobs/{blob}", self.base))
            .header(header::CONTENT_TYPE, "application/octet-stream")
            .body(body);
        if part.offset > 0 {
            asking = asking.header(headers::UPLOAD_OFFSET, part.offset);
        }
        if part.offset + part.bytes < blob.size.bytes() {
            asking = asking.header(headers::UPLOAD_COMPLETE, "?0");
        }
        asking = if part.is_packed {
            asking.header(header::CONTENT_ENCODING, "zstd")
        } else {
            asking.header(header::CONTENT_LENGTH, part.bytes)
        };
        let sent = unless_silent(asking.send(), pulse, self.silence).await;
        let response = self.accepted_or(sent, self.silence, &[409]).await?;
        let offset = offset(&response);
        match (response.status(), offset) {
            (StatusCode::CREATED, _) => Ok(Put::Stored),
            (StatusCode::NO_CONTENT, _) => Ok(Put::HadIt),
            (StatusCode::ACCEPTED, Some(bytes)) => Ok(Put::Kept(bytes)),
            (StatusCode::CONFLICT, Some(bytes)) => Ok(Put::Elsewhere(bytes)),
            (status, _) => Err(ApiError::refused(&self.base, status.as_u16(), None, "")),
        }
    }

    /// How much of a blob has come.
    pub async fn come(&self, blob: &BlobRef) -> Result<Come, ApiError> {
        let url = format!("{}/v1/uploads/{blob}", self.base);
        let asking = self.client.request(Method::HEAD, url).send();
        let sent = unless_silent(asking, &Pulse::default(), self.silence).await;
        let response = self.accepted_or(sent, self.silence, &[404]).await?;
        Ok(match (response.status(), offset(&response)) {
            (StatusCode::NOT_FOUND, _) => Come::Nothing,
            (_, Some(bytes)) => Come::Bytes(bytes.min(blob.size.bytes())),
            (_, None) => Come::All,
        })
    }
}

fn offset(response: &reqwest::Response) -> Option<u64> {
    response.headers().get(headers::UPLOAD_OFFSET)?.to_str().ok()?.parse().ok()
}
