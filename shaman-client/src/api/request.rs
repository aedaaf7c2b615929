//! One request with a body in memory, and its limit of silence.

use std::time::Duration;

use bytes::Bytes;
use futures_util::{StreamExt as _, stream};
use reqwest::{Body, Method, Response, header};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::silence::{Pulse, unless_silent};
use super::{Api, ApiError, retry};

/// Longer bodies are handed on in pieces of this size, so that it shows when they move.
const PIECE_BYTES: usize = 64 << 10;

/// Something to ask.
#[derive(Debug)]
pub(super) struct Request<'a> {
    method: Method,
    path: &'a str,
    body: Option<Bytes>,
    media_type: &'static str,
    pulse: Pulse,
    patience: Option<Duration>,
}

impl<'a> Request<'a> {
    /// A question.
    pub(super) fn get(path: &'a str) -> Self {
        Self::new(Method::GET, path, None)
    }

    /// A question with a body.
    pub(super) fn post(path: &'a str, body: Bytes) -> Self {
        Self::new(Method::POST, path, Some(body))
    }

    /// Something that is to be there, whatever was before.
    pub(super) fn put(path: &'a str, body: Bytes) -> Self {
        Self::new(Method::PUT, path, Some(body))
    }

    /// Something that is not to be there.
    pub(super) fn delete(path: &'a str) -> Self {
        Self::new(Method::DELETE, path, None)
    }

    fn new(method: Method, path: &'a str, body: Option<Bytes>) -> Self {
        let (media_type, pulse) = ("application/json", Pulse::default());
        Self { method, path, body, media_type, pulse, patience: None }
    }

    /// With a body of another kind than JSON.
    pub(super) fn of_type(self, media_type: &'static str) -> Self {
        Self { media_type, ..self }
    }

    /// With a pulse that somebody else watches as well.
    pub(super) fn beating(self, pulse: &Pulse) -> Self {
        Self { pulse: pulse.clone(), ..self }
    }

    /// Lets the server be silent for another time than usual.
    pub(super) fn silent_for(self, time: Duration) -> Self {
        Self { patience: Some(time), ..self }
    }
}

impl Api {
    /// Asks and understands the answer.
    pub(super) async fn json<T: DeserializeOwned>(
        &self,
        request: Request<'_>,
    ) -> Result<T, ApiError> {
        let bytes = self.answer(request).await?;
        serde_json::from_slice(&bytes)
            .map_err(|source| ApiError::Strange { server: self.base.clone(), source })
    }

    /// Asks and gives the body of a good answer.
    pub(super) async fn answer(&self, request: Request<'_>) -> Result<Vec<u8>, ApiError> {
        self.answer_or(request, &[]).await.map(|(_, bytes)| bytes)
    }

    /// Asks and gives status and body of a good answer, or of one with a status of these.
    pub(super) async fn answer_or(
        &self,
        request: Request<'_>,
        also: &[u16],
    ) -> Result<(u16, Vec<u8>), ApiError> {
        let Request { method, path, body, media_type, pulse, patience } = request;
        let silence = patience.unwrap_or(self.silence);
        let mut asking = self.client.request(method, format!("{}{path}", self.base));
        if let Some(bytes) = body {
            asking = asking
                .header(header::CONTENT_TYPE, media_type)
                .header(header::CONTENT_LENGTH, bytes.len())
                .body(in_pieces(bytes, pulse.clone()));
        }
        let sent = unless_silent(asking.send(), &pulse, silence).await;
        let mut response = self.accepted_or(sent, silence, also).await?;
        let bytes = self.rest(&mut response, silence).await?;
        Ok((response.status().as_u16(), bytes))
    }

    /// The response, if it is a good one. `None` was silence.
    pub(super) async fn accepted(
        &self,
        sent: Option<reqwest::Result<Response>>,
        silence: Duration,
    ) -> Result<Response, ApiError> {
        self.accepted_or(sent, silence, &[]).await
    }

    pub(super) async fn accepted_or(
        &self,
        sent: Option<reqwest::Result<Response>>,
        silence: Duration,
        also: &[u16],
    ) -> Result<Response, ApiError> {
        let sent = sent.ok_or_else(|| self.silent(silence))?;
        let mut response = sent.map_err(|source| ApiError::unreachable(&self.base, source))?;
        let status = response.status();
        if status.is_success() || also.contains(&status.as_u16()) {
            return Ok(response);
        }
        let (status, wait) = (status.as_u16(), retry::retry_after(response.headers()));
        let text = self.rest(&mut response, silence).await.unwrap_or_default();
        Err(ApiError::refused(&self.base, status, wait, &String::from_utf8_lossy(&text)))
    }

    async fn rest(&self, response: &mut Response, silence: Duration) -> Result<Vec<u8>, ApiError> {
        let mut bytes = Vec::new();
        loop {
            let came = tokio::time::timeout(silence, response.chunk()).await;
            let came = came.map_err(|_| self.silent(silence))?;
            match came.map_err(|source| ApiError::unreachable(&self.base, source))? {
                Some(piece) => bytes.extend_from_slice(&piece),
                None => return Ok(bytes),
            }
        }
    }

    fn silent(&self, time: Duration) -> ApiError {
        ApiError::Silent { server: self.base.clone(), time }
    }
}

/// A body that beats as it goes. A short one is left whole, so that it can follow a redirect.
fn in_pieces(bytes: Bytes, pulse: Pulse) -> Body {
    if bytes.len() <= PIECE_BYTES {
        return bytes.into();
    }
    let pieces: Vec<Bytes> = (0..bytes.len())
        .step_by(PIECE_BYTES)
        .map(|from| bytes.slice(from..bytes.len().min(from + PIECE_BYTES)))
        .collect();
    Body::wrap_stream(stream::iter(pieces).map(move |piece| {
        pulse.beat_with(piece.len());
        Ok::<_, std::io::Error>(piece)
    }))
}

pub(super) fn encode(body: &impl Serialize) -> Bytes {
    serde_json::to_vec(body).expect("our shapes are JSON").into()
}
