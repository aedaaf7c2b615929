//! `Drained`: a request's body that is read to its end even when nobody wants the rest.

use std::pin::Pin;
use std::task::{Context, Poll};

use axum::body::{Body, Bytes};
use hyper::body::{Frame, SizeHint};

use crate::http::body::drain_beside;

/// A body on its way to the Manager. When the Manager answers early and stops reading, the rest is
/// read and thrown away (within limits), so that the client gets to read that answer.
#[derive(Debug)]
pub(super) struct Drained(Body);

impl Drained {
    pub(super) fn new(body: Body) -> Self {
        Self(body)
    }
}

impl hyper::body::Body for Drained {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        Pin::new(&mut self.0).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.0.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.0.size_hint()
    }
}

impl Drop for Drained {
    fn drop(&mut self) {
        drain_beside(std::mem::take(&mut self.0));
    }
}
