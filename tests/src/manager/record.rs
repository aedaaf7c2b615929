//! Where a request is remembered while it is answered.

use super::incoming::Incoming;
use super::seen::{BODY_KEPT_BYTES, Seen};
use super::shared::{Shared, locked};
use crate::wire::Head;

pub(super) struct Record<'a> {
    shared: &'a Shared,
    /// In the list of what was seen.
    number: usize,
    status: Option<u16>,
}

impl<'a> Record<'a> {
    /// Begins with what is known when the head is read.
    pub(super) fn new(
        shared: &'a Shared,
        (method, target): (&str, &str),
        head: &Head,
        (connection, nth): (u64, usize),
    ) -> Self {
        let (method, target, head) = (method.to_owned(), target.to_owned(), head.clone());
        let mut seen = locked(&shared.seen);
        seen.push(Seen { method, target, head, connection, nth, ..Seen::default() });
        Self { shared, number: seen.len() - 1, status: None }
    }

    pub(super) fn status(&self) -> Option<u16> {
        self.status
    }

    /// Remembers the status, before it is sent: who has an answer finds it in the record.
    pub(super) fn answered(&mut self, status: u16, incoming: &Incoming<'_>) {
        self.status = Some(status);
        self.note(incoming);
    }

    /// Remembers how much of the body was read so far.
    pub(super) fn note(&self, incoming: &Incoming<'_>) {
        let (body_bytes, body_sha256) = (incoming.sum.length_bytes(), incoming.sum.hex());
        let body =
            if body_bytes <= BODY_KEPT_BYTES as u64 { incoming.kept.clone() } else { Vec::new() };
        let body_ended = incoming.body.ended();
        if let Some(seen) = locked(&self.shared.seen).get_mut(self.number) {
            *seen = Seen {
                body_bytes,
                body_sha256,
                body,
                body_ended,
                status: self.status,
                ..seen.clone()
            };
        }
    }
}
