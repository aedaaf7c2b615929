//! Request bodies: bounded in bytes and in time.

use std::time::Duration;

use axum::body::Body;
use axum::http::{HeaderMap, StatusCode, header};
use bytes::{Bytes, BytesMut};
use http_body_util::BodyExt as _;
use hyper::body::Body as _;

use tokio::time::Instant;

use super::failure::Failure;
use super::paced::GivenUp;
use crate::tasks::beside;

/// How long a piece is collected. Who waits for an upload sees by its pieces that it goes on; and
/// what came of one that has stopped lies on the disk, not in memory.
const PIECE_TIME: Duration = Duration::from_millis(250);

/// Bytes that are read and thrown away after an early answer, so that a client that is still
/// sending gets to read the answer and can keep its connection. Beyond it the connection closes.
const DRAIN_BYTES: u64 = 16 << 20;

/// How long that may take.
const DRAIN_TIME: Duration = Duration::from_secs(30);

/// The next frame of data; `None` at the end. How long it may take to come is looked after before
/// the handler, see `paced`.
pub(super) async fn next_frame(body: &mut Body) -> Result<Option<Bytes>, Failure> {
    while let Some(frame) = body.frame().await {
        if let Ok(data) = frame.map_err(|error| broken(&error))?.into_data() {
            return Ok(Some(data));
        }
    }
    Ok(None)
}

/// Why a body broke off: its sender was given up, or is gone.
fn broken(error: &axum::Error) -> Failure {
    match GivenUp::among(error) {
        Some(given_up) => given_up.into(),
        None => Failure::malformed(format_args!("the request ended before its body did: {error}")),
    }
}

/// A piece of a body.
#[derive(Debug)]
pub(super) struct Piece {
    pub(super) frames: Vec<Bytes>,
    /// Nothing comes after it.
    pub(super) is_last: bool,
}

/// The next piece, about `most` bytes long unless it is the last or comes slowly.
pub(super) async fn next_piece(body: &mut Body, most: usize) -> Result<Piece, Failure> {
    let mut piece = Piece { frames: Vec::new(), is_last: false };
    let Some(first) = next_frame(body).await? else {
        return Ok(Piece { is_last: true, ..piece });
    };
    let mut bytes = first.len();
    piece.frames.push(first);
    let until = Instant::now() + PIECE_TIME;
    while bytes < most && !piece.is_last {
        match tokio::time::timeout_at(until, next_frame(body)).await {
            Ok(Ok(Some(frame))) => {
                bytes += frame.len();
                piece.frames.push(frame);
            }
            Ok(Ok(None)) => piece.is_last = true,
            Ok(Err(failure)) => return Err(failure),
            // It comes slowly.
            Err(_) => break,
        }
    }
    Ok(piece)
}

/// Reads the rest of a body that nobody needs, up to a limit, beside the answer.
pub(super) fn drain_beside(body: Body) {
    if !body.is_end_stream() {
        beside(drain(body));
    }
}

async fn drain(mut body: Body) {
    let all = async {
        let mut bytes = 0;
        while let Some(Ok(frame)) = body.frame().await {
            bytes += frame.data_ref().map_or(0, |data| data.len() as u64);
            if bytes > DRAIN_BYTES {
                break;
            }
        }
    };
    drop(tokio::time::timeout(DRAIN_TIME, all).await);
}

/// The media type that a body is said to have, with its parameters.
fn media_type(headers: &HeaderMap) -> &str {
    headers.get(header::CONTENT_TYPE).map_or("", |value| value.to_str().unwrap_or("?"))
}

/// Says whether a body is said to be JSON.
pub(super) fn is_json(headers: &HeaderMap) -> bool {
    essence(headers).eq_ignore_ascii_case("application/json")
}

/// The whole of a JSON body of at most so many bytes, as bytes.
pub(super) async fn json_bytes(
    headers: &HeaderMap,
    body: &mut Body,
    most: usize,
) -> Result<Bytes, Failure> {
    if !is_json(headers) {
        let media_type = media_type(headers);
        return Err(Failure::malformed(format_args!(
            "header Content-Type has unexpected value \"{media_type}\"; send application/json"
        )));
    }
    whole(headers, body, most).await
}

/// The media type of a body without its parameters, as it was written.
pub(super) fn essence(headers: &HeaderMap) -> &str {
    media_type(headers).split(';').next().unwrap_or_default().trim()
}

/// The whole of a body of at most so many bytes.
pub(super) async fn whole(
    headers: &HeaderMap,
    body: &mut Body,
    most: usize,
) -> Result<Bytes, Failure> {
    let too_long = || {
        Failure::new(
            StatusCode::PAYLOAD_TOO_LARGE,
            format!("the request's body is longer than {most} bytes; split the job"),
        )
    };
    let announced = content_length(headers).unwrap_or(0);
    if announced > most as u64 {
        return Err(too_long());
    }
    let mut bytes = BytesMut::new();
    while let Some(frame) = next_frame(body).await? {
        if bytes.len() + frame.len() > most {
            return Err(too_long());
        }
        bytes.extend_from_slice(&frame);
    }
    Ok(bytes.freeze())
}

/// The announced length, if there is one.
pub(super) fn content_length(headers: &HeaderMap) -> Option<u64> {
    headers.get(header::CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}
