//! `Cutter`: a stream of bytes → chunks, cut by what it contains (`FastCDC`, as of 2020).
//!
//! Where a chunk ends depends on the bytes around that place and on nothing else: behind a change in
//! the middle of a file the cuts are soon the same as before, wherever they lie then. Client and
//! server cut alike, so that their chunks have the same names.

use std::fmt;

use fastcdc::v2020::FastCDC;

use crate::limits::CHUNK_BYTES_MAX;

/// No cut before so many bytes.
const MIN: usize = 8 << 10;

/// Bytes of a chunk, about; chosen by measurement, see `docs/internals/delta.md`. Another number is
/// another set of chunks: old rows of an index find nothing any more.
const AVERAGE: usize = 32 << 10;

/// A cut at the latest after so many bytes.
const MAX: usize = 128 << 10;

const _: () = assert!(MAX <= CHUNK_BYTES_MAX as usize);

/// Cuts a stream. Holds at most one chunk and what was pushed last.
pub struct Cutter {
    sizes: [usize; 3],
    held: Vec<u8>,
}

impl Default for Cutter {
    fn default() -> Self {
        Self::with_sizes(MIN, AVERAGE, MAX)
    }
}

impl Cutter {
    /// Bytes of a chunk, about.
    pub const CHUNK_BYTES: u64 = AVERAGE as u64;

    /// Cuts into chunks of other sizes than everybody else: for measurements.
    pub fn with_sizes(min: usize, average: usize, max: usize) -> Self {
        Self { sizes: [min, average, max], held: Vec::new() }
    }

    /// Takes the next bytes, and hands on the chunks that end in them.
    pub fn push(&mut self, bytes: &[u8], mut each: impl FnMut(&[u8])) {
        self.held.extend_from_slice(bytes);
        let mut from = 0;
        // Less than the longest chunk may still be cut elsewhere.
        while let Some(left) = self.held.get(from..).filter(|left| left.len() >= self.max()) {
            let end = self.first(left);
            each(&left[..end]);
            from += end;
        }
        self.held.drain(..from);
    }

    /// There is no more: hands on the chunks that are left.
    pub fn finish(self, mut each: impl FnMut(&[u8])) {
        let mut left = self.held.as_slice();
        while !left.is_empty() {
            let (chunk, rest) = left.split_at(self.first(left));
            each(chunk);
            left = rest;
        }
    }

    fn max(&self) -> usize {
        self.sizes[2]
    }

    /// Where the first chunk ends.
    fn first(&self, bytes: &[u8]) -> usize {
        let [min, average, max] = self.sizes;
        let bytes = &bytes[..bytes.len().min(self.max())];
        let (_, end) = FastCDC::new(bytes, min, average, max).cut(0, bytes.len());
        end
    }
}

impl fmt::Debug for Cutter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cutter").field("held", &self.held.len()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use proptest::prelude::*;

    use super::*;

    /// Bytes that look random and are the same in every run.
    fn noise(count: usize, mut seed: u64) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(count + 8);
        while bytes.len() < count {
            // SplitMix64.
            seed = seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
            let mut word = seed;
            word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            bytes.extend_from_slice(&(word ^ (word >> 31)).to_le_bytes());
        }
        bytes.truncate(count);
        bytes
    }

    fn cut<'a>(pieces: impl IntoIterator<Item = &'a [u8]>) -> Vec<Vec<u8>> {
        let (mut cutter, mut chunks) = (Cutter::default(), Vec::new());
        for piece in pieces {
            cutter.push(piece, |chunk| chunks.push(chunk.to_vec()));
        }
        cutter.finish(|chunk| chunks.push(chunk.to_vec()));
        chunks
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(40))]
        #[test]
        fn cuts_are_the_same_whatever_pieces_the_stream_came_in(
            length in 0..1_500_000_usize,
            seed in any::<u64>(),
            cuts in prop::collection::vec(any::<usize>(), 0..20),
        ) {
            let bytes = noise(length, seed);
            let mut cuts: Vec<usize> = cuts.iter().map(|at| at % (length + 1)).collect();
            cuts.extend([0, length]);
            cuts.sort_unstable();
            let pieces = cuts.windows(2).map(|pair| &bytes[pair[0]..pair[1]]);
            let chunks = cut(pieces);
            prop_assert_eq!(&chunks, &cut([bytes.as_slice()]));
            prop_assert_eq!(chunks.concat(), bytes);
        }
    }

    #[test]
    fn no_chunk_is_longer_than_the_limit_also_where_nothing_says_cut() {
        let chunks = cut([vec![0; 3_000_000].as_slice()]);
        assert!(chunks.iter().all(|chunk| chunk.len() <= MAX));
        let chunks = cut([noise(3_000_000, 1).as_slice()]);
        let (last, others) = chunks.split_last().unwrap();
        assert!(others.iter().all(|chunk| (MIN..=MAX).contains(&chunk.len())));
        assert!(last.len() <= MAX);
        assert!(cut([b"".as_slice()]).is_empty());
    }

    #[test]
    fn behind_a_change_the_chunks_are_soon_the_same_again() {
        let before = noise(8 << 20, 7);
        let mut after = before.clone();
        let at = 3_000_000;
        after.splice(at..at, *b"something more");
        let known: HashSet<Vec<u8>> = cut([before.as_slice()]).into_iter().collect();
        let new: usize = cut([after.as_slice()])
            .iter()
            .filter(|chunk| !known.contains(*chunk))
            .map(Vec::len)
            .sum();
        assert!(new <= 2 * MAX, "{new}");
    }

    #[test]
    fn cuts_do_not_change_from_version_to_version() {
        // They are written down in indexes, and old clients talk to new servers.
        let bytes = noise(1 << 20, 42);
        let lengths: Vec<usize> = cut([bytes.as_slice()]).iter().map(Vec::len).collect();
        assert_eq!(
            lengths,
            [
                45_875, 21_285, 15_390, 33_878, 10_367, 77_160, 9_688, 33_781, 71_885, 37_992,
                53_751, 39_718, 50_931, 11_927, 34_240, 83_077, 32_842, 22_372, 30_433, 43_499,
                37_292, 46_807, 36_718, 39_897, 34_865, 16_093, 35_223, 11_940, 21_637, 8_013
            ]
        );
    }
}
