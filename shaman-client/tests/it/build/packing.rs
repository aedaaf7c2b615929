//! The outer layers of a .blend.

use std::io::Write as _;

/// Packs as one gzip file.
pub(crate) fn gzip(plain: &[u8]) -> Vec<u8> {
    let mut out = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    out.write_all(plain).unwrap();
    out.finish().unwrap()
}

/// Packs as zstd frames of so many plain bytes, a skippable frame before each and after the last.
pub(crate) fn zstd_frames(plain: &[u8], frame_bytes: usize) -> Vec<u8> {
    let skippable = |nibble: u8| [0x50 + nibble, 0x2a, 0x4d, 0x18, 3, 0, 0, 0, 1, 2, 3];
    let mut out = Vec::new();
    for (index, part) in (0..16).cycle().zip(plain.chunks(frame_bytes)) {
        out.extend(skippable(index));
        out.extend(zstd::encode_all(part, 3).unwrap());
    }
    out.extend(skippable(14));
    out
}
