//! Spans of requests and figures, sent to an OpenTelemetry collector as OTLP: JSON over plain HTTP.
//!
//! ```text
//!  http/watch ── Span ──► Spans ──► keep_traced ─┐
//!                         (a queue)              ├─► Post ──► POST /v1/traces, /v1/metrics
//!  http/metrics ───── Figures ────► keep_told ───┘
//! ```
//!
//! No request waits for any of it: what the queue has no room for is dropped and counted. A
//! receiver that is away gets its spans when it is back, as far as they were kept, and figures as
//! they are then.

mod figures;
mod json;
mod keep;
mod parent;
mod post;
mod source;
mod span;
mod spans;

pub use keep::{keep_told, keep_traced};
pub use parent::Trace;
pub use post::Post;
pub use source::Source;
pub use span::{Attribute, Span};
pub use spans::Spans;
