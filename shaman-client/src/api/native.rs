//! What a submit asks of our server, below `/v1`.

use bytes::Bytes;
use shaman_proto::BlobRef;
use shaman_proto::wire::blobs::{FRAMES_TYPE, FramesAnswer, LIST_TYPE, decode_list, encode_list};
use shaman_proto::wire::checkouts::{CheckOutAnswer, CheckOutRequest, MissingFailure};

use super::request::{Request, encode};
use super::silence::Pulse;
use super::{Api, ApiError, CHECKOUT_SILENCES, silence_of};

/// Status of a server that lacks blobs of a checkout.
const LACKING: u16 = 424;

/// Statuses with which our server tells the fates of frames although it did not read them all.
const NOT_ALL: [u16; 3] = [400, 408, 413];

/// Statuses of servers that know nothing of what they are asked.
const UNKNOWN: [u16; 3] = [404, 405, 501];

/// What came of asking for a checkout.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CheckedOut {
    /// It is there.
    Made(CheckOutAnswer),
    /// The server lacks these blobs; nothing was changed.
    Missing(Vec<BlobRef>),
}

impl Api {
    /// Which of these the server lacks, each once.
    pub async fn missing(&self, blobs: &[BlobRef]) -> Result<Vec<BlobRef>, ApiError> {
        let silence = self.silence + silence_of(blobs.len());
        let request = Request::post("/v1/missing", encode_list(blobs).into());
        let asking = self.answer(request.of_type(LIST_TYPE).silent_for(silence));
        let bytes = asking.await.map_err(|error| self.unless_ours(error))?;
        // A page of somebody else's, with a good status.
        decode_list(&bytes).map_err(|_| ApiError::NotOurs { server: self.base.clone() })
    }

    /// Asks for a checkout. Never to be repeated once it may have been heard: there would be two.
    pub async fn check_out(&self, request: &CheckOutRequest) -> Result<CheckedOut, ApiError> {
        let files = request.files.as_ref().map_or(0, Vec::len);
        let silence = self.silence.mul_f64(CHECKOUT_SILENCES) + silence_of(files);
        let asking = Request::post("/v1/checkouts", encode(request)).silent_for(silence);
        let answer = self.answer_or(asking, &[LACKING]).await;
        let (status, bytes) = answer.map_err(|error| self.unless_ours(error))?;
        let strange = |_| ApiError::NotOurs { server: self.base.clone() };
        if status == LACKING {
            let failure: MissingFailure = serde_json::from_slice(&bytes).map_err(strange)?;
            let missing = failure.missing.into_iter().map(BlobRef::from).collect();
            return Ok(CheckedOut::Missing(missing));
        }
        Ok(CheckedOut::Made(serde_json::from_slice(&bytes).map_err(strange)?))
    }

    /// Sends many small blobs, as frames, and gives what became of each, in order; of those that
    /// are not in the answer nothing was read. `pulse` beats as the body moves.
    pub async fn send_frames(
        &self,
        frames: Bytes,
        pulse: &Pulse,
    ) -> Result<FramesAnswer, ApiError> {
        let request = Request::post("/v1/blobs", frames).of_type(FRAMES_TYPE).beating(pulse);
        let (status, bytes) = self.answer_or(request, &NOT_ALL).await?;
        // What stands in between may say the same status in words of its own.
        serde_json::from_slice(&bytes).map_err(|_| {
            ApiError::refused(&self.base, status, None, &String::from_utf8_lossy(&bytes))
        })
    }

    /// Says that the server is not ours, if that is what the error means.
    fn unless_ours(&self, error: ApiError) -> ApiError {
        match error.status() {
            Some(status) if UNKNOWN.contains(&status) => {
                ApiError::NotOurs { server: self.base.clone() }
            }
            _ => error,
        }
    }
}
