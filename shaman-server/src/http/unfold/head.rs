//! Heads: where one ends, and its lines put together.

use bytes::{BufMut as _, BytesMut};

/// Looks for the end of a head, from where it stopped looking.
#[derive(Debug, Default)]
pub(super) struct Scan {
    /// Start of the line that is being looked at.
    line: usize,
    /// Whole lines so far.
    lines: usize,
    /// How far that line was looked at.
    looked: usize,
    /// A line continues the one before.
    is_folded: bool,
}

/// What a scan found.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Found {
    /// The head has so many bytes, with the empty line that ends it.
    End(usize),
    /// No end yet.
    Nothing,
}

impl Scan {
    /// Looks at bytes of which those seen before have not changed.
    pub(super) fn find_end(&mut self, bytes: &[u8]) -> Found {
        while let Some(at) = bytes[self.looked..].iter().position(|byte| *byte == b'\n') {
            let end = self.looked + at;
            let line = &bytes[self.line..end];
            if matches!(line, [] | [b'\r']) {
                return Found::End(end + 1);
            }
            self.is_folded |= continues(self.lines, line);
            self.lines += 1;
            self.line = end + 1;
            self.looked = end + 1;
        }
        self.looked = bytes.len();
        Found::Nothing
    }

    /// Gives the head with each continued line on one line, as RFC 9112 section 5.2 asks of a
    /// server: line end and indentation become one space.
    pub(super) fn unfold(&self, head: BytesMut) -> BytesMut {
        if !self.is_folded {
            return head;
        }
        let mut out = BytesMut::with_capacity(head.len());
        for (number, line) in head.split_inclusive(|byte| *byte == b'\n').enumerate() {
            if !continues(number, line) {
                out.put_slice(line);
                continue;
            }
            let ending = if out.ends_with(b"\r\n") { 2 } else { 1 };
            out.truncate(out.len() - ending);
            out.put_u8(b' ');
            let text = line.iter().position(|byte| !matches!(byte, b' ' | b'\t')).unwrap_or(0);
            out.put_slice(&line[text..]);
        }
        out
    }
}

/// Says whether a line continues the one before. The request line and what follows it directly
/// cannot: there is no header yet that could be continued, and the parser refuses it.
fn continues(number: usize, line: &[u8]) -> bool {
    number >= 2 && matches!(line, [b' ' | b'\t', ..])
}
