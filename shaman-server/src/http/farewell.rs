//! Connections that are told why they are not served, and closed.

use std::time::Duration;

use axum::http::StatusCode;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::places::Full;

/// How long somebody is told so.
const TIME: Duration = Duration::from_secs(2);

/// Tells that there is no place, before any request is read.
pub(super) async fn no_place(stream: TcpStream, full: Full) {
    tracing::debug!(?full, "turned a connection away");
    say(stream, full.status_code(), "Retry-After: 5\r\n", &full.to_string()).await;
}

/// Tells somebody who speaks plain HTTP that TLS is spoken here.
pub(super) async fn not_plain(stream: TcpStream) {
    tracing::debug!("turned a plain connection away");
    let message = "this server speaks TLS only; write its address with https://";
    say(stream, StatusCode::BAD_REQUEST, "", message).await;
}

async fn say(mut stream: TcpStream, status: StatusCode, header: &str, message: &str) {
    let code = status.as_u16();
    let body = format!(r#"{{"code":{code},"message":"{message}"}}"#);
    let answer = format!(
        "HTTP/1.1 {status}\r\n{header}Connection: close\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    let farewell = async {
        stream.write_all(answer.as_bytes()).await?;
        stream.shutdown().await?;
        // What lies unread at a close makes the kernel throw the answer away.
        let mut unread = [0; 8 << 10];
        while stream.read(&mut unread).await? > 0 {}
        Ok::<_, std::io::Error>(())
    };
    drop(tokio::time::timeout(TIME, farewell).await);
}
