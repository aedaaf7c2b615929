//! The bytes of blobs, from our server.

use std::time::Duration;

use bytes::Bytes;
use reqwest::{Response, StatusCode, header};
use shaman_proto::BlobRef;

use super::silence::{Pulse, unless_silent};
use super::{Api, ApiError};

/// The bytes of a blob, as they come.
#[derive(Debug)]
pub struct BlobBytes {
    response: Response,
    server: String,
    silence: Duration,
    from: u64,
    left: u64,
}

impl BlobBytes {
    /// Where in the blob they begin: where was asked for, or 0 when the server, or something on
    /// the way, sends all of it anyway.
    pub fn from(&self) -> u64 {
        self.from
    }

    /// The next bytes; `None` at the end. Not yet verified: whoever takes them hashes them.
    pub async fn next(&mut self) -> Result<Option<Bytes>, ApiError> {
        let came = tokio::time::timeout(self.silence, self.response.chunk()).await;
        let silent = |_| ApiError::Silent { server: self.server.clone(), time: self.silence };
        let came = came.map_err(silent)?;
        match came.map_err(|source| ApiError::unreachable(&self.server, source))? {
            Some(bytes) => {
                self.left = self.left.saturating_sub(bytes.len() as u64);
                Ok(Some(bytes))
            }
            None if self.left == 0 => Ok(None),
            None => Err(ApiError::Short { server: self.server.clone() }),
        }
    }
}

impl Api {
    /// Asks for a blob, from this byte on. A status of 404 means that the server has no such blob.
    pub async fn blob(&self, blob: &BlobRef, from: u64) -> Result<BlobBytes, ApiError> {
        let mut asking = self.client.get(format!("{}/v1/blobs/{blob}", self.base));
        if from > 0 {
            asking = asking.header(header::RANGE, format!("bytes={from}-"));
        }
        let sent = unless_silent(asking.send(), &Pulse::default(), self.silence).await;
        let response = self.accepted(sent, self.silence).await?;
        let from = if response.status() == StatusCode::PARTIAL_CONTENT {
            began_at(&response).filter(|began| *began <= from).ok_or_else(|| ApiError::Refused {
                server: self.base.clone(),
                status: 206,
                message: "it sent another part of a blob than was asked for".to_owned(),
                wait: None,
            })?
        } else {
            0
        };
        let (server, silence) = (self.base.clone(), self.silence);
        let left = blob.size.bytes().saturating_sub(from);
        Ok(BlobBytes { response, server, silence, from, left })
    }
}

/// The first byte of a part, by its `Content-Range: bytes 7-9/10`.
fn began_at(response: &Response) -> Option<u64> {
    let range = response.headers().get(header::CONTENT_RANGE)?.to_str().ok()?;
    range.strip_prefix("bytes ")?.split_once('-')?.0.trim().parse().ok()
}
