//! Where spans and figures go.

use std::time::Duration;

use super::read::Reader;
use super::{Upstream, WAIT_MAX};

/// An OpenTelemetry collector.
#[derive(Debug, Clone)]
pub struct Otlp {
    /// Its address.
    pub endpoint: Upstream,
    /// Between two times that it gets figures.
    pub interval: Duration,
}

impl Otlp {
    /// `None`: nobody wants any.
    pub(super) fn read(reader: &mut Reader) -> Option<Self> {
        let endpoint = reader.one("otlp.endpoint", parse_endpoint);
        let interval = reader.time("otlp.interval", Duration::from_secs(1), WAIT_MAX);
        Some(Self { endpoint: endpoint?, interval })
    }
}

fn parse_endpoint(text: &str) -> Result<Option<Upstream>, String> {
    if text.is_empty() {
        return Ok(None);
    }
    text.parse().map(Some).map_err(|_| {
        format!("`{text}` is no address of a collector; write it as http://HOST:PORT, without `/v1/traces`")
    })
}
