//! `Streams`: what goes on on one connection of HTTP/2, to know when it is over.
//!
//! Over HTTP/1 a client that takes nothing shows on the socket (`Line`). Here it can leave one
//! stream alone and read all others, so each answer is watched by itself.

use std::collections::HashMap;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::Body;
use bytes::Bytes;
use hyper::body::{Frame, SizeHint};
use tokio::time::Instant;

use crate::http::places::Place;

/// Why a connection is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Over {
    /// Nothing was asked for too long.
    Idle,
    /// An answer was not taken for too long.
    Stuck,
}

/// The requests of one connection that run.
#[derive(Debug, Clone)]
pub(super) struct Streams(Arc<Mutex<Inner>>);

#[derive(Debug)]
struct Inner {
    next: u64,
    /// Since when the client has not taken more of an answer; `None`: it waits for us.
    running: HashMap<u64, Option<Instant>>,
    /// Since when nothing runs.
    idle: Instant,
}

/// A request runs as long as this is held.
#[derive(Debug)]
pub(super) struct Stream {
    streams: Streams,
    id: u64,
    place: Option<Place>,
}

impl Default for Streams {
    fn default() -> Self {
        let (running, idle) = (HashMap::new(), Instant::now());
        Self(Arc::new(Mutex::new(Inner { next: 0, running, idle })))
    }
}

impl Streams {
    /// A request begins.
    pub(super) fn begin(&self) -> Stream {
        let mut inner = self.inner();
        let id = inner.next;
        inner.next += 1;
        inner.running.insert(id, None);
        Stream { streams: self.clone(), id, place: None }
    }

    /// Ends when the connection is over.
    pub(super) async fn until_over(&self, idle: Duration, pause: Duration) -> Over {
        loop {
            let now = Instant::now();
            let (due, over) = self.due(idle, pause, now);
            match over {
                Some(over) if due <= now => return over,
                // Whatever begins or moves meanwhile is due later than this.
                _ => tokio::time::sleep_until(due).await,
            }
        }
    }

    /// When to look next, and what would be over then.
    fn due(&self, idle: Duration, pause: Duration, now: Instant) -> (Instant, Option<Over>) {
        let inner = self.inner();
        if inner.running.is_empty() {
            return (inner.idle + idle, Some(Over::Idle));
        }
        match inner.running.values().flatten().min() {
            Some(since) => (*since + pause, Some(Over::Stuck)),
            None => (now + idle.min(pause), None),
        }
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Stream {
    /// Says whether others run on this connection.
    pub(super) fn is_beside_others(&self) -> bool {
        self.streams.inner().running.len() > 1
    }

    /// Keeps a place as long as it runs.
    pub(super) fn hold(&mut self, place: Place) {
        self.place = Some(place);
    }

    /// The answer: from now on the client has to take it.
    pub(super) fn answer(self, body: Body) -> Body {
        self.waits_since(Some(Instant::now()));
        Body::new(Answer { body, stream: self })
    }

    fn waits_since(&self, since: Option<Instant>) {
        if let Some(waits) = self.streams.inner().running.get_mut(&self.id) {
            *waits = since;
        }
    }
}

impl Drop for Stream {
    fn drop(&mut self) {
        let mut inner = self.streams.inner();
        inner.running.remove(&self.id);
        inner.idle = Instant::now();
    }
}

/// An answer's body: more of it is asked for only when the client has room for it.
#[derive(Debug)]
struct Answer {
    body: Body,
    stream: Stream,
}

impl hyper::body::Body for Answer {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let came = Pin::new(&mut self.body).poll_frame(context);
        self.stream.waits_since(came.is_ready().then(Instant::now));
        came
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use http_body_util::BodyExt as _;

    const IDLE: Duration = Duration::from_secs(75);
    const PAUSE: Duration = Duration::from_mins(2);

    #[tokio::test(start_paused = true)]
    async fn a_connection_is_over_when_nothing_runs_on_it() {
        let (streams, began) = (Streams::default(), Instant::now());
        assert_eq!(streams.until_over(IDLE, PAUSE).await, Over::Idle);
        assert_eq!(began.elapsed(), IDLE);
        let running = streams.begin();
        let waiting = tokio::time::timeout(PAUSE * 9, streams.until_over(IDLE, PAUSE)).await;
        assert!(waiting.is_err(), "a server may take its time");
        drop(running);
        let ended = Instant::now();
        assert_eq!(streams.until_over(IDLE, PAUSE).await, Over::Idle);
        assert_eq!(ended.elapsed(), IDLE);
    }

    #[tokio::test(start_paused = true)]
    async fn a_connection_is_over_when_one_answer_is_not_taken() {
        let streams = Streams::default();
        let mut taken = streams.begin().answer(Body::new(Endless));
        let _left = streams.begin().answer(Body::from("nobody reads this"));
        let began = Instant::now();
        let taking = async {
            loop {
                tokio::time::sleep(PAUSE / 3).await;
                drop(taken.frame().await);
            }
        };
        let over = tokio::select! {
            over = streams.until_over(IDLE, PAUSE) => over,
            () = taking => unreachable!("it goes on"),
        };
        assert_eq!((over, began.elapsed()), (Over::Stuck, PAUSE));
    }

    /// A body that has a piece whenever somebody asks.
    struct Endless;

    impl hyper::body::Body for Endless {
        type Data = Bytes;
        type Error = std::convert::Infallible;

        fn poll_frame(
            self: Pin<&mut Self>,
            _context: &mut Context<'_>,
        ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
            Poll::Ready(Some(Ok(Frame::data("piece".into()))))
        }
    }
}
