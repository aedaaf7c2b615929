//! What both sides agree on: names of blobs, paths, manifests and wire shapes.
//!
//! No IO, no clock, no runtime. Everything from outside becomes one of these types at the edge;
//! holding one means that it was checked, and nobody checks it again.

mod blob_ref;
mod bytes;
mod checkout_path;
mod chunk;
mod cut;
mod digest;
mod duration;
mod file_path;
mod finding;
pub mod headers;
mod job_name;
pub mod limits;
mod lookalikes;
mod manifest;
mod mounts;
mod size;
mod status;
pub mod wire;

pub use blob_ref::{BlobRef, BlobRefError};
pub use bytes::{BytesError, parse_bytes};
pub use checkout_path::{CheckoutPath, CheckoutPathError};
pub use chunk::{Chunk, ChunkHasher, ChunkLength, ChunkLengthError, ChunkName};
pub use cut::Cutter;
pub use digest::{Digest, DigestError};
pub use duration::{DurationError, parse_duration};
pub use file_path::{FilePath, FilePathError};
pub use finding::{Finding, Health};
pub use lookalikes::{fold, lookalikes};
pub use manifest::{MANIFEST_FILE, MANIFEST_FORMAT, Manifest, ManifestEntry, ManifestError};
pub use mounts::{Mount, MountUser, mount_of};
pub use size::{BlobSize, SizeError};
pub use status::BlobStatus;
