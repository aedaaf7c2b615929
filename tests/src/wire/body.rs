//! The body of a message, in whatever framing its head announces.

use std::io::{self, BufRead, Read};

use super::Head;

/// How the end of a body is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Framing {
    /// By this many bytes.
    Length(u64),
    /// By a chunk of size 0.
    Chunked,
    /// By the end of the connection; only answers may.
    UntilClose,
}

impl Framing {
    /// Of a request: nothing announced is nothing sent.
    pub fn of_request(head: &Head) -> io::Result<Self> {
        Ok(Self::announced(head)?.unwrap_or(Self::Length(0)))
    }

    /// Of an answer with this status to this method.
    pub fn of_answer(head: &Head, method: &str, status: u16) -> io::Result<Self> {
        if method == "HEAD" || status < 200 || matches!(status, 204 | 304) {
            return Ok(Self::Length(0));
        }
        Ok(Self::announced(head)?.unwrap_or(Self::UntilClose))
    }

    fn announced(head: &Head) -> io::Result<Option<Self>> {
        if head.says("Transfer-Encoding", "chunked") {
            return Ok(Some(Self::Chunked));
        }
        let Some(length) = head.text("Content-Length") else { return Ok(None) };
        let length = length.parse().map_err(|_| broken("the length of the body is no number"))?;
        Ok(Some(Self::Length(length)))
    }
}

/// Reads a body to its end and not a byte further.
#[derive(Debug)]
pub struct Body<'a, R> {
    from: &'a mut R,
    framing: Framing,
    /// Of the body, or of the chunk.
    left_bytes: u64,
    inside_chunk: bool,
    ended: bool,
}

impl<'a, R: BufRead> Body<'a, R> {
    /// The body that begins where `from` stands.
    pub fn new(from: &'a mut R, framing: Framing) -> Self {
        let left_bytes = if let Framing::Length(bytes) = framing { bytes } else { 0 };
        Self {
            from,
            framing,
            left_bytes,
            inside_chunk: false,
            ended: framing == Framing::Length(0),
        }
    }

    /// Whether everything was read.
    pub fn ended(&self) -> bool {
        self.ended
    }

    /// How much is still to come, if that was announced.
    pub fn left_bytes(&self) -> Option<u64> {
        matches!(self.framing, Framing::Length(_)).then_some(self.left_bytes)
    }

    fn next_chunk(&mut self) -> io::Result<()> {
        if self.inside_chunk && !self.line()?.is_empty() {
            return Err(broken("no line break after a chunk"));
        }
        let line = self.line()?;
        let size = line.split(';').next().unwrap_or_default().trim();
        self.left_bytes =
            u64::from_str_radix(size, 16).map_err(|_| broken("no size of a chunk"))?;
        self.inside_chunk = true;
        if self.left_bytes == 0 {
            while !self.line()?.is_empty() {}
            self.ended = true;
        }
        Ok(())
    }

    fn line(&mut self) -> io::Result<String> {
        let mut line = String::new();
        self.from.read_line(&mut line)?;
        let text = line.strip_suffix('\n').ok_or(io::ErrorKind::UnexpectedEof)?;
        Ok(text.strip_suffix('\r').unwrap_or(text).to_owned())
    }
}

impl<R: BufRead> Read for Body<'_, R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        if self.framing == Framing::Chunked && self.left_bytes == 0 && !self.ended {
            self.next_chunk()?;
        }
        if self.ended || into.is_empty() {
            return Ok(0);
        }
        if self.framing == Framing::UntilClose {
            let read = self.from.read(into)?;
            self.ended = read == 0;
            return Ok(read);
        }
        let most = into.len().min(usize::try_from(self.left_bytes).unwrap_or(usize::MAX));
        let read = self.from.read(into.get_mut(..most).unwrap_or_default())?;
        if read == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        self.left_bytes -= read as u64;
        self.ended = self.left_bytes == 0 && self.framing != Framing::Chunked;
        Ok(read)
    }
}

fn broken(what: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what)
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use super::{Body, Framing};

    #[test]
    fn chunks_are_read_to_their_end_and_no_further() {
        let mut from = b"3\r\nabc\r\nA;x=y\r\n0123456789\r\n0\r\nTrailer: t\r\n\r\nnext".as_slice();
        let mut text = String::new();
        Body::new(&mut from, Framing::Chunked).read_to_string(&mut text).unwrap();
        assert_eq!((text.as_str(), from), ("abc0123456789", b"next".as_slice()));
    }

    #[test]
    fn a_body_that_is_shorter_than_announced_is_an_error() {
        let mut bytes = Vec::new();
        assert!(
            Body::new(&mut b"abc".as_slice(), Framing::Length(4)).read_to_end(&mut bytes).is_err()
        );
        assert!(
            Body::new(&mut b"4\r\nabc".as_slice(), Framing::Chunked)
                .read_to_end(&mut bytes)
                .is_err()
        );
    }
}
