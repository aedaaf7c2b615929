//! Every limit of the parser, each with its reason.

/// Most bytes that a file may hold once decompressed: 64 GiB.
///
/// Nothing near it is held in memory, so this bounds time, not space: a few megabytes of zstd can
/// stand for terabytes of zeros, and 64 GiB of them pass in less than a minute. The heaviest
/// production scenes are a few GiB.
pub(super) const PLAIN_BYTES_MAX: u64 = 64 << 30;

/// Most blocks in one file: 16 million, which takes 640 MiB of table.
///
/// A scene with 25,000 data-blocks has half a million.
pub(super) const BLOCKS_MAX: usize = 16 << 20;

/// Blocks up to this many bytes are kept while reading; larger ones are arrays of vertices, pixels
/// or packed files and are only fetched if a rule asks for one.
///
/// The largest struct that Blender writes for a data-block is a scene, with about 8 KiB.
pub(super) const KEPT_BLOCK_BYTES: u64 = 16 << 10;

/// Most bytes of small blocks kept from one file: 1 GiB. Past it they count as large ones.
pub(super) const KEPT_BYTES_MAX: usize = 1 << 30;

/// Most bytes of large blocks fetched from one file: 256 MiB.
///
/// An image strip of 10,000 frames is 2.7 MiB.
pub(super) const FETCHED_BYTES_MAX: u64 = 256 << 20;

/// Most bytes of `DNA1`: 16 MiB. Blender 5.2 writes 135 KiB.
pub(super) const DNA_BYTES_MAX: u64 = 16 << 20;

/// Most structs of one file that are looked at, those looked at twice counted twice: 256 million.
///
/// Lists and arrays may be shared by thousands in a damaged file, so that looking at each of them for
/// each of their users would take days. A scene with half a million blocks takes some three million.
pub(super) const STEPS_MAX: u64 = 256 << 20;
