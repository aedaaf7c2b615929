//! A client of HTTP/2, within TLS, which speaks only while it is asked to.

use std::io::{Read, Write};
use std::time::Duration;

use axum::body::Body;
use axum::http::{Request, Response};
use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use hyper::client::conn::http2::{self, SendRequest};
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::net::TcpStream;
use tokio::runtime::Runtime;
use tokio_rustls::TlsConnector;

use super::{Answer, tls};

/// Bytes of an answer that come unread.
pub(crate) const WINDOW_BYTES: u32 = 65_535;

#[derive(Debug)]
pub(crate) struct Http2 {
    runtime: Runtime,
    sender: SendRequest<Body>,
    address: String,
}

impl Http2 {
    pub(crate) fn to(address: &str) -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let sender = runtime.block_on(async {
            let socket = TcpStream::connect(address).await.unwrap();
            let connector = TlsConnector::from(tls::trusting(&[b"h2", b"http/1.1"]));
            let stream = connector.connect(tls::name(), socket).await.unwrap();
            assert_eq!(stream.get_ref().1.alpn_protocol(), Some(&b"h2"[..]));
            let (sender, connection) = http2::Builder::new(TokioExecutor::new())
                .initial_stream_window_size(WINDOW_BYTES)
                .handshake(TokioIo::new(stream))
                .await
                .unwrap();
            tokio::task::spawn(async move { drop(connection.await) });
            sender
        });
        Self { runtime, sender, address: address.to_owned() }
    }

    pub(crate) fn send(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: impl Into<Body>,
    ) -> Answer {
        self.all([(method, path, headers, body.into())]).remove(0)
    }

    /// Sends requests beside each other and gives their answers.
    pub(crate) fn all<'a>(
        &self,
        requests: impl IntoIterator<Item = (&'a str, &'a str, &'a [(&'a str, &'a str)], Body)>,
    ) -> Vec<Answer> {
        let each = requests.into_iter().map(|(method, path, headers, body)| {
            let answering = self.begin(method, path, headers, body);
            async { read(answering.await.unwrap()).await }
        });
        // All are begun before the first one is waited for.
        let each: Vec<_> = each.map(|answering| self.runtime.spawn(answering)).collect();
        self.runtime.block_on(async {
            let mut answers = Vec::new();
            for answering in each {
                answers.push(answering.await.unwrap());
            }
            answers
        })
    }

    /// The head of an answer, whose body is not read.
    pub(crate) fn head(&self, method: &str, path: &str) -> hyper::Result<Response<Incoming>> {
        self.runtime.block_on(self.begin(method, path, &[], Body::empty()))
    }

    /// Lets it speak for so long.
    pub(crate) fn wait(&self, time: Duration) {
        self.runtime.block_on(async { tokio::time::sleep(time).await });
    }

    /// Says whether the server ends the connection within this time.
    pub(crate) fn ends_within(&self, time: Duration) -> bool {
        let mut sender = self.sender.clone();
        self.runtime.block_on(async move {
            let gone = async {
                while sender.ready().await.is_ok() {
                    tokio::time::sleep(Duration::from_millis(20)).await;
                }
            };
            tokio::time::timeout(time, gone).await.is_ok()
        })
    }

    fn begin(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: Body,
    ) -> impl Future<Output = hyper::Result<Response<Incoming>>> + Send + use<> {
        let mut request =
            Request::builder().method(method).uri(format!("https://{}{path}", self.address));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(body).unwrap();
        let mut sender = self.sender.clone();
        async move { sender.send_request(request).await }
    }
}

/// A connection of HTTP/2 on which the client said that it speaks that, and nothing more. Whoever has it
/// says and hears frames.
pub(crate) fn frames_to(address: &str) -> impl Read + Write {
    let socket = std::net::TcpStream::connect(address).unwrap();
    socket.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
    let mut stream = tls::shake(socket, &[b"h2"]);
    assert_eq!(stream.conn.alpn_protocol(), Some(&b"h2"[..]));
    stream.write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n").unwrap();
    stream.write_all(&[0, 0, 0, 4, 0, 0, 0, 0, 0]).unwrap();
    stream
}

async fn read(answer: Response<Incoming>) -> Answer {
    let (head, body) = answer.into_parts();
    let text = |value: &axum::http::HeaderValue| value.to_str().unwrap().to_owned();
    let headers = head.headers.iter().map(|(name, value)| (name.to_string(), text(value)));
    Answer {
        status: head.status.as_u16(),
        headers: headers.collect(),
        body: body.collect().await.unwrap().to_bytes().to_vec(),
    }
}
