//! A file → its chunks, or those of a sample.

use std::fs::File;
use std::io::{self, Read, Seek as _, SeekFrom};
use std::path::Path;

use shaman_proto::{Chunk, Cutter};

/// Bytes read at once.
const PIECE_BYTES: u64 = 1 << 20;

/// Bytes of each place of a sample: about 100 chunks, of which the first and the last are none.
const SAMPLE_BYTES: u64 = 4 << 20;

/// Places of a sample: the beginning, the middle, the end.
const PLACES: u64 = 3;

/// All chunks. Waits for the disk.
pub(super) fn all(path: &Path) -> io::Result<Vec<Chunk>> {
    chunks(File::open(path)?)
}

/// Says whether the sample of a file of this size is all of it.
pub(super) fn samples_all(size: u64) -> bool {
    size <= SAMPLE_BYTES * PLACES
}

/// Chunks of some places of the file: enough to tell whether it resembles another one. Of a small file
/// all of them. Waits for the disk.
pub(super) fn sample(path: &Path, size: u64) -> io::Result<Vec<Chunk>> {
    if samples_all(size) {
        return all(path);
    }
    let mut file = File::open(path)?;
    let mut sample = Vec::new();
    for place in 0..PLACES {
        file.seek(SeekFrom::Start((size - SAMPLE_BYTES) / (PLACES - 1) * place))?;
        let mut some = chunks(file.by_ref().take(SAMPLE_BYTES))?;
        // Where the sample was cut, and not the file.
        some.pop();
        sample.extend(some.into_iter().skip(usize::from(place > 0)));
    }
    Ok(sample)
}

fn chunks(mut bytes: impl Read) -> io::Result<Vec<Chunk>> {
    let (mut cutter, mut chunks) = (Cutter::default(), Vec::new());
    let mut add = |bytes: &[u8]| chunks.push(Chunk::of(bytes).expect("a cutter keeps the limit"));
    let mut piece = Vec::new();
    loop {
        piece.clear();
        if bytes.by_ref().take(PIECE_BYTES).read_to_end(&mut piece)? == 0 {
            break;
        }
        cutter.push(&piece, &mut add);
    }
    cutter.finish(&mut add);
    Ok(chunks)
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    #[expect(clippy::disallowed_methods, reason = "a test makes a file")]
    fn a_sample_is_of_the_same_chunks_as_the_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a");
        let mut random = fastrand::Rng::with_seed(7);
        let bytes: Vec<u8> = std::iter::repeat_with(|| random.u8(..)).take(30 << 20).collect();
        std::fs::write(&path, &bytes).unwrap();
        let known: HashSet<Chunk> = all(&path).unwrap().into_iter().collect();
        let sample = sample(&path, bytes.len() as u64).unwrap();
        let same = sample.iter().filter(|chunk| known.contains(chunk)).count();
        assert!(same > 200 && same + 8 > sample.len(), "{same} of {}", sample.len());
    }
}
