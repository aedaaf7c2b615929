//! The bytes of blobs, from our server.

use std::time::Duration;

use bytes::Bytes;
use reqwest::{Response, StatusCode, header};
use shaman_proto::BlobRef;
use shaman_proto::wire::blobs::{FRAMES_TYPE, LIST_TYPE, encode_list};
use shaman_proto::wire::framing::{Frame, Framed, Framing};

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
        match piece(&mut self.response, &self.server, self.silence).await? {
            Some(bytes) => {
                self.left = self.left.saturating_sub(bytes.len() as u64);
                Ok(Some(bytes))
            }
            None if self.left == 0 => Ok(None),
            None => Err(ApiError::Short { server: self.server.clone() }),
        }
    }
}

/// Small blobs, as they come.
#[derive(Debug)]
pub struct BlobFrames {
    response: Response,
    server: String,
    silence: Duration,
    framing: Framing,
    /// What came and is not looked at yet.
    piece: Bytes,
}

impl BlobFrames {
    /// The next blob; `None` at the end. Not yet verified: whoever takes it hashes it.
    pub async fn next(&mut self) -> Result<Option<Frame>, ApiError> {
        let strange = || ApiError::NotOurs { server: self.server.clone() };
        loop {
            let mut rest = &self.piece[..];
            let framed = self.framing.next(&mut rest);
            self.piece = self.piece.slice_ref(rest);
            match framed {
                Ok(Some(Framed::Whole(frame))) => return Ok(Some(frame)),
                // Nobody asked for such a one.
                Ok(Some(Framed::TooLarge(_))) | Err(_) => return Err(strange()),
                Ok(None) => {}
            }
            match piece(&mut self.response, &self.server, self.silence).await? {
                Some(bytes) => self.piece = bytes,
                None if self.framing.is_between() => return Ok(None),
                None => return Err(ApiError::Short { server: self.server.clone() }),
            }
        }
    }
}

/// The next bytes of a body.
async fn piece(
    response: &mut Response,
    server: &str,
    silence: Duration,
) -> Result<Option<Bytes>, ApiError> {
    let came = tokio::time::timeout(silence, response.chunk()).await;
    let came = came.map_err(|_| ApiError::Silent { server: server.to_owned(), time: silence })?;
    came.map_err(|source| ApiError::unreachable(server, source))
}

impl Api {
    /// Asks for many small blobs, of [`READ_FRAME_BYTES_MAX`] at most, which come in this order.
    /// Those that the server does not have, or does not show, are left out.
    ///
    /// [`READ_FRAME_BYTES_MAX`]: shaman_proto::limits::READ_FRAME_BYTES_MAX
    pub async fn blobs(&self, blobs: &[BlobRef]) -> Result<BlobFrames, ApiError> {
        let asking = self
            .client
            .post(format!("{}/v1/blobs/read", self.base))
            .header(header::CONTENT_TYPE, LIST_TYPE)
            .body(encode_list(blobs));
        let sent = unless_silent(asking.send(), &Pulse::default(), self.silence).await;
        let response = self.accepted(sent, self.silence).await?;
        let media_type = response.headers().get(header::CONTENT_TYPE);
        if media_type.is_none_or(|media_type| media_type != FRAMES_TYPE) {
            return Err(ApiError::NotOurs { server: self.base.clone() });
        }
        let (server, silence) = (self.base.clone(), self.silence);
        let (framing, piece) = (Framing::default(), Bytes::new());
        Ok(BlobFrames { response, server, silence, framing, piece })
    }

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
