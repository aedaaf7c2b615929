//! `Spans`: those that wait to be sent.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tokio::sync::Notify;

use super::span::Span;
use crate::live::Counter;

/// Spans that wait at most; 4 MB.
const WAITING_MAX: usize = 4_096;

/// Spans that are sent at once; so many are not waited with.
pub(super) const BATCH: usize = 512;

/// Takes spans. Cheap to clone; where nobody wants any it does nothing.
#[derive(Debug, Clone, Default)]
pub struct Spans(Option<Arc<Waiting>>);

/// Spans that wait.
#[derive(Debug)]
pub(super) struct Waiting {
    spans: Mutex<Vec<Span>>,
    pub(super) enough: Notify,
    pub(super) sent: Counter,
    pub(super) dropped: Counter,
    clock: fn() -> SystemTime,
}

impl Spans {
    /// For somebody who wants them.
    pub fn wanted(clock: fn() -> SystemTime) -> Self {
        Self(Some(Arc::new(Waiting {
            spans: Mutex::default(),
            enough: Notify::new(),
            sent: Counter::default(),
            dropped: Counter::default(),
            clock,
        })))
    }

    /// Says whether somebody wants them.
    pub fn are_wanted(&self) -> bool {
        self.0.is_some()
    }

    /// The time, since 1970.
    pub fn now(&self) -> Duration {
        let clock = self.0.as_ref().map(|waiting| waiting.clock);
        clock.and_then(|clock| clock().duration_since(UNIX_EPOCH).ok()).unwrap_or_default()
    }

    /// Adds one. Never waits: with too many it is dropped, and counted.
    pub fn add(&self, span: Span) {
        let Some(waiting) = &self.0 else { return };
        let mut spans = waiting.spans.lock().unwrap_or_else(PoisonError::into_inner);
        if spans.len() >= WAITING_MAX {
            drop(spans);
            waiting.dropped.add(1);
            return;
        }
        spans.push(span);
        if spans.len() >= BATCH {
            waiting.enough.notify_one();
        }
    }

    /// How many were sent and how many were dropped, where somebody wants them.
    pub fn counted(&self) -> Option<(u64, u64)> {
        self.0.as_ref().map(|waiting| (waiting.sent.get(), waiting.dropped.get()))
    }

    pub(super) fn waiting(&self) -> Option<&Waiting> {
        self.0.as_deref()
    }
}

impl Waiting {
    /// The oldest, as many as are sent at once.
    pub(super) fn take(&self) -> Vec<Span> {
        let mut spans = self.spans.lock().unwrap_or_else(PoisonError::into_inner);
        let batch = spans.len().min(BATCH);
        spans.drain(..batch).collect()
    }
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderMap;

    use super::super::parent::Trace;
    use super::*;

    #[test]
    fn what_is_too_much_is_dropped_and_counted() {
        let spans = Spans::wanted(|| UNIX_EPOCH);
        let span = Span {
            trace: Trace::of(&HeaderMap::new()).unwrap(),
            name: "GET /v1/status".into(),
            began: Duration::ZERO,
            took: Duration::ZERO,
            attributes: Vec::new(),
            failure: None,
        };
        for _ in 0..WAITING_MAX + 3 {
            spans.add(span.clone());
        }
        assert_eq!(spans.counted(), Some((0, 3)));
        let waiting = spans.waiting().unwrap();
        let batches: Vec<usize> = std::iter::repeat_with(|| waiting.take().len())
            .take_while(|spans| *spans > 0)
            .collect();
        assert_eq!(batches, [BATCH; WAITING_MAX / BATCH]);
        let nobody = Spans::default();
        nobody.add(span);
        assert!(nobody.counted().is_none() && !nobody.are_wanted());
    }
}
