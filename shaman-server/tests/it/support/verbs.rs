//! The server's verbs without the server, with a clock that is set.

use std::path::Path;
use std::time::SystemTime;

use shaman_server::index::Index;
use shaman_server::ops::{Begun, Limits, Ops};
use shaman_server::store::Store;

use super::Blob;

/// Opens storage and index of a folder.
pub(crate) fn opened(folder: &Path, limits: Limits, clock: fn() -> SystemTime) -> Ops {
    let now = clock().duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs();
    let (store, _) = Store::open(&folder.join("storage"), now).unwrap();
    let index = Index::open(&folder.join("state"), None).unwrap();
    let ops = Ops::new(store, index, None, limits, clock);
    ops.reindex(|| true).unwrap();
    ops
}

/// Uploads a blob unless it is there.
pub(crate) fn upload(ops: &Ops, blob: &Blob) {
    if let Begun::Receiving(mut upload) = ops.begin_upload(blob.named()).unwrap() {
        upload.write(&blob.bytes).unwrap();
        ops.finish_upload(upload).unwrap();
    }
}
