//! A body that comes as it is → an upload: one piece is written and hashed while the next one comes
//! in.

use axum::body::Body;
use bytes::Bytes;

use super::Shared;
use super::body::next_piece;
use super::failure::Failure;
use crate::ops::{Upload, UploadError};

/// Writes the body to its upload, but for the last piece, which it gives back for the thread that
/// ends the upload. A failure of the network or the disk ends both.
pub(super) async fn receive(
    shared: &Shared,
    mut upload: Box<Upload>,
    body: &mut Body,
) -> Result<(Box<Upload>, Vec<Bytes>), Failure> {
    let mut piece = next_piece(body, shared.ops.piece_bytes()).await?;
    while !piece.is_last {
        let frames = piece.frames;
        let coming = next_piece(body, shared.ops.piece_bytes());
        if upload.is_large() {
            let (mut hasher, hashed) = (upload.take_hasher(), frames.clone());
            let hashing = async {
                let hash = move |_: &_| {
                    for frame in &hashed {
                        hasher.update(frame);
                    }
                    hasher
                };
                shared.run(hash).await
            };
            let writing = async {
                let write = move |_: &_| {
                    frames.iter().try_for_each(|frame| upload.write_unhashed(frame))?;
                    Ok::<_, UploadError>(upload)
                };
                Ok(shared.run(write).await??)
            };
            let hasher;
            (hasher, upload, piece) = tokio::try_join!(hashing, writing, coming)?;
            upload.return_hasher(hasher);
        } else {
            let writing = async { Ok(shared.run(move |_| write(upload, &frames)).await??) };
            (upload, piece) = tokio::try_join!(writing, coming)?;
        }
    }
    Ok((upload, piece.frames))
}

/// Writes and hashes frames.
pub(super) fn write(mut upload: Box<Upload>, frames: &[Bytes]) -> Result<Box<Upload>, UploadError> {
    frames.iter().try_for_each(|frame| upload.write(frame))?;
    Ok(upload)
}
