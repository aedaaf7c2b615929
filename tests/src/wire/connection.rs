//! A client's connection, used as Python's `http.client` under urllib3 2.2.3 uses it.

use std::io::{self, BufRead, BufReader, Read as _, Write as _};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::time::Duration;

use super::{Body, Framing, Head};

/// `http.client` gives up on an answer with more fields.
const FIELDS_MAX: usize = 100;

/// An answer, read to its end.
#[derive(Debug, Clone)]
pub struct Answer {
    /// The number in the status line.
    pub status: u16,
    /// Its status line and fields.
    pub head: Head,
    /// Whole.
    pub body: Vec<u8>,
}

/// A client's end; closed when dropped.
#[derive(Debug)]
pub struct Connection {
    stream: TcpStream,
    reader: BufReader<TcpStream>,
    used: bool,
}

impl Connection {
    /// Fails when a piece takes longer than this: the original waits for ever, a test should end.
    pub fn open(host: &str, port: u16, patience: Duration) -> io::Result<Self> {
        let stream = TcpStream::connect((host, port))?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(patience))?;
        stream.set_write_timeout(Some(patience))?;
        Ok(Self { reader: BufReader::new(stream.try_clone()?), stream, used: false })
    }

    /// Whether a request went over it before.
    pub fn used(&self) -> bool {
        self.used
    }

    /// Whether it can't be used again: urllib3 looks whether there is something to read, be it the
    /// end or bytes that nobody asked for.
    pub fn is_dropped(&self) -> bool {
        let peek = || {
            self.stream.set_nonblocking(true)?;
            let seen = self.stream.peek(&mut [0]);
            self.stream.set_nonblocking(false)?;
            seen
        };
        !self.reader.buffer().is_empty()
            || peek().map_or_else(|error| error.kind() != io::ErrorKind::WouldBlock, |_| true)
    }

    /// Sends the head, then the body, each at once.
    ///
    /// As urllib3 does, it goes on to read when the server has closed its side meanwhile: an answer
    /// may be there already.
    pub fn send(&mut self, head: &[u8], body: &[u8]) -> io::Result<()> {
        self.used = true;
        match self.stream.write_all(head).and_then(|()| self.stream.write_all(body)) {
            Err(error)
                if !matches!(
                    error.kind(),
                    io::ErrorKind::BrokenPipe | io::ErrorKind::ConnectionReset
                ) =>
            {
                Err(error)
            }
            _ => Ok(()),
        }
    }

    /// What comes next, unread by [`Self::receive`]: an upgraded connection is its user's.
    pub fn incoming(&mut self) -> &mut impl BufRead {
        &mut self.reader
    }

    /// Reads the answer, and says whether the connection may be kept.
    ///
    /// 100 is passed over; `http.client` takes every other 1xx for the answer itself.
    pub fn receive(&mut self, method: &str) -> io::Result<(Answer, bool)> {
        let (head, status) = loop {
            let head = Head::read(&mut self.reader)?.ok_or(io::ErrorKind::UnexpectedEof)?;
            let status = status(&head)?;
            if status != 100 {
                break (head, status);
            }
        };
        if head.fields.len() > FIELDS_MAX {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "got more than 100 headers"));
        }
        let framing = Framing::of_answer(&head, method, status)?;
        let mut body = Vec::new();
        Body::new(&mut self.reader, framing).read_to_end(&mut body)?;
        let keep = framing != Framing::UntilClose
            && head.first_line.starts_with("HTTP/1.1")
            && !head.says("Connection", "close");
        Ok((Answer { status, head, body }, keep))
    }
}

impl Answer {
    /// The body as text; bytes that aren't UTF-8 become U+FFFD.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        drop(self.stream.shutdown(Shutdown::Both));
    }
}

fn status(head: &Head) -> io::Result<u16> {
    let mut words = head.first_line.split(' ');
    let protocol = words.next().is_some_and(|word| word.starts_with("HTTP/1."));
    let status = words.next().and_then(|word| word.parse().ok()).filter(|_| protocol);
    status.ok_or_else(|| io::Error::new(io::ErrorKind::InvalidData, "no status line"))
}

/// One request over a connection of its own, with `Host` and, if there is a body, its length.
pub fn ask(
    address: SocketAddr,
    method: &str,
    target: &str,
    fields: &[(&str, &str)],
    body: &[u8],
) -> io::Result<Answer> {
    let mut head = format!("{method} {target} HTTP/1.1\r\nHost: {address}\r\n");
    for (name, value) in fields {
        head.push_str(&[name, ": ", value, "\r\n"].concat());
    }
    if !body.is_empty() {
        head.push_str(&["Content-Length: ", &body.len().to_string(), "\r\n"].concat());
    }
    head.push_str("\r\n");
    let mut connection =
        Connection::open(&address.ip().to_string(), address.port(), Duration::from_mins(2))?;
    connection.send(head.as_bytes(), body)?;
    connection.receive(method).map(|(answer, _)| answer)
}
