//! Something between client and server: it notes what is asked, and gets in the way as a test says.

use std::io::{self, BufReader, Read as _, Write as _};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use crate::wire::{Body, Framing, Head};

/// Bytes passed on at a time.
const PIECE_BYTES: usize = 64 << 10;

/// How long a server may take to notice the end of a connection.
const PATIENCE: Duration = Duration::from_secs(5);

/// A request that came by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    /// `POST /v1/missing`
    pub request: String,
    /// Bytes of its body that came.
    pub body_bytes: u64,
    /// What its `Content-Encoding` says.
    pub encoding: Option<String>,
    /// The status that the client was told; 0 while it is not, or when it never was.
    pub status: u16,
}

/// What to do with a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Deed {
    /// Pass it on.
    Pass,
    /// Read it and answer with this status, as a proxy does that does not like it.
    Refuse(u16),
    /// Pass on so many bytes of its body, and cut both connections.
    CutRequest(usize),
    /// Pass on so many bytes of the answer, its head included, and cut both connections.
    CutAnswer(usize),
    /// Pass it on, with so many bytes of its body a second.
    Slowly(usize),
}

type Rule = Box<dyn Fn(&Head, usize) -> Deed + Send + Sync>;

/// A running one. It goes on until the test is over.
#[derive(Clone)]
pub struct Between {
    /// Where it listens.
    pub url: String,
    seen: Arc<Mutex<Vec<Seen>>>,
    server: SocketAddr,
    rule: Arc<Rule>,
}

impl Between {
    /// Starts one before this server. `rule` gets each request's head, and how many requests with
    /// the same first line came before.
    pub fn start(
        server: SocketAddr,
        rule: impl Fn(&Head, usize) -> Deed + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
        let url = format!("http://{}", listener.local_addr().expect("it listens"));
        let between = Self { url, seen: Arc::default(), server, rule: Arc::new(Box::new(rule)) };
        let running = between.clone();
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let between = running.clone();
                // How a connection ends is what tests look at on the other side.
                thread::spawn(move || drop(between.serve(&stream)));
            }
        });
        between
    }

    /// What came by so far.
    pub fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// How many requests began with this.
    pub fn count(&self, beginning: &str) -> usize {
        self.seen().iter().filter(|seen| seen.request.starts_with(beginning)).count()
    }

    /// Forgets what came by.
    pub fn forget(&self) {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    fn serve(&self, client: &TcpStream) -> io::Result<()> {
        client.set_nodelay(true)?;
        let server = TcpStream::connect(self.server)?;
        server.set_nodelay(true)?;
        let (mut from_client, mut from_server) = (BufReader::new(client), BufReader::new(&server));
        while let Some(head) = Head::read(&mut from_client)? {
            let is_on = self.exchange(&head, &mut from_client, &mut from_server, client, &server);
            if !matches!(is_on, Ok(true)) {
                client.shutdown(Shutdown::Both)?;
                // What it has been given is to be read, as on a line that breaks further away.
                server.shutdown(Shutdown::Write)?;
                server.set_read_timeout(Some(PATIENCE))?;
                return io::copy(&mut &server, &mut io::sink()).map(drop);
            }
        }
        Ok(())
    }

    /// One request and its answer; whether there may be another one.
    fn exchange(
        &self,
        head: &Head,
        from_client: &mut BufReader<&TcpStream>,
        from_server: &mut BufReader<&TcpStream>,
        mut client: &TcpStream,
        mut server: &TcpStream,
    ) -> io::Result<bool> {
        let request = head.first_line.rsplit_once(' ').map_or("", |(request, _)| request);
        let (before, at) = {
            let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
            let before = seen.iter().filter(|seen| seen.request == request).count();
            let encoding = head.text("Content-Encoding");
            seen.push(Seen { request: request.to_owned(), body_bytes: 0, encoding, status: 0 });
            (before, seen.len() - 1)
        };
        let deed = (self.rule)(head, before);
        let framing = Framing::of_request(head)?;
        let mut body = Body::new(from_client, framing);
        if let Deed::Refuse(status) = deed {
            let bytes = io::copy(&mut body, &mut io::sink())?;
            self.note(at, |seen| (seen.body_bytes, seen.status) = (bytes, status));
            write!(client, "HTTP/1.1 {status} X\r\nContent-Length: 8\r\n\r\n<html/>\n")?;
            return Ok(true);
        }
        server.write_all(&head.raw)?;
        let mut left = if let Deed::CutRequest(bytes) = deed { bytes } else { usize::MAX };
        let mut piece = vec![0; PIECE_BYTES];
        loop {
            let most = left.min(PIECE_BYTES);
            let read = body.read(piece.get_mut(..most).unwrap_or_default())?;
            if read == 0 {
                break;
            }
            left -= read;
            self.note(at, |seen| seen.body_bytes += read as u64);
            let bytes = piece.get(..read).unwrap_or_default();
            server.write_all(&framed(framing, bytes))?;
            if let Deed::Slowly(bytes_a_second) = deed {
                let micros = read as u64 * 1_000_000 / bytes_a_second.max(1) as u64;
                thread::sleep(Duration::from_micros(micros));
            }
        }
        if matches!(deed, Deed::CutRequest(_)) {
            return Ok(false);
        }
        server.write_all(&framed(framing, b""))?;
        self.answer(head, deed, at, from_server, client)
    }

    fn answer(
        &self,
        request: &Head,
        deed: Deed,
        at: usize,
        from_server: &mut BufReader<&TcpStream>,
        mut client: &TcpStream,
    ) -> io::Result<bool> {
        let mut left = if let Deed::CutAnswer(bytes) = deed { bytes } else { usize::MAX };
        let head = Head::read(from_server)?.ok_or(io::ErrorKind::UnexpectedEof)?;
        let method = request.first_line.split(' ').next().unwrap_or_default();
        let status = head.first_line.split(' ').nth(1).and_then(|word| word.parse().ok());
        let status = status.unwrap_or_default();
        let mut pass = |bytes: &[u8]| {
            let most = left.min(bytes.len());
            left -= most;
            client.write_all(bytes.get(..most).unwrap_or_default())?;
            if left == 0 { Err(io::Error::from(io::ErrorKind::ConnectionAborted)) } else { Ok(()) }
        };
        pass(&head.raw)?;
        let framing = Framing::of_answer(&head, method, status)?;
        let mut body = Body::new(from_server, framing);
        let mut piece = vec![0; PIECE_BYTES];
        loop {
            let read = body.read(&mut piece)?;
            pass(&framed(framing, piece.get(..read).unwrap_or_default()))?;
            if read == 0 {
                break;
            }
        }
        self.note(at, |seen| seen.status = status);
        let is_kept = framing != Framing::UntilClose && !head.says("Connection", "close");
        Ok(is_kept && from_server.buffer().is_empty())
    }

    fn note(&self, at: usize, change: impl FnOnce(&mut Seen)) {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(seen) = seen.get_mut(at) {
            change(seen);
        }
    }
}

/// Bytes as they travel in this framing; none at the end.
fn framed(framing: Framing, bytes: &[u8]) -> Vec<u8> {
    if framing != Framing::Chunked {
        return bytes.to_vec();
    }
    [format!("{:x}\r\n", bytes.len()).as_bytes(), bytes, b"\r\n"].concat()
}

impl std::fmt::Debug for Between {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Between").field("url", &self.url).finish_non_exhaustive()
    }
}
