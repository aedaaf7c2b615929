//! A list of files that is too long for a request: it goes as a blob, which may go in parts.

use sha2::{Digest as _, Sha256};
use shaman_proto::wire::blobs::BlobName;
use shaman_proto::wire::checkouts::FileList;
use shaman_proto::{BlobRef, BlobSize, Digest, FilePath, ManifestEntry};

use super::SubmitError;
use crate::api::Api;
use crate::hash::{Fingerprint, Hashed};
use crate::progress::Listener;
use crate::upload::{self, Line, ToSend};

/// Sends the list, and gives its name.
pub(super) async fn send(
    api: &Api,
    blend: Option<FilePath>,
    files: Vec<ManifestEntry>,
    line: &Line,
    progress: &Listener,
) -> Result<BlobName, SubmitError> {
    let bytes = serde_json::to_vec(&FileList { blend, files }).expect("our shapes are JSON");
    let size = BlobSize::new(bytes.len() as u64).expect("what is in memory has a size");
    let blob = BlobRef::new(Digest::from_bytes(Sha256::digest(&bytes).into()), size);
    let fingerprint = Fingerprint { size: size.bytes(), modified_ns: 0, changed_ns: 0, inode: 0 };
    let list = ToSend {
        path: "the list of files".into(),
        name: "the list of files".to_owned(),
        hashed: Hashed { blob, fingerprint },
        bytes: Some(bytes.into()),
    };
    upload::send_alone(api, &list, line, progress).await?;
    Ok(blob.into())
}
