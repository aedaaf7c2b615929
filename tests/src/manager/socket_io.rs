//! `/socket.io/`: an upgrade, long polling, and an answer that does not end.

use std::io;
use std::sync::Arc;

use super::answer::{Answer, Content};
use super::incoming::Incoming;
use super::shared::{Shared, locked};
use crate::wire::{base64, sha1};

/// From RFC 6455.
const GUID: &str = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

/// Upgrades when asked to. Else `transport=polling` waits for the next event, and
/// `transport=stream` (not of Flamenco, but a proxy has to let it through) sends `begin`, then each
/// event as a chunk until the streams are ended.
pub(super) fn answer(shared: &Arc<Shared>, incoming: &mut Incoming<'_>) -> io::Result<Answer> {
    let upgrade =
        incoming.head.says("Connection", "upgrade") && incoming.head.says("Upgrade", "websocket");
    if let Some(key) = incoming.head.text("Sec-WebSocket-Key").filter(|_| upgrade) {
        let accept = base64(&sha1(format!("{key}{GUID}").as_bytes()));
        let answer = Answer { content: Content::Echo, ..Answer::empty(101) };
        let answer = answer.with("Upgrade", "websocket").with("Connection", "Upgrade");
        return Ok(answer.with("Sec-WebSocket-Accept", &accept));
    }
    if incoming.method == "POST" {
        incoming.read_all()?;
        return Ok(Answer::bytes(200, "text/plain; charset=UTF-8", b"ok".to_vec()));
    }
    let next = locked(&shared.events).len();
    if incoming.query.contains("transport=polling") {
        let event = shared.wait_for_event(next).ok_or(io::ErrorKind::ConnectionAborted)?;
        return Ok(Answer::bytes(200, "text/plain; charset=UTF-8", event.into_bytes()));
    }
    if incoming.query.contains("transport=stream") {
        return Ok(stream(shared, next));
    }
    Ok(Answer::message(400, "Bad Request"))
}

fn stream(shared: &Arc<Shared>, mut next: usize) -> Answer {
    let shared = Arc::clone(shared);
    let pieces = move |send: &mut dyn FnMut(&[u8]) -> io::Result<()>| {
        send(b"begin\n")?;
        while let Some(event) = shared.wait_for_event(next) {
            send(format!("{event}\n").as_bytes())?;
            next += 1;
        }
        Ok(())
    };
    Answer::stream("text/plain; charset=UTF-8", Box::new(pieces))
}
