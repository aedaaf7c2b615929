//! `POST /v1/blobs`: many small blobs in one body.
//!
//! Frames are stored as they come, several at a time on each blocking thread. The reading waits
//! when [`WINDOW`] batches are not through yet: that is the back-pressure, and it bounds memory.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use shaman_proto::BlobRef;
use shaman_proto::limits::{FRAME_BYTES_MAX, FRAMES_MAX};
use shaman_proto::wire::blobs::{FRAMES_TYPE, Fate, FrameFate, FramesAnswer};
use shaman_proto::wire::failure::Failure as FailureBody;
use shaman_proto::wire::framing::{Frame, Framed, Framing};
use tokio::sync::oneshot;

use super::openapi::Binary;
use crate::http::Shared;
use crate::http::body::{drain_beside, essence, next_frame};
use crate::http::failure::Failure;
use crate::http::flamenco::json;
use crate::ops::{UploadError, Uploaded};
use crate::tasks::{Begun, beside};

/// Frames that one blocking thread stores at a time: a hop to it costs as much as half a blob.
const BATCH_FRAMES: usize = 64;

/// Bytes of frames that one blocking thread stores at a time, and half of what may be read before
/// it begins.
const BATCH_BYTES: usize = 1 << 20;

/// Batches at a time of one body, on as many threads: enough for a disk, and 8 MiB of memory.
const WINDOW: usize = 4;

/// How long frames wait for others.
const LINGER: Duration = Duration::from_millis(50);

/// Stores many small blobs.
///
/// The body is a stream of frames: a name of 40 bytes (digest, then size as 64 bits, little endian), then the bytes. They are stored as they come; a bad one does not spoil its neighbours, and a connection that is cut keeps what was complete.
#[utoipa::path(
    post,
    path = "/v1/blobs",
    operation_id = "send_frames",
    tag = "blobs",
    request_body(content = Binary, content_type = "application/vnd.shaman.frames"),
    responses(
        (status = 200, description = "The fate of each frame, in order", body = FramesAnswer),
        (status = 400, description = "A frame could not be understood; the fates of those before it", body = FramesAnswer),
        (status = "default", description = "Refused or failed; nothing was changed.", body = FailureBody),
    ),
)]
pub(super) async fn receive(
    State(shared): State<Shared>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Failure> {
    let is_encoded =
        headers.get(header::CONTENT_ENCODING).is_some_and(|encoding| encoding != "identity");
    if is_encoded || !essence(&headers).eq_ignore_ascii_case(FRAMES_TYPE) {
        drain_beside(body);
        return Err(Failure::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            format!("send frames as they are, with the header `Content-Type: {FRAMES_TYPE}`"),
        ));
    }
    let (tell, told) = oneshot::channel();
    // Beside the connection: when that is cut, what was complete is stored all the same.
    beside(async move {
        let mut body = body;
        let answer = Receiving::new(shared).receive(&mut body).await;
        drop(tell.send(answer));
        drain_beside(body);
    });
    told.await.map_err(|_| crate::tasks::Panicked.into())
}

type Stored = Result<Vec<Result<Uploaded, UploadError>>, UploadError>;

/// A body of frames that is being received.
struct Receiving {
    shared: Shared,
    framing: Framing,
    /// Every frame whose name was read; `None`: it is on its way.
    fates: Vec<(BlobRef, Option<Fate>)>,
    /// Frames that nobody stores yet, by position.
    batch: Vec<(usize, Frame)>,
    batch_bytes: usize,
    running: VecDeque<(Vec<usize>, Begun<Stored>)>,
}

impl Receiving {
    fn new(shared: Shared) -> Self {
        Self {
            shared,
            framing: Framing::default(),
            fates: Vec::new(),
            batch: Vec::new(),
            batch_bytes: 0,
            running: VecDeque::new(),
        }
    }

    /// Stores what comes until the body ends or cannot be understood, and tells every fate.
    async fn receive(mut self, body: &mut Body) -> Response {
        let stopped = self.read(body).await.err();
        self.begin_batch().await;
        while !self.running.is_empty() {
            self.end_batch().await;
        }
        let frames: Vec<FrameFate> = self
            .fates
            .into_iter()
            .filter_map(|(blob, fate)| {
                Some(FrameFate { sha256: blob.digest, size: blob.size, fate: fate? })
            })
            .collect();
        tracing::debug!(frames = frames.len(), is_whole = stopped.is_none(), "received frames");
        let status = stopped.as_ref().map_or(StatusCode::OK, Failure::status);
        let (code, message) = match stopped.map(Failure::into_wire) {
            None => (None, None),
            Some(failure) => (Some(failure.code), Some(failure.message)),
        };
        json(status, &FramesAnswer { frames, code, message }).into_response()
    }

    async fn read(&mut self, body: &mut Body) -> Result<(), Failure> {
        loop {
            let piece = if self.batch.is_empty() {
                next_frame(body).await?
            } else {
                let Ok(piece) = tokio::time::timeout(LINGER, next_frame(body)).await else {
                    self.begin_batch().await;
                    continue;
                };
                piece?
            };
            let Some(piece) = piece else { break };
            let mut piece = &piece[..];
            loop {
                let position = self.fates.len();
                let framed = self.framing.next(&mut piece).map_err(|error| {
                    Failure::malformed(format_args!(
                        "frame {position} has no name of a blob: {error}; what came before it is done, send the rest anew"
                    ))
                })?;
                let Some(framed) = framed else { break };
                self.take(framed).await?;
            }
        }
        if self.framing.is_between() {
            return Ok(());
        }
        Err(Failure::malformed(format_args!(
            "the body ended inside frame {}; what came before it is done, send the rest anew",
            self.fates.len()
        )))
    }

    async fn take(&mut self, framed: Framed) -> Result<(), Failure> {
        if self.fates.len() == FRAMES_MAX {
            return Err(Failure::new(
                StatusCode::PAYLOAD_TOO_LARGE,
                format!(
                    "there are more than {FRAMES_MAX} frames; send the rest in another request"
                ),
            ));
        }
        match framed {
            Framed::TooLarge(blob) => {
                let message = format!(
                    "a frame takes {FRAME_BYTES_MAX} bytes at most; send larger blobs with `PUT /v1/blobs/{blob}`"
                );
                let failure = Failure::new(StatusCode::PAYLOAD_TOO_LARGE, message);
                self.fates.push((blob, Some(refused(failure))));
            }
            Framed::Whole(frame) => {
                self.batch_bytes += frame.bytes.len();
                let position = self.fates.len();
                self.fates.push((frame.blob, None));
                self.batch.push((position, frame));
                if self.batch.len() >= BATCH_FRAMES || self.batch_bytes >= BATCH_BYTES {
                    self.begin_batch().await;
                }
            }
        }
        Ok(())
    }

    /// Hands the batch to a thread, when there is one and the window has room.
    async fn begin_batch(&mut self) {
        if self.batch.is_empty() {
            return;
        }
        if self.running.len() >= WINDOW {
            self.end_batch().await;
        }
        self.batch_bytes = 0;
        let (positions, smalls): (Vec<usize>, Vec<Frame>) =
            std::mem::take(&mut self.batch).into_iter().unzip();
        let ops = Arc::clone(&self.shared.ops);
        let begun = self.shared.blocking.begin(move || ops.upload_small(&smalls)).await;
        self.running.push_back((positions, begun));
    }

    /// Waits for the oldest batch.
    async fn end_batch(&mut self) {
        let Some((positions, begun)) = self.running.pop_front() else { return };
        let stored = match begun.ended().await {
            Ok(stored) => stored.map_err(Failure::of_upload),
            Err(panicked) => Err(panicked.into()),
        };
        match stored {
            Ok(fates) => {
                for (position, fate) in positions.into_iter().zip(fates) {
                    self.fates[position].1 = Some(match fate {
                        Ok(Uploaded::Stored) => Fate::Stored,
                        Ok(Uploaded::AlreadyStored) => Fate::Had,
                        Err(error) => refused(Failure::of_upload(error)),
                    });
                }
            }
            // Some may be there; who sends them again is told so.
            Err(failure) => {
                let fate = refused(failure);
                for position in positions {
                    self.fates[position].1 = Some(fate.clone());
                }
            }
        }
    }
}

fn refused(failure: Failure) -> Fate {
    let failure = failure.into_wire();
    Fate::Refused { code: failure.code, message: failure.message }
}
