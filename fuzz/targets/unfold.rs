//! Any bytes through the adapter that unfolds heads: hyper sees the same requests with and without
//! it when nothing is folded, and otherwise nothing but blanks and line ends differ.
#![no_main]

use std::convert::Infallible;
use std::sync::{Arc, Mutex};

use http_body_util::{BodyExt as _, Empty};
use hyper::body::{Bytes, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use libfuzzer_sys::fuzz_target;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};

#[allow(dead_code)]
#[path = "."]
mod http {
    #[path = "../../shaman-server/src/http/unfold/mod.rs"]
    pub mod unfold;
}

use http::unfold::{Tunnel, Unfold};

/// What a server made of a connection: each request's head and body, in order.
type Requests = Vec<(String, Result<Vec<u8>, ()>)>;

fuzz_target!(|input: &[u8]| {
    let Some((cut, bytes)) = input.split_first() else { return };
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(async {
        let whole = unfolded(bytes, bytes.len().max(1)).await;
        let pieces = unfolded(bytes, usize::from(*cut) + 1).await;
        assert_eq!(whole, pieces, "how bytes arrive does not matter");
        let text = |bytes: &[u8]| -> Vec<u8> {
            bytes.iter().copied().filter(|byte| !b" \t\r\n".contains(byte)).collect()
        };
        assert_eq!(text(&whole), text(bytes), "nothing but blanks and line ends changes");
        let is_folded = bytes.windows(2).any(|pair| matches!(pair, [b'\n', b' ' | b'\t']));
        if !is_folded {
            assert_eq!(whole, bytes, "what is not folded is not touched");
        }
        assert_eq!(
            served(&whole, |io| io).await,
            served(bytes, |io| Unfold::new(io, Tunnel::default())).await,
            "hyper reads what the adapter writes"
        );
    });
});

async fn unfolded(bytes: &[u8], piece: usize) -> Vec<u8> {
    let (mut sender, receiver) = tokio::io::duplex(piece);
    let send = async move {
        sender.write_all(bytes).await.unwrap();
        drop(sender);
    };
    let mut out = Vec::new();
    let mut reader = Unfold::new(receiver, Tunnel::default());
    let ((), read) = tokio::join!(send, reader.read_to_end(&mut out));
    read.unwrap();
    out
}

async fn served<S: AsyncRead + AsyncWrite + Unpin>(
    bytes: &[u8],
    adapt: impl FnOnce(tokio::io::DuplexStream) -> S,
) -> Requests {
    let (client, server) = tokio::io::duplex(1 << 20);
    let (mut answers, mut sender) = tokio::io::split(client);
    let requests = Arc::new(Mutex::new(Requests::new()));
    let seen = Arc::clone(&requests);
    let service = service_fn(move |request: Request<Incoming>| {
        let seen = Arc::clone(&seen);
        async move {
            let (head, body) = request.into_parts();
            let head = format!("{} {} {:?}", head.method, head.uri, head.headers);
            let body = body.collect().await.map(|body| body.to_bytes().to_vec()).map_err(drop);
            seen.lock().unwrap().push((head, body));
            Ok::<_, Infallible>(Response::new(Empty::<Bytes>::new()))
        }
    });
    let serve = http1::Builder::new().serve_connection(TokioIo::new(adapt(server)), service);
    let send = async move {
        drop(sender.write_all(bytes).await);
        drop(sender.shutdown().await);
    };
    let mut sink = Vec::new();
    let (ended, (), _) = tokio::join!(serve, send, answers.read_to_end(&mut sink));
    drop(ended);
    let requests = std::mem::take(&mut *requests.lock().unwrap());
    requests
}
