//! Whether it pays to compress a file on its way.

use std::fs::File;
use std::io::{self, Read as _, Seek as _, SeekFrom};
use std::path::Path;
use std::time::Instant;

/// How hard zstd tries; more costs time and gains little on what a project is made of.
pub(super) const LEVEL: i32 = 3;

/// Bytes of a file that are tried.
const SAMPLE_BYTES: usize = 512 << 10;

/// How often.
const TRIES: u32 = 3;

/// What must be left of them at most. Pictures, and the .blend files that Blender compresses, stay
/// above that.
const LEFT_MAX: f64 = 0.85;

/// The line must be slower than zstd by this.
const SLOWER: f64 = 0.8;

/// Tries a piece out of the middle, and says whether the whole goes faster compressed over a line
/// with this rate, in bytes a second. Waits for the disk.
pub(super) fn pays(path: &Path, size: u64, rate: f64) -> io::Result<bool> {
    let mut file = File::open(path)?;
    file.seek(SeekFrom::Start(size / 3))?;
    let mut sample = Vec::with_capacity(SAMPLE_BYTES);
    file.take(SAMPLE_BYTES as u64).read_to_end(&mut sample)?;
    if sample.is_empty() {
        return Ok(false);
    }
    // The quickest try: what else ran meanwhile says nothing of zstd.
    let (mut seconds, mut left) = (f64::INFINITY, 0);
    for _ in 0..TRIES {
        let began = Instant::now();
        left = zstd::bulk::compress(&sample, LEVEL)?.len();
        seconds = seconds.min(began.elapsed().as_secs_f64()).max(1e-9);
    }
    #[expect(clippy::cast_precision_loss, reason = "half a megabyte")]
    let (all, left) = (sample.len() as f64, left as f64);
    Ok(left / all <= LEFT_MAX && rate < all / seconds * SLOWER)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[expect(clippy::disallowed_methods, reason = "a test makes a file")]
    fn only_what_compresses_well_over_a_slow_line_is_compressed() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a");
        let mut random = fastrand::Rng::with_seed(7);
        let text: Vec<u8> = (0..1 << 20).map(|_| random.u8(0..16)).collect();
        std::fs::write(&path, &text).unwrap();
        let size = text.len() as u64;
        assert!(pays(&path, size, 1e6).unwrap());
        assert!(!pays(&path, size, 1e11).unwrap(), "the line is faster than zstd");
        let noise: Vec<u8> = (0..1 << 20).map(|_| random.u8(..)).collect();
        std::fs::write(&path, noise).unwrap();
        assert!(!pays(&path, size, 1e6).unwrap(), "it does not compress");
    }
}
