//! One request and its answer, with the fault that was planned for it.

use std::io::{self, Read as _, Write as _};
use std::net::{Shutdown, TcpStream};
use std::sync::Arc;
use std::thread::sleep;
use std::time::Duration;

use super::answer::{Answer, Content};
use super::fault::Fault;
use super::incoming::Incoming;
use super::record::Record;
use super::routes::route;
use super::shared::Shared;

/// Go reads so much of a body that its handler left, to keep the connection.
const LEFT_BODY_BYTES_MAX: u64 = 256 << 10;
/// Go waits so long before it closes a connection on which bytes may still come.
const BEFORE_RESET: Duration = Duration::from_millis(500);

/// Whether another request may come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Next {
    Request,
    End,
}

/// The answer, with the fault that was planned for it.
pub(super) fn exchange(
    shared: &Arc<Shared>,
    incoming: &mut Incoming<'_>,
    mut writer: &TcpStream,
    record: &mut Record<'_>,
) -> io::Result<Next> {
    let fault = shared.fault(&incoming.method, &incoming.path);
    match &fault {
        Some(Fault::Slow(pause)) => sleep(*pause),
        Some(Fault::CutRequest) => return Ok(Next::End),
        Some(Fault::NoAnswer) => {
            incoming.read_all()?;
            return Ok(Next::End);
        }
        Some(Fault::InformationalFirst(number)) => {
            writer.write_all(format!("HTTP/1.1 {number} Informational\r\n\r\n").as_bytes())?;
        }
        Some(Fault::EarlyThenRead(number)) => {
            record.answered(*number, incoming);
            Answer::empty(*number).write(&mut writer, true)?;
            io::copy(incoming, &mut io::sink())?;
            return Ok(Next::Request);
        }
        Some(Fault::EarlyThenClose(number)) => {
            record.answered(*number, incoming);
            Answer::empty(*number).with("Connection", "close").write(&mut writer, true)?;
            return linger(writer);
        }
        _ => {}
    }
    let mut answer = match fault {
        Some(Fault::Instead { status, ref fields, ref body }) => {
            incoming.read_all()?;
            Answer { status, fields: fields.clone(), content: Content::Bytes(body.clone()) }
        }
        _ => route(shared, incoming)?,
    };
    if matches!(answer.content, Content::Echo) {
        record.answered(answer.status, incoming);
        answer.write(&mut writer, true)?;
        return Ok(Next::End);
    }
    let outstanding = !read_what_is_left(incoming)?;
    record.answered(answer.status, incoming);
    let close = outstanding
        || incoming.head.says("Connection", "close")
        || matches!(fault, Some(Fault::CloseAfter));
    if close {
        answer = answer.with("Connection", "close");
    }
    match (fault, answer.content) {
        (Some(Fault::CutAnswer), Content::Bytes(bytes)) => {
            let half = bytes.get(..bytes.len() / 2).unwrap_or_default().to_vec();
            let whole = Answer { content: Content::Bytes(bytes), ..answer };
            writer.write_all(whole.head().as_bytes())?;
            writer.write_all(&half)?;
            return Ok(Next::End);
        }
        (Some(Fault::Drip(pause)), Content::Bytes(bytes)) => answer.content = drip(bytes, pause),
        (_, content) => answer.content = content,
    }
    answer.write(&mut writer, incoming.method != "HEAD")?;
    match (outstanding, close) {
        (true, _) => linger(writer),
        (false, true) => Ok(Next::End),
        (false, false) => Ok(Next::Request),
    }
}

/// Reads a rest that is short, as Go does before it answers; `false` if it is not.
fn read_what_is_left(incoming: &mut Incoming<'_>) -> io::Result<bool> {
    if incoming.body.ended() {
        return Ok(true);
    }
    let long = incoming.body.left_bytes().is_some_and(|left| left >= LEFT_BODY_BYTES_MAX);
    // A client that still waits for 100 sends nothing.
    if long || incoming.waiting_client.is_some() {
        return Ok(false);
    }
    io::copy(&mut incoming.take(LEFT_BODY_BYTES_MAX), &mut io::sink())?;
    Ok(incoming.body.ended())
}

fn linger(writer: &TcpStream) -> io::Result<Next> {
    writer.shutdown(Shutdown::Write)?;
    sleep(BEFORE_RESET);
    Ok(Next::End)
}

fn drip(bytes: Vec<u8>, pause: Duration) -> Content {
    Content::Stream(Box::new(move |send| {
        for byte in bytes {
            send(&[byte])?;
            sleep(pause);
        }
        Ok(())
    }))
}
