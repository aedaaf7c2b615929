//! Chunks of large blobs: what the server can find of them, and blobs made of them.

use reqwest::{Body, StatusCode, header};
use shaman_proto::wire::chunks::{CHUNKS_TYPE, RECIPE_TYPE, decode_bits, encode_chunks};
use shaman_proto::{BlobRef, Chunk};

use super::request::Request;
use super::silence::{Pulse, unless_silent};
use super::{Api, ApiError, Taken, silence_of};

/// How long a body is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Length {
    /// So many bytes.
    Known(u64),
    /// Nobody knows, since it is compressed with zstd on the way.
    Packed,
}

impl Api {
    /// Which of these chunks have to be sent, in order. No more than `CHUNKS_MAX` at once.
    pub async fn missing_chunks(&self, chunks: &[Chunk]) -> Result<Vec<bool>, ApiError> {
        let silence = self.silence + silence_of(chunks.len() / 100);
        let request = Request::post("/v1/chunks/missing", encode_chunks(chunks).into());
        let bytes = self.answer(request.of_type(CHUNKS_TYPE).silent_for(silence)).await?;
        // A page of somebody else's, with a good status.
        decode_bits(&bytes, chunks.len())
            .ok_or_else(|| ApiError::NotOurs { server: self.base.clone() })
    }

    /// Sends the recipe of a blob. A status of 409 means that the server lost a chunk meanwhile.
    pub async fn put_recipe(
        &self,
        blob: &BlobRef,
        length: Length,
        body: Body,
        pulse: &Pulse,
    ) -> Result<Taken, ApiError> {
        let asking = self
            .client
            .put(format!("{}/v1/recipes/{blob}", self.base))
            .header(header::CONTENT_TYPE, RECIPE_TYPE)
            .body(body);
        let asking = match length {
            Length::Known(bytes) => asking.header(header::CONTENT_LENGTH, bytes),
            Length::Packed => asking.header(header::CONTENT_ENCODING, "zstd"),
        };
        let sent = unless_silent(asking.send(), pulse, self.silence).await;
        let response = self.accepted(sent, self.silence).await?;
        match response.status() {
            StatusCode::CREATED => Ok(Taken::Stored),
            StatusCode::NO_CONTENT => Ok(Taken::HadIt),
            status => Err(ApiError::refused(&self.base, status.as_u16(), None, "")),
        }
    }
}
