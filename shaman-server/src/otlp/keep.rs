//! Sending, for as long as the server runs.

use std::time::Duration;

use super::post::{NotTaken, Post};
use super::source::Source;
use super::span::Span;
use super::spans::{Spans, Waiting};
use crate::live::Figures;
use crate::tasks::Stop;

/// Between two looks for spans: what a person who waits for a trace does not notice.
const PERIOD: Duration = Duration::from_secs(1);

/// Between two tries with a collector that is away, at first and at most.
const RETRY: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(30));

/// How long a stop waits for what is left to be sent.
const LAST_WORDS: Duration = Duration::from_secs(2);

/// Sends spans until told to stop, and then what is left.
pub async fn keep_traced(spans: &Spans, source: &Source, post: Post, mut stop: Stop) {
    let Some(waiting) = spans.waiting() else { return };
    let mut sending = Sending { waiting, source, post, batch: Vec::new() };
    tokio::select! {
        () = sending.go_on() => {}
        () = stop.wait() => {}
    }
    // What was on its way may be sent twice; whoever keeps spans tells them apart by their ids.
    drop(tokio::time::timeout(LAST_WORDS, sending.rest()).await);
    let lost = sending.drop_all();
    if lost > 0 {
        tracing::warn!(spans = lost, "spans were not sent");
    }
}

/// Sends figures every `period` until told to stop, and then once more.
pub async fn keep_told(
    figures: impl Fn() -> Option<Figures>,
    source: &Source,
    mut post: Post,
    period: Duration,
    mut stop: Stop,
) {
    while !stop.is_set() {
        let turn = async {
            tokio::time::sleep(period).await;
            tell(&figures, source, &mut post).await;
        };
        tokio::select! {
            () = turn => {}
            () = stop.wait() => {}
        }
    }
    drop(tokio::time::timeout(LAST_WORDS, tell(&figures, source, &mut post)).await);
}

/// What does not arrive is not sent again: the next ones have all of it in them.
async fn tell(figures: impl Fn() -> Option<Figures>, source: &Source, post: &mut Post) {
    if let Some(figures) = figures() {
        drop(post.send(&source.figures(&figures)).await);
    }
}

/// Spans on their way.
struct Sending<'a> {
    waiting: &'a Waiting,
    source: &'a Source,
    post: Post,
    /// Those that were not taken yet.
    batch: Vec<Span>,
}

impl Sending<'_> {
    /// Sends what comes, for ever.
    async fn go_on(&mut self) {
        let (at_first, at_most) = RETRY;
        let mut retry = at_first;
        loop {
            tokio::select! {
                () = self.waiting.enough.notified() => {}
                () = tokio::time::sleep(PERIOD) => {}
            }
            while !self.rest().await {
                tokio::time::sleep(retry).await;
                retry = (retry * 2).min(at_most);
            }
            retry = at_first;
        }
    }

    /// Sends what there is; says whether all of it is gone. A batch that is refused for good is
    /// dropped.
    async fn rest(&mut self) -> bool {
        loop {
            if self.batch.is_empty() {
                self.batch = self.waiting.take();
            }
            if self.batch.is_empty() {
                return true;
            }
            let all = self.batch.len() as u64;
            let dropped = match self.post.send(&self.source.spans(&self.batch)).await {
                Ok(rejected) => rejected.min(all),
                Err(NotTaken::Ever(_)) => all,
                Err(NotTaken::Yet(_)) => return false,
            };
            self.waiting.sent.add(all - dropped);
            self.waiting.dropped.add(dropped);
            self.batch.clear();
        }
    }

    /// Gives up what there is, and tells how much.
    fn drop_all(&mut self) -> usize {
        let mut lost = std::mem::take(&mut self.batch).len();
        loop {
            match self.waiting.take().len() {
                0 => return lost,
                more => lost += more,
            }
        }
    }
}
