//! A bare hyper server that throws bodies away: what HTTP itself costs.

use std::convert::Infallible;
use std::net::SocketAddr;

use http_body_util::{BodyExt as _, Empty};
use hyper::body::{Bytes, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpListener;
use tokio::runtime::Runtime;

/// Runs until dropped.
#[derive(Debug)]
pub(crate) struct Discard {
    pub(crate) address: SocketAddr,
    _runtime: Runtime,
}

impl Discard {
    #[expect(clippy::disallowed_methods, reason = "a bench has no crew of tasks")]
    pub(crate) fn start() -> anyhow::Result<Self> {
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0"))?;
        let address = listener.local_addr()?;
        runtime.spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                drop(stream.set_nodelay(true));
                tokio::spawn(serve(stream));
            }
        });
        Ok(Self { address, _runtime: runtime })
    }
}

/// Answers the requests of one connection.
pub(crate) async fn serve(io: impl AsyncRead + AsyncWrite + Unpin) {
    let discard = service_fn(async |request: Request<Incoming>| {
        let mut body = request.into_body();
        while let Some(Ok(_)) = body.frame().await {}
        Ok::<_, Infallible>(Response::new(Empty::<Bytes>::new()))
    });
    let mut server = http1::Builder::new();
    let connection = server.max_buf_size(256 << 10).serve_connection(TokioIo::new(io), discard);
    drop(connection.await);
}
