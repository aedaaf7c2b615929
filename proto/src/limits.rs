//! Every limit of the protocol, each with its reason.

/// Most entries in one list of files (requirements or checkout).
///
/// A heavy production shot has about 40,000 files; ten times that is still a list that a server
/// holds in about 100 MB. Beyond it a request is refused, not cut.
pub const ENTRIES_MAX: usize = 400_000;

/// Most bytes in a JSON body: [`ENTRIES_MAX`] entries with paths of about 500 bytes.
pub const JSON_BODY_BYTES_MAX: usize = 256 << 20;

/// Most bytes of a blob in a frame of `POST /v1/blobs`: it is held in memory until it is verified.
/// From here on a request of its own, which streams, costs less than a hundredth of its time.
pub const FRAME_BYTES_MAX: u64 = 1 << 20;

/// Most bytes of a blob in a frame of `POST /v1/blobs/read`: two of them lie in memory for each
/// answer, as of larger blobs, which come by themselves in pieces of this size.
pub const READ_FRAME_BYTES_MAX: u64 = 256 << 10;

/// Most frames in one body: the answer, which names each of them, has about 10 MB then.
pub const FRAMES_MAX: usize = 100_000;

/// Most bytes in one component of a path: what ext4, XFS, NTFS and most others hold.
pub const COMPONENT_BYTES_MAX: usize = 255;

/// Most bytes in the path of a file inside a checkout.
///
/// Linux takes 4,096 for a whole path; this leaves room for the storage's own path and the
/// checkout's.
pub const FILE_PATH_BYTES_MAX: usize = 2_048;

/// Most bytes in a checkout path; together with [`FILE_PATH_BYTES_MAX`] and 1,024 bytes for the
/// storage they fit into the 4,096 that Linux takes.
pub const CHECKOUT_PATH_BYTES_MAX: usize = 1_000;

/// Most missing blobs that an error message names: enough to see a pattern, short enough to read.
pub const MISSING_NAMED_MAX: usize = 20;

/// From so many bytes on a blob is cut into chunks: for less, asking costs as much as sending.
pub const CUT_BYTES_MIN: u64 = 1 << 20;

/// Most bytes in a chunk: it is held in memory until it is verified.
pub const CHUNK_BYTES_MAX: u32 = 1 << 20;

/// Most chunks in one question: 9 MB, and a file of about 8 GiB. Of larger files one asks twice.
pub const CHUNKS_MAX: usize = 1 << 18;
