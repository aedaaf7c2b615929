//! Request heads with lines that are folded, put straight before the parser sees them.
//!
//! ```text
//!  socket ──► Unfold ──► hyper ──► router
//!
//!  X-Shaman-Original-Filename: =?utf-8?q?first?=⏎          released add-ons (3.6 to 3.8.5) send
//!   =?utf-8?q?second?=⏎                                    this, and hyper answers 400
//!
//!  X-Shaman-Original-Filename: =?utf-8?q?first?= =?utf-8?q?second?=⏎       what hyper gets
//! ```
//!
//! Heads are read into a buffer, at most 64 KiB, and handed on when they are complete. Bodies go
//! straight into hyper's buffer: `machine` follows their framing and only counts. What is no
//! request by hyper's own rules is not touched, so hyper refuses it as it would have without us.

mod body;
mod chunks;
mod head;
mod machine;

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::{Buf as _, BytesMut};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::Sleep;

pub(super) use machine::HEAD_BYTES_MAX;
use machine::{Machine, Step};

/// Bytes read at once while a head is awaited; most are below 2 KiB.
const HEAD_READ_BYTES: usize = 8 << 10;

/// Tells a connection's [`Unfold`] that it carries something else than requests from now on.
#[derive(Debug, Clone, Default)]
pub struct Tunnel {
    is_open: Arc<AtomicBool>,
}

impl Tunnel {
    /// Call it before the answer 101 goes out: its receiver may send at once.
    pub fn open(&self) {
        self.is_open.store(true, Ordering::Release);
    }

    fn is_open(&self) -> bool {
        self.is_open.load(Ordering::Acquire)
    }
}

/// A connection whose reader sees unfolded heads. Writing is not touched.
#[derive(Debug)]
pub struct Unfold<S> {
    io: S,
    machine: Machine,
    /// Came and was not looked at to the end.
    inbox: BytesMut,
    /// Ready for the reader.
    outbox: BytesMut,
    tunnel: Tunnel,
    /// Longest time from the first byte of a head to its last.
    head_time: Option<Duration>,
    /// Until when the head that is coming has to be there.
    deadline: Option<Pin<Box<Sleep>>>,
}

impl<S> Unfold<S> {
    /// Unfolds heads on `io` until `tunnel` is opened.
    pub fn new(io: S, tunnel: Tunnel) -> Self {
        Self {
            io,
            machine: Machine::default(),
            inbox: BytesMut::new(),
            outbox: BytesMut::new(),
            tunnel,
            head_time: None,
            deadline: None,
        }
    }

    /// Ends the connection when a head takes longer than this.
    #[must_use]
    pub fn with_head_time(self, time: Duration) -> Self {
        Self { head_time: Some(time), ..self }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Unfold<S> {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        reader: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        loop {
            if !this.outbox.is_empty() {
                let count = this.outbox.len().min(reader.remaining());
                reader.put_slice(&this.outbox[..count]);
                this.outbox.advance(count);
                return Poll::Ready(Ok(()));
            }
            let is_tunnel = this.tunnel.is_open();
            if !this.inbox.is_empty() {
                if is_tunnel {
                    this.outbox = this.inbox.split();
                    continue;
                }
                match this.machine.step(&mut this.inbox) {
                    Step::Head(head) => {
                        this.deadline = None;
                        this.outbox = head;
                        continue;
                    }
                    Step::Pass(count) => {
                        this.outbox = this.inbox.split_to(count);
                        continue;
                    }
                    Step::More => {}
                }
            }
            if is_tunnel {
                return Pin::new(&mut this.io).poll_read(context, reader);
            }
            if this.machine.is_in_head() {
                let read = this.poll_read_head(context)?;
                if read.is_pending() {
                    return this.poll_deadline(context);
                }
                if ready!(read) == 0 {
                    if this.inbox.is_empty() {
                        return Poll::Ready(Ok(()));
                    }
                    // The parser says what it thinks of half a head.
                    this.outbox = this.inbox.split();
                }
                continue;
            }
            let before = reader.filled().len();
            ready!(Pin::new(&mut this.io).poll_read(context, reader))?;
            let passed = this.machine.pass(&reader.filled()[before..]);
            // The next request came with the end of this one.
            this.inbox.extend_from_slice(&reader.filled()[before + passed..]);
            reader.set_filled(before + passed);
            return Poll::Ready(Ok(()));
        }
    }
}

impl<S: AsyncRead + Unpin> Unfold<S> {
    /// Ends when a head that has begun takes too long.
    fn poll_deadline(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let Some(time) = self.head_time.filter(|_| !self.inbox.is_empty()) else {
            return Poll::Pending;
        };
        let deadline = self.deadline.get_or_insert_with(|| Box::pin(tokio::time::sleep(time)));
        deadline.as_mut().poll(context).map(|()| Err(io::ErrorKind::TimedOut.into()))
    }

    /// Reads on into the inbox and gives how many bytes came.
    fn poll_read_head(&mut self, context: &mut Context<'_>) -> Poll<io::Result<usize>> {
        let before = self.inbox.len();
        self.inbox.resize(before + HEAD_READ_BYTES, 0);
        let mut free = ReadBuf::new(&mut self.inbox[before..]);
        let read = Pin::new(&mut self.io).poll_read(context, &mut free);
        let count = free.filled().len();
        self.inbox.truncate(before + count);
        read.map_ok(|()| count)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Unfold<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.io).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_shutdown(context)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.io).poll_write_vectored(context, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.io.is_write_vectored()
    }
}
