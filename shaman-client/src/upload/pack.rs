//! Many small files in one request.

use std::io::Read as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;
use shaman_proto::BlobRef;
use shaman_proto::wire::blobs::{Fate, FramesAnswer, encode_name};

use super::{Line, Sent, ToSend, UploadError};
use crate::api::{Api, ApiError, Patience, Pulse};
use crate::hash::{Fingerprint, HashError};
use crate::progress::{Event, Listener, Phase};
use crate::threads::on_a_thread;

/// Files up to here go in packs. A request of its own costs a file at least the time that the line
/// takes there and back: at 50 ms, over eight connections, files of this size still make 40 MB/s.
pub const PACKED_BYTES_MAX: u64 = 256 << 10;

/// Most files in a pack: what is asked again when the connection breaks.
pub const PACK_FILES_MAX: usize = 4_000;

/// What became of a file in a pack.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Packed {
    /// As with a file that is sent alone.
    Sent(Sent),
    /// The server did not take it in the pack: it has to be sent alone, which tells more.
    Alone,
}

/// Why a pack was not sent.
#[derive(Debug, thiserror::Error)]
pub enum PackError {
    /// The server, or something on the way, does not take such requests, or not of this size.
    #[error(transparent)]
    NotTaken(ApiError),
    /// Something that would also end the sending of single files.
    #[error(transparent)]
    Upload(#[from] UploadError),
}

/// A pack that was read.
struct Frames {
    body: Bytes,
    /// Positions of the files in it, in order.
    files: Vec<usize>,
    /// Bytes of these files.
    bytes: u64,
}

/// Sends files together and says of each what became of it, in order. After a connection that broke
/// it asks which of them arrived, and sends the others.
pub async fn send_pack(
    api: &Api,
    files: &[ToSend],
    line: &Line,
    progress: &Listener,
) -> Result<Vec<Packed>, PackError> {
    // Of a file that is left out, as it is not what was hashed any more.
    let mut ended = vec![Packed::Sent(Sent::Changed); files.len()];
    let mut left: Vec<usize> = (0..files.len()).collect();
    let mut patience = Patience::default();
    loop {
        let frames = read(files, &left).await?;
        if frames.files.is_empty() {
            return Ok(ended);
        }
        let error = match send(api, &frames, line, progress).await {
            Ok(answer) => {
                let blobs = frames.files.iter().map(|at| files[*at].hashed.blob);
                for (at, packed) in frames.files.iter().zip(fates(blobs, answer)) {
                    ended[*at] = packed;
                    if matches!(packed, Packed::Sent(_)) {
                        progress.tell(Event::Advanced { phase: Phase::Upload, files: 1, bytes: 0 });
                    } else {
                        let bytes = files[*at].hashed.blob.size.bytes();
                        progress.tell(Event::Rewound { phase: Phase::Upload, bytes });
                    }
                }
                return Ok(ended);
            }
            Err(error) if refuses(&error) => return Err(PackError::NotTaken(error)),
            Err(error) => error,
        };
        let Some(wait) = patience.after(&error) else {
            return Err(UploadError::from(error).into());
        };
        progress.tell(Event::Retrying { why: error.to_string(), wait });
        tokio::time::sleep(wait).await;
        let blobs: Vec<BlobRef> = frames.files.iter().map(|at| files[*at].hashed.blob).collect();
        let Ok(missing) = api.missing(&blobs).await else { continue };
        let (gone, there): (Vec<usize>, Vec<usize>) =
            frames.files.iter().partition(|at| missing.contains(&files[**at].hashed.blob));
        for at in there {
            ended[at] = Packed::Sent(Sent::Stored);
            let bytes = files[at].hashed.blob.size.bytes();
            progress.tell(Event::Advanced { phase: Phase::Upload, files: 1, bytes });
        }
        left = gone;
    }
}

/// Says whether packs as such are not welcome, or too large.
fn refuses(error: &ApiError) -> bool {
    matches!(error.status(), Some(403 | 404 | 405 | 411 | 413 | 415 | 501))
}

async fn send(
    api: &Api,
    frames: &Frames,
    line: &Line,
    progress: &Listener,
) -> Result<FramesAnswer, ApiError> {
    let (pulse, moved) = (Pulse::default(), Arc::new(AtomicU64::new(0)));
    let watched = {
        let (moved, progress, most) = (Arc::clone(&moved), Arc::clone(progress), frames.bytes);
        pulse.counting(move |bytes| {
            let before = moved.fetch_add(bytes, Ordering::Relaxed).min(most);
            let bytes = (before + bytes).min(most) - before;
            progress.tell(Event::Advanced { phase: Phase::Upload, files: 0, bytes });
        })
    };
    let measure = line.begin();
    let sent = api.send_frames(frames.body.clone(), &watched).await;
    if sent.is_ok() {
        measure.ended(frames.body.len() as u64);
    }
    let moved = moved.load(Ordering::Relaxed).min(frames.bytes);
    let phase = Phase::Upload;
    progress.tell(match &sent {
        Ok(_) => Event::Advanced { phase, files: 0, bytes: frames.bytes - moved },
        Err(_) => Event::Rewound { phase, bytes: moved },
    });
    sent
}

/// Reads these files; those that are not what was hashed any more are left out.
async fn read(files: &[ToSend], which: &[usize]) -> Result<Frames, UploadError> {
    let wanted: Vec<(usize, ToSend)> = which.iter().map(|at| (*at, files[*at].clone())).collect();
    let framed = on_a_thread(move || {
        let (mut body, mut files, mut bytes) = (Vec::new(), Vec::new(), 0);
        for (at, file) in &wanted {
            let before = body.len();
            body.extend_from_slice(&encode_name(&file.hashed.blob));
            if append(file, &mut body)? {
                files.push(*at);
                bytes += file.hashed.blob.size.bytes();
            } else {
                body.truncate(before);
            }
        }
        Ok::<_, HashError>(Frames { body: body.into(), files, bytes })
    });
    Ok(framed.await?)
}

/// Appends the bytes of a file; `false` when it is another one than was hashed. Whether its bytes are
/// the same the server sees, which hashes them anyway; what it refuses is sent alone, and that tells
/// a file that changed.
fn append(file: &ToSend, body: &mut Vec<u8>) -> Result<bool, HashError> {
    let reading = |source| HashError::reading(&file.path, source);
    let (size, from) = (file.hashed.blob.size.bytes(), body.len());
    let source = std::fs::File::open(&file.path).map_err(reading)?;
    if Fingerprint::of(&source.metadata().map_err(reading)?) != file.hashed.fingerprint {
        return Ok(false);
    }
    // A byte more shows that it grew meanwhile.
    source.take(size + 1).read_to_end(body).map_err(reading)?;
    Ok((body.len() - from) as u64 == size)
}

/// What the answer says of these frames.
fn fates(
    blobs: impl Iterator<Item = BlobRef>,
    answer: FramesAnswer,
) -> impl Iterator<Item = Packed> {
    let mut told = answer.frames.into_iter();
    blobs.map(move |blob| match told.next() {
        Some(frame) if BlobRef::new(frame.sha256, frame.size) == blob => match frame.fate {
            Fate::Stored => Packed::Sent(Sent::Stored),
            Fate::Had => Packed::Sent(Sent::Claimed),
            Fate::Refused { .. } => Packed::Alone,
        },
        _ => Packed::Alone,
    })
}
