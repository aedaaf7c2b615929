//! `Drained`: a request's body that is read to its end even when nobody wants the rest, and whose
//! sender may not pause for long.

use std::pin::Pin;
use std::task::{Context, Poll};

use axum::body::{Body, Bytes};
use hyper::body::{Frame, SizeHint};

use tokio::time::Sleep;

use crate::http::body::{IDLE, drain_beside};

/// A body on its way to the Manager. When the Manager answers early and stops reading, the rest is
/// read and thrown away (within limits), so that the client gets to read that answer.
#[derive(Debug)]
pub(super) struct Drained {
    body: Body,
    /// When the sender has paused for too long, while we wait for it. That the Manager pauses is no
    /// fault of the sender.
    idle: Option<Pin<Box<Sleep>>>,
}

/// The sender paused for too long.
#[derive(Debug, thiserror::Error)]
#[error("nothing came for {} seconds", IDLE.as_secs())]
struct Paused;

impl Drained {
    pub(super) fn new(body: Body) -> Self {
        Self { body, idle: None }
    }
}

impl hyper::body::Body for Drained {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let frame = Pin::new(&mut self.body).poll_frame(context);
        if frame.is_ready() {
            self.idle = None;
            return frame;
        }
        let idle = self.idle.get_or_insert_with(|| Box::pin(tokio::time::sleep(IDLE)));
        idle.as_mut().poll(context).map(|()| Some(Err(axum::Error::new(Paused))))
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl Drop for Drained {
    fn drop(&mut self) {
        drain_beside(std::mem::take(&mut self.body));
    }
}

#[cfg(test)]
mod tests {
    use http_body_util::BodyExt as _;
    use tokio::time::{Duration, timeout};

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_sender_that_pauses_for_too_long_is_given_up_and_a_slow_reader_is_not_its_fault() {
        let (mut sender, body) = http_body_util::channel::Channel::<Bytes>::new(4);
        let mut drained = Drained::new(Body::new(body));
        for _ in 0..3 {
            sender.send_data("piece".into()).await.unwrap();
            // The Manager takes its time.
            tokio::time::sleep(IDLE * 2).await;
            assert!(drained.frame().await.unwrap().is_ok());
            // So does the sender, within its limit.
            let waiting = timeout(IDLE / 2, drained.frame()).await;
            assert!(waiting.is_err());
            tokio::time::sleep(IDLE).await;
        }
        drained.idle = None;
        let before = tokio::time::Instant::now();
        assert!(drained.frame().await.unwrap().is_err());
        assert!(before.elapsed() >= IDLE && before.elapsed() < IDLE + Duration::from_secs(1));
    }
}
