//! `Framing`: pieces of a body → frames.

use super::blobs::{NAME_BYTES, decode_name};
use crate::limits::FRAME_BYTES_MAX;
use crate::{BlobRef, SizeError};

/// A name, and as many bytes as it says. Whether they are that blob is for the reader to see.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frame {
    /// The name.
    pub blob: BlobRef,
    /// All of its bytes.
    pub bytes: Vec<u8>,
}

/// What the pieces so far end in.
#[derive(Debug)]
enum Within {
    /// A name, of which these bytes came.
    Name(Vec<u8>),
    /// The bytes of a frame.
    Bytes(Frame),
    /// So many more bytes of a frame that was too large.
    TooLarge(u64),
}

/// What was taken out of pieces.
#[derive(Debug)]
pub enum Framed {
    /// A whole frame.
    Whole(Frame),
    /// One that is larger than [`FRAME_BYTES_MAX`]; its bytes are passed over.
    TooLarge(BlobRef),
}

/// Takes frames out of pieces of a body. Holds one frame at most.
#[derive(Debug)]
pub struct Framing {
    within: Within,
}

impl Default for Framing {
    fn default() -> Self {
        Self { within: Within::Name(Vec::new()) }
    }
}

impl Framing {
    /// The next frame that ends in this piece; `None` when the piece is used up. After an error,
    /// which is a name that no blob has, nobody knows where the next frame begins.
    pub fn next(&mut self, piece: &mut &[u8]) -> Result<Option<Framed>, SizeError> {
        loop {
            match &mut self.within {
                Within::Name(bytes) => {
                    take(piece, bytes, NAME_BYTES);
                    let Ok(name) = <&[u8; NAME_BYTES]>::try_from(bytes.as_slice()) else {
                        return Ok(None);
                    };
                    let blob = decode_name(name)?;
                    if blob.size.bytes() > FRAME_BYTES_MAX {
                        self.within = Within::TooLarge(blob.size.bytes());
                        return Ok(Some(Framed::TooLarge(blob)));
                    }
                    let bytes = Vec::with_capacity(size_of(&blob));
                    self.within = Within::Bytes(Frame { blob, bytes });
                }
                Within::Bytes(frame) => {
                    let size = size_of(&frame.blob);
                    take(piece, &mut frame.bytes, size);
                    if frame.bytes.len() < size {
                        return Ok(None);
                    }
                    let whole = std::mem::replace(&mut self.within, Within::Name(Vec::new()));
                    let Within::Bytes(frame) = whole else { return Ok(None) };
                    return Ok(Some(Framed::Whole(frame)));
                }
                Within::TooLarge(left) => {
                    let passed = piece.len().min(usize::try_from(*left).unwrap_or(usize::MAX));
                    *piece = &piece[passed..];
                    *left -= passed as u64;
                    if *left > 0 {
                        return Ok(None);
                    }
                    self.within = Within::Name(Vec::new());
                }
            }
        }
    }

    /// Says whether a frame ends here.
    pub fn is_between(&self) -> bool {
        matches!(&self.within, Within::Name(bytes) if bytes.is_empty())
    }
}

/// The size of a blob that is not larger than a frame.
fn size_of(blob: &BlobRef) -> usize {
    usize::try_from(blob.size.bytes()).expect("a frame fits into memory")
}

/// Moves bytes over until there are `wanted`.
fn take(piece: &mut &[u8], into: &mut Vec<u8>, wanted: usize) {
    let (taken, rest) = piece.split_at(piece.len().min(wanted - into.len()));
    into.extend_from_slice(taken);
    *piece = rest;
}

#[cfg(test)]
mod tests {
    use super::super::blobs::encode_name;
    use super::*;
    use crate::{BlobSize, Digest};
    use proptest::prelude::*;

    fn named(size: usize) -> BlobRef {
        BlobRef::new(Digest::from_bytes([3; 32]), BlobSize::new(size as u64).unwrap())
    }

    fn cut(body: &[u8], cuts: &[usize]) -> (Vec<Framed>, Framing, Result<(), SizeError>) {
        let mut framing = Framing::default();
        let mut frames = Vec::new();
        let mut cuts: Vec<usize> = cuts.iter().map(|cut| cut % (body.len() + 1)).collect();
        cuts.extend([0, body.len()]);
        cuts.sort_unstable();
        for pair in cuts.windows(2) {
            let mut piece = &body[pair[0]..pair[1]];
            loop {
                match framing.next(&mut piece) {
                    Ok(Some(frame)) => frames.push(frame),
                    Ok(None) => break,
                    Err(error) => return (frames, framing, Err(error)),
                }
            }
            assert!(piece.is_empty());
        }
        (frames, framing, Ok(()))
    }

    proptest! {
        #[test]
        fn frames_are_the_same_however_the_body_is_cut(
            blobs in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..100), 0..8),
            cuts in prop::collection::vec(any::<usize>(), 0..12),
        ) {
            let mut body = Vec::new();
            for bytes in &blobs {
                body.extend_from_slice(&encode_name(&named(bytes.len())));
                body.extend_from_slice(bytes);
            }
            let (frames, framing, ended) = cut(&body, &cuts);
            prop_assert!(ended.is_ok() && framing.is_between());
            let got: Vec<Vec<u8>> = frames.into_iter().map(|frame| match frame {
                Framed::Whole(frame) => frame.bytes,
                Framed::TooLarge(blob) => panic!("{blob}"),
            }).collect();
            prop_assert_eq!(got, blobs);
        }

        #[test]
        fn any_bytes_end_somewhere(
            body in prop::collection::vec(any::<u8>(), 0..300),
            cuts in prop::collection::vec(any::<usize>(), 0..12),
        ) {
            drop(cut(&body, &cuts));
        }
    }

    #[test]
    fn a_frame_that_is_too_large_is_passed_over() {
        let size = usize::try_from(FRAME_BYTES_MAX).unwrap() + 1;
        let mut body = encode_name(&named(size)).to_vec();
        body.resize(NAME_BYTES + size, 0);
        body.extend_from_slice(&encode_name(&named(2)));
        body.extend_from_slice(b"ab");
        let (frames, framing, ended) = cut(&body, &[50, 900_000]);
        assert!(ended.is_ok() && framing.is_between());
        let [Framed::TooLarge(_), Framed::Whole(frame)] = &frames[..] else { panic!("{frames:?}") };
        assert_eq!(frame.bytes, b"ab");
    }
}
