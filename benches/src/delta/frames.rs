//! Where the frames of a zstd file end.

use anyhow::Context as _;

/// A zstd file frame by frame, skippable ones too; `None`: it is none.
pub(super) fn split(bytes: &[u8]) -> Option<Vec<&[u8]>> {
    if !bytes.starts_with(&[0x28, 0xb5, 0x2f, 0xfd]) {
        return None;
    }
    let (mut frames, mut left) = (Vec::new(), bytes);
    while !left.is_empty() {
        let end = len(left).ok().filter(|end| *end <= left.len())?;
        let (frame, rest) = left.split_at(end);
        frames.push(frame);
        left = rest;
    }
    Some(frames)
}

fn len(bytes: &[u8]) -> anyhow::Result<usize> {
    let at = |from: usize, count: usize| -> anyhow::Result<usize> {
        let some = bytes.get(from..from + count).context("it ends early")?;
        Ok(some.iter().rev().fold(0, |number, byte| number << 8 | usize::from(*byte)))
    };
    if at(1, 3)? == 0x18_4d_2a {
        return Ok(8 + at(4, 4)?);
    }
    let descriptor = at(4, 1)?;
    let is_single = descriptor & 0x20 != 0;
    let dictionary = [0, 1, 2, 4][descriptor & 3];
    let length = [usize::from(is_single), 2, 4, 8][descriptor >> 6];
    let mut end = 5 + usize::from(!is_single) + dictionary + length;
    loop {
        let head = at(end, 3)?;
        end += 3 + if (head >> 1) & 3 == 1 { 1 } else { head >> 3 };
        if head & 1 != 0 {
            return Ok(end + if descriptor & 4 != 0 { 4 } else { 0 });
        }
    }
}
