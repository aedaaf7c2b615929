//! How fast and how often blobs are read again.

use std::time::Duration;

use super::file::Scrub;
use super::sweeping::parse_bytes;
use super::{ConfigError, time};

/// Bytes a second: a disk hardly notices, and 50 TB are through in a month.
const RATE: u64 = 20_000_000;

/// Scrubbing, as it was written or by default.
#[derive(Debug, Clone)]
pub struct Scrubbing {
    /// Bytes a second.
    pub rate: u64,
    /// From the start of one pass to the next; `None` for passes on request only.
    pub period: Option<Duration>,
}

impl Scrubbing {
    pub(super) fn new(written: Scrub) -> Result<Self, ConfigError> {
        let period = time("scrub.period", written.period, Duration::from_hours(30 * 24))?;
        let rate = match written.rate {
            None => RATE,
            Some(text) => parse_rate(&text).ok_or(ConfigError::Rate(text))?,
        };
        let is_off = period == Duration::ZERO || rate == 0;
        Ok(Self { rate: if rate == 0 { RATE } else { rate }, period: (!is_off).then_some(period) })
    }
}

/// Reads `20MB/s` or `20MB`, as bytes a second.
pub fn parse_rate(text: &str) -> Option<u64> {
    let text = text.trim();
    parse_bytes(text.strip_suffix("/s").unwrap_or(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_or_a_period_of_zero_means_on_request_only() {
        let scrub = |rate: Option<&str>, period: Option<&str>| {
            let text = |text: &str| text.to_owned();
            Scrubbing::new(Scrub { rate: rate.map(text), period: period.map(text) })
        };
        let usual = scrub(None, None).unwrap();
        assert_eq!(usual.rate, 20_000_000);
        assert_eq!(usual.period, Some(Duration::from_hours(720)));
        assert_eq!(scrub(Some("5 MiB/s"), Some("7d")).unwrap().rate, 5 << 20);
        assert_eq!(scrub(Some("0"), None).unwrap().period, None);
        assert_eq!(scrub(None, Some("0")).unwrap().period, None);
        assert!(scrub(Some("fast"), None).unwrap_err().to_string().contains("20MB/s"));
    }
}
