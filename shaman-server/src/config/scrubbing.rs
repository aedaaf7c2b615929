//! How fast and how often blobs are read again.

use std::time::Duration;

use shaman_proto::parse_bytes;

use super::LONGEST;
use super::read::Reader;

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
    pub(super) fn read(reader: &mut Reader) -> Self {
        let period = reader.time("scrub.period", Duration::ZERO, LONGEST);
        let rate = reader.one("scrub.rate", |text| {
            parse_rate(text).ok_or_else(|| {
                format!(
                    "`{text}` is no rate; write it like `20MB/s`, or `0` to scrub on request only"
                )
            })
        });
        let is_off = period == Duration::ZERO || rate == 0;
        Self { rate: if rate == 0 { RATE } else { rate }, period: (!is_off).then_some(period) }
    }
}

/// Reads `20MB/s` or `20MB`, as bytes a second.
pub fn parse_rate(text: &str) -> Option<u64> {
    let text = text.trim();
    parse_bytes(text.strip_suffix("/s").unwrap_or(text)).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::said::Sayings;

    #[test]
    fn a_rate_or_a_period_of_zero_means_on_request_only() {
        let scrub = |rate: Option<&str>, period: Option<&str>| {
            let mut sayings = Sayings::default();
            let said = [("SHAMAN_SCRUB_RATE", rate), ("SHAMAN_SCRUB_PERIOD", period)];
            let said = said.into_iter().filter_map(|(key, text)| Some((key.into(), text?.into())));
            sayings.read_environment(&said.collect());
            let mut reader = Reader::new(sayings);
            let scrubbing = Scrubbing::read(&mut reader);
            reader.end().map(|_| scrubbing)
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
