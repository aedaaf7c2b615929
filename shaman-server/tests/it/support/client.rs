//! An HTTP client that sends exactly what it is told.

use std::fmt::Debug;
use std::fmt::Write as _;
use std::io::{BufRead as _, BufReader, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use super::tls;

/// What bytes go through.
trait Line: Read + Write + Debug + Send {}

impl<T: Read + Write + Debug + Send> Line for T {}

#[derive(Debug)]
pub(crate) struct Connection {
    stream: BufReader<Box<dyn Line>>,
    /// The same one, for its time-outs.
    socket: TcpStream,
}

#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    pub(crate) fn text(&self) -> String {
        String::from_utf8(self.body.clone()).unwrap()
    }

    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|_| panic!("no JSON: {}", self.text()))
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, v)| v.as_str())
    }

    /// The sentence of a failure, whose shape is checked on the way.
    pub(crate) fn message(&self) -> String {
        let body = self.json();
        assert_eq!(body["code"], self.status, "the body repeats the status");
        let message = body["message"].as_str().unwrap().to_owned();
        assert!(message.len() > 10, "{message:?} says something");
        message
    }
}

impl Connection {
    pub(crate) fn to(address: &str) -> Self {
        Self::by(address, |socket| Box::new(socket))
    }

    /// Speaks HTTP/1.1 within TLS.
    pub(crate) fn secure(address: &str) -> Self {
        Self::by(address, |socket| Box::new(tls::shake(socket, &[b"http/1.1"])))
    }

    fn by(address: &str, line: impl FnOnce(TcpStream) -> Box<dyn Line>) -> Self {
        let socket = TcpStream::connect(address).unwrap();
        socket.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
        let stream = BufReader::new(line(socket.try_clone().unwrap()));
        Self { stream, socket }
    }

    pub(crate) fn raw(&mut self, bytes: &[u8]) -> std::io::Result<()> {
        self.stream.get_mut().write_all(bytes)
    }

    /// Sends the head with a Content-Length (unless the test gives its own framing), then the body.
    pub(crate) fn send(
        &mut self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> Answer {
        self.head(method, path, headers, Some(body.len()));
        self.raw(body).unwrap();
        self.answer()
    }

    pub(crate) fn head(
        &mut self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        length: Option<usize>,
    ) {
        let mut head = format!("{method} {path} HTTP/1.1\r\nHost: test\r\n");
        for (name, value) in headers {
            write!(head, "{name}: {value}\r\n").unwrap();
        }
        if let Some(length) = length {
            write!(head, "Content-Length: {length}\r\n").unwrap();
        }
        head.push_str("\r\n");
        self.raw(head.as_bytes()).unwrap();
    }

    pub(crate) fn answer(&mut self) -> Answer {
        self.try_answer().expect("an answer")
    }

    pub(crate) fn try_answer(&mut self) -> std::io::Result<Answer> {
        let mut answer = self.try_head_answer()?;
        if answer.header("transfer-encoding") == Some("chunked") {
            while self.chunk(&mut answer.body)? {}
            return Ok(answer);
        }
        let length = answer.header("content-length").map_or(0, |value| value.parse().unwrap());
        answer.body = vec![0; length];
        self.stream.read_exact(&mut answer.body)?;
        Ok(answer)
    }

    /// Appends the next piece of a body; `false`: that was the end.
    fn chunk(&mut self, body: &mut Vec<u8>) -> std::io::Result<bool> {
        let mut line = String::new();
        self.stream.read_line(&mut line)?;
        let length = usize::from_str_radix(line.trim_end(), 16).map_err(std::io::Error::other)?;
        let before = body.len();
        // Behind each stands the end of its line.
        body.resize(before + length + 2, 0);
        self.stream.read_exact(&mut body[before..])?;
        body.truncate(before + length);
        Ok(length > 0)
    }

    /// The head of an answer, which has no body or one that the test reads itself.
    pub(crate) fn head_answer(&mut self) -> Answer {
        self.try_head_answer().expect("an answer")
    }

    fn try_head_answer(&mut self) -> std::io::Result<Answer> {
        let mut line = String::new();
        self.stream.read_line(&mut line)?;
        let status = line
            .split_ascii_whitespace()
            .nth(1)
            .and_then(|status| status.parse().ok())
            .ok_or_else(|| std::io::Error::other(format!("no status line: {line:?}")))?;
        let mut headers = Vec::new();
        loop {
            let mut line = String::new();
            self.stream.read_line(&mut line)?;
            let Some((name, value)) = line.trim_end().split_once(':') else {
                break;
            };
            headers.push((name.to_owned(), value.trim().to_owned()));
        }
        Ok(Answer { status, headers, body: Vec::new() })
    }

    /// The next line, without its end; `None`: there is none.
    pub(crate) fn line(&mut self) -> Option<String> {
        let mut line = String::new();
        let read = self.stream.read_line(&mut line).unwrap();
        (read > 0).then(|| line.trim_end().to_owned())
    }

    /// Says whether the server ends the connection within this time, whatever it says before.
    pub(crate) fn ends_within(&mut self, time: Duration) -> bool {
        self.socket.set_read_timeout(Some(time)).unwrap();
        self.stream.read_to_end(&mut Vec::new()).is_ok()
    }

    /// Says whether the server has closed the connection.
    pub(crate) fn is_closed(&mut self) -> bool {
        let mut byte = [0];
        matches!(self.stream.read(&mut byte), Ok(0) | Err(_))
    }
}
