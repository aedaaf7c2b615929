//! `GET /v1/events`: what happens, as a stream of server-sent events.

use std::fmt::Write as _;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::Response;
use bytes::Bytes;
use hyper::body::{Body as HttpBody, Frame};
use shaman_proto::wire::event::{Event, EventData};
use shaman_proto::wire::failure::Failure as FailureBody;
use tokio::time::{Interval, MissedTickBehavior, interval};

use super::blob::set;
use super::time_on_wire;
use crate::http::Shared;
use crate::http::failure::Failure;
use crate::live::{Listener, Told};

/// Between two signs of life: proxies and clients take half a minute of silence for a dead line.
const ALIVE_EVERY: Duration = Duration::from_secs(15);

/// Events in one piece of the body.
const EVENTS_MAX: usize = 100;

/// Tells what happens, as server-sent events.
///
/// The last 1,000 are kept; a listener that is slower, or away for longer, is told `lost`.
#[utoipa::path(
    get,
    path = "/v1/events",
    operation_id = "listen",
    tag = "care",
    params(("Last-Event-ID" = Option<String>, Header, description = "Where to go on")),
    responses(
        (status = 200, description = "A stream of these", body = EventData, content_type = "text/event-stream"),
        (status = 503, description = "Too many listen", body = FailureBody),
    ),
)]
pub(super) async fn listen(
    State(shared): State<Shared>,
    headers: HeaderMap,
) -> Result<Response, Failure> {
    let after = headers.get("last-event-id").and_then(|value| read_id(value.to_str().ok()?));
    let Some(listener) = shared.ops.events().listen(after) else {
        return Err(Failure::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "too many listen already; ask `GET /v1/status` now and then".to_owned(),
        ));
    };
    let mut alive = interval(ALIVE_EVERY);
    alive.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut response = Response::new(Body::new(Stream { listener, alive }));
    set(&mut response, header::CONTENT_TYPE, "text/event-stream");
    set(&mut response, header::CACHE_CONTROL, "no-store");
    Ok(response)
}

/// `{run}-{number}`, as [`Stream`] writes it.
fn read_id(text: &str) -> Option<(u64, u64)> {
    let (run, number) = text.split_once('-')?;
    Some((u64::from_str_radix(run, 16).ok()?, number.parse().ok()?))
}

/// The body of the answer. When its client does not read, nothing is taken from the listener.
#[derive(Debug)]
struct Stream {
    listener: Listener,
    alive: Interval,
}

impl HttpBody for Stream {
    type Data = Bytes;
    type Error = std::convert::Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        let mut text = String::new();
        for _ in 0..EVENTS_MAX {
            match self.listener.poll_next(context) {
                Poll::Ready(Some(told)) => write_event(&mut text, self.listener.run(), told),
                Poll::Ready(None) if text.is_empty() => return Poll::Ready(None),
                Poll::Ready(None) | Poll::Pending => break,
            }
        }
        if text.is_empty() {
            if self.alive.poll_tick(context).is_pending() {
                return Poll::Pending;
            }
            text.push_str(": here\n\n");
        }
        Poll::Ready(Some(Ok(Frame::data(text.into()))))
    }
}

fn write_event(text: &mut String, run: u64, told: Told) {
    let (id, at, event) = match told {
        Told::Event { number, at, event } => {
            (Some(format!("id: {run:016x}-{number}\n")), Some(at), event)
        }
        Told::Lost(events) => (None, None, Event::Lost { events }),
    };
    let (id, name) = (id.unwrap_or_default(), event.name());
    let data = EventData { at: at.map(time_on_wire), event };
    let data = serde_json::to_string(&data).expect("our shapes are JSON");
    write!(text, "{id}event: {name}\ndata: {data}\n\n").expect("text takes text");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_reads_back() {
        assert_eq!(read_id("00000000000000ff-12"), Some((255, 12)));
        for text in ["", "-", "12", "x-1", "ff--1", "ff-18446744073709551616"] {
            assert_eq!(read_id(text), None, "{text}");
        }
    }
}
