//! `Paced`: a request's body whose sender has to keep on sending.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::http::StatusCode;
use hyper::body::{Frame, SizeHint};
use tokio::time::{Instant, Sleep};

use super::failure::Failure;

/// Over how long the rate is measured: a line that stalls for some seconds is no attack.
const WINDOW: Duration = Duration::from_secs(30);

/// What a sender has to keep to.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pace {
    /// Longest time in which nothing comes.
    pub(super) pause: Duration,
    /// Least bytes a second; 0 for any.
    pub(super) rate: u64,
    /// Most bytes.
    pub(super) bytes: u64,
}

/// Why a body was given up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum GivenUp {
    /// Nothing came.
    #[error("nothing came for {} seconds; send it again", .0.as_secs())]
    Paused(Duration),
    /// Too little came.
    #[error("less than {0} bytes a second came; send it again over a better line")]
    Slow(u64),
    /// Too much came.
    #[error("the body is longer than the {0} bytes that this server takes here")]
    Long(u64),
}

impl GivenUp {
    /// The one that is behind an error of a body, if it is one.
    pub(super) fn among(error: &axum::Error) -> Option<Self> {
        let mut error: Option<&(dyn std::error::Error + 'static)> = Some(error);
        while let Some(one) = error {
            if let Some(given_up) = one.downcast_ref() {
                return Some(*given_up);
            }
            error = one.source();
        }
        None
    }
}

impl From<GivenUp> for Failure {
    fn from(given_up: GivenUp) -> Self {
        let status = match given_up {
            GivenUp::Paused(_) | GivenUp::Slow(_) => StatusCode::REQUEST_TIMEOUT,
            GivenUp::Long(_) => StatusCode::PAYLOAD_TOO_LARGE,
        };
        Self::new(status, given_up.to_string())
    }
}

/// A body that ends with [`GivenUp`] when its sender does not keep the pace. Only the time that we
/// wait for it counts: a storage that is slow is no fault of its.
#[derive(Debug)]
pub(super) struct Paced {
    body: Body,
    pace: Pace,
    /// Bytes so far.
    came: u64,
    /// Bytes of this window, and how long we waited for them.
    window: (u64, Duration),
    /// Since when we wait, and until when.
    waiting: Option<(Instant, Pin<Box<Sleep>>)>,
}

impl Paced {
    pub(super) fn new(body: Body, pace: Pace) -> Self {
        Self { body, pace, came: 0, window: (0, Duration::ZERO), waiting: None }
    }

    /// Notes that something came, and what the window comes to.
    fn note(&mut self, bytes: u64) -> Result<(), GivenUp> {
        if let Some((since, _)) = self.waiting.take() {
            self.window.1 += since.elapsed();
        }
        self.came += bytes;
        self.window.0 += bytes;
        if self.came > self.pace.bytes {
            return Err(GivenUp::Long(self.pace.bytes));
        }
        let (came, waited) = self.window;
        if waited >= WINDOW {
            self.window = (0, Duration::ZERO);
            if came < self.pace.rate.saturating_mul(waited.as_secs()) {
                return Err(GivenUp::Slow(self.pace.rate));
            }
        }
        Ok(())
    }
}

impl hyper::body::Body for Paced {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let frame = Pin::new(&mut self.body).poll_frame(context);
        if let Poll::Ready(frame) = frame {
            let bytes = match &frame {
                Some(Ok(frame)) => frame.data_ref().map_or(0, |data| data.len() as u64),
                _ => 0,
            };
            let noted = self.note(bytes);
            return Poll::Ready(match (frame, noted) {
                (Some(Ok(_)), Err(given_up)) => Some(Err(axum::Error::new(given_up))),
                (frame, _) => frame,
            });
        }
        let pause = self.pace.pause;
        let sleep = || Box::pin(tokio::time::sleep(pause));
        let (_, sleep) = self.waiting.get_or_insert_with(|| (Instant::now(), sleep()));
        let paused = GivenUp::Paused(pause);
        sleep.as_mut().poll(context).map(|()| Some(Err(axum::Error::new(paused))))
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
    use http_body_util::BodyExt as _;

    use super::*;

    const PACE: Pace = Pace { pause: Duration::from_mins(1), rate: 1_000, bytes: 100_000 };

    /// Sends so many bytes so often, and gives what became of it.
    async fn sent(bytes: usize, every: Duration, times: usize) -> Option<String> {
        let (mut sender, body) = http_body_util::channel::Channel::<Bytes>::new(1);
        let mut paced = Paced::new(Body::new(body), PACE);
        let sending = async {
            for _ in 0..times {
                tokio::time::sleep(every).await;
                if sender.send_data(vec![0; bytes].into()).await.is_err() {
                    break;
                }
            }
            drop(sender);
        };
        let receiving = async move {
            loop {
                match paced.frame().await {
                    Some(Ok(_)) => {}
                    Some(Err(error)) => return Some(error.to_string()),
                    None => return None,
                }
            }
        };
        let (ended, ()) = tokio::join!(receiving, sending);
        ended
    }

    #[tokio::test(start_paused = true)]
    async fn a_sender_keeps_the_pace_or_is_given_up() {
        let second = Duration::from_secs(1);
        assert_eq!(sent(1_100, second, 80).await, None);
        assert!(sent(900, second, 80).await.unwrap().contains("1000 bytes a second"));
        assert!(sent(60_000, second * 61, 2).await.unwrap().contains("nothing came for 60"));
        assert!(sent(60_000, second, 2).await.unwrap().contains("longer than the 100000"));
        assert_eq!(sent(10, second, 3).await, None, "what is short is not measured");
    }

    #[tokio::test(start_paused = true)]
    async fn a_sender_that_pauses_for_too_long_is_given_up_and_a_slow_reader_is_not_its_fault() {
        let pause = Duration::from_mins(2);
        let (mut sender, body) = http_body_util::channel::Channel::<Bytes>::new(4);
        let mut paced = Paced::new(Body::new(body), Pace { pause, rate: 0, ..PACE });
        for _ in 0..3 {
            sender.send_data("piece".into()).await.unwrap();
            // The reader (the Manager, say) takes its time.
            tokio::time::sleep(pause * 2).await;
            assert!(paced.frame().await.unwrap().is_ok());
            // So does the sender, within its limit.
            let waiting = tokio::time::timeout(pause / 2, paced.frame()).await;
            assert!(waiting.is_err());
            tokio::time::sleep(pause).await;
        }
        paced.waiting = None;
        let before = Instant::now();
        assert!(paced.frame().await.unwrap().is_err());
        assert!(before.elapsed() >= pause && before.elapsed() < pause + Duration::from_secs(1));
    }
}
