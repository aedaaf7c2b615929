//! `Span`: a request that is over, as traces tell it.

use std::time::Duration;

use serde_json::{Map, Value, json};

use super::json::{attributes, nanos};
use super::parent::Trace;

/// OTLP's number for the span of a server.
const SERVER: u8 = 2;

/// OTLP's number for a span that failed.
const FAILED: u8 = 2;

/// Flags: sampled, and known whether the parent is elsewhere.
const FLAGS: u16 = 0x101;

/// The flag for a parent that is elsewhere.
const REMOTE: u16 = 0x200;

/// A request that is over.
#[derive(Debug, Clone)]
pub struct Span {
    /// Where it stands among others.
    pub trace: Trace,
    /// Method and route: few values.
    pub name: String,
    /// When it began, since 1970.
    pub began: Duration,
    /// How long it took.
    pub took: Duration,
    /// What is known of it.
    pub attributes: Vec<(&'static str, Attribute)>,
    /// Why it failed, if it did.
    pub failure: Option<String>,
}

/// A value of an attribute.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Attribute {
    /// A text.
    Text(String),
    /// A number.
    Number(u64),
}

impl From<u64> for Attribute {
    fn from(number: u64) -> Self {
        Self::Number(number)
    }
}

impl From<&str> for Attribute {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Attribute {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl Span {
    /// As OTLP writes it.
    pub(super) fn to_json(&self) -> Value {
        let Trace { id, span: own, parent, state } = &self.trace;
        let mut span = Map::from_iter([
            ("traceId".to_owned(), format!("{id:032x}").into()),
            ("spanId".to_owned(), format!("{own:016x}").into()),
            ("flags".to_owned(), (FLAGS | if parent.is_some() { REMOTE } else { 0 }).into()),
            ("name".to_owned(), self.name.as_str().into()),
            ("kind".to_owned(), SERVER.into()),
            ("startTimeUnixNano".to_owned(), nanos(self.began)),
            ("endTimeUnixNano".to_owned(), nanos(self.began + self.took)),
            ("attributes".to_owned(), attributes(&self.attributes)),
        ]);
        if let Some(parent) = parent {
            span.insert("parentSpanId".to_owned(), format!("{parent:016x}").into());
        }
        if let Some(state) = state {
            span.insert("traceState".to_owned(), state.as_str().into());
        }
        if let Some(failure) = &self.failure {
            span.insert("status".to_owned(), json!({"code": FAILED, "message": failure}));
        }
        span.into()
    }
}
