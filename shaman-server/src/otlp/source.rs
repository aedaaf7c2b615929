//! `Source`: whose spans and figures these are.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};

use super::json::attributes;
use super::span::{Attribute, Span};
use crate::live::Figures;

/// What spans and figures are measured by.
const SCOPE: &str = "shaman-server";

/// A server, as it is told of.
#[derive(Debug, Clone)]
pub struct Source {
    resource: Vec<(&'static str, Attribute)>,
    began: Duration,
    clock: fn() -> SystemTime,
}

impl Source {
    /// This server, which began so many seconds after 1970, on the storage of this name.
    pub fn new(store: &str, began_secs: u64, clock: fn() -> SystemTime) -> Self {
        let mut resource: Vec<(&'static str, Attribute)> = vec![
            ("service.name", SCOPE.into()),
            ("service.version", env!("CARGO_PKG_VERSION").into()),
            ("service.instance.id", format!("{:032x}", fastrand::u128(..)).into()),
            ("shaman.store", store.into()),
        ];
        if let Some(host) = crate::process::host_name() {
            resource.push(("host.name", host.into()));
        }
        Self { resource, began: Duration::from_secs(began_secs), clock }
    }

    /// A document of spans.
    pub(super) fn spans(&self, spans: &[Span]) -> Value {
        let spans: Vec<Value> = spans.iter().map(Span::to_json).collect();
        self.document("resourceSpans", "scopeSpans", &json!({"scope": scope(), "spans": spans}))
    }

    /// A document of figures as they are now.
    pub(super) fn figures(&self, figures: &Figures) -> Value {
        let now = (self.clock)().duration_since(UNIX_EPOCH).unwrap_or_default();
        let metrics = super::figures::to_json(figures, self.began, now);
        let scoped = json!({"scope": scope(), "metrics": metrics});
        self.document("resourceMetrics", "scopeMetrics", &scoped)
    }

    fn document(&self, outer: &str, inner: &str, scoped: &Value) -> Value {
        let resource = json!({"attributes": attributes(&self.resource)});
        json!({outer: [{"resource": resource, inner: [scoped]}]})
    }
}

fn scope() -> Value {
    json!({"name": SCOPE, "version": env!("CARGO_PKG_VERSION")})
}
