//! When to sweep, what, and how much room stays free.

use std::time::Duration;

use super::file::GarbageCollect;
use super::{ConfigError, time};

/// Never swept below this age, whatever anybody asks for: a client that was told that we have a
/// blob has so long to ask for its checkout.
const AGE_MIN: Duration = Duration::from_hours(1);

/// Sweeping, as it was written or as Flamenco does it.
#[derive(Debug, Clone)]
pub struct Sweeping {
    /// Between two sweeps; none at all when it is zero.
    pub period: Duration,
    /// Blobs that were not used for longer are swept.
    pub max_age: Duration,
    /// No sweep may be asked for a shorter age.
    pub age_min: Duration,
    /// How long swept blobs stay in the trash.
    pub trash_grace: Duration,
    /// Most of the store's bytes, in percent, that one sweep may take.
    pub max_share: u8,
    /// Room that is never given to blobs.
    pub reserve: Room,
}

/// Room on the storage.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Room {
    /// So many bytes.
    Bytes(u64),
    /// So many percent of all.
    Percent(u8),
}

impl Sweeping {
    pub(super) fn new(
        written: GarbageCollect,
        trash_grace: Option<String>,
        max_share: Option<String>,
        reserve: Option<String>,
        age_min: Option<Duration>,
    ) -> Result<Self, ConfigError> {
        let day = Duration::from_hours(24);
        let max_age = time("shaman.garbageCollect.maxAge", written.max_age, 31 * day)?;
        let age_min = age_min.unwrap_or(AGE_MIN);
        if max_age < age_min {
            return Err(ConfigError::TooYoung);
        }
        let share = |key, text: String, or| {
            parse_percent(&text).ok_or(ConfigError::Share { key, text, or })
        };
        Ok(Self {
            period: time("shaman.garbageCollect.period", written.period, day)?,
            max_age,
            age_min,
            trash_grace: time("trash_grace", trash_grace, 3 * day)?,
            max_share: max_share.map_or(Ok(90), |text| share("max_sweep_share", text, ""))?,
            reserve: match reserve {
                None => Room::Percent(5),
                Some(text) => match parse_bytes(&text) {
                    Some(bytes) => Room::Bytes(bytes),
                    None => Room::Percent(share("reserve", text, " or like `20GB`")?),
                },
            },
        })
    }
}

fn parse_percent(text: &str) -> Option<u8> {
    text.trim().strip_suffix('%')?.trim().parse().ok().filter(|percent| *percent <= 100)
}

/// Reads `500MB`, `20 GiB`, `1TB` or plain bytes.
pub(super) fn parse_bytes(text: &str) -> Option<u64> {
    shaman_proto::parse_bytes(text).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn room_is_a_share_or_bytes() {
        let room = |text: &str| {
            let none = GarbageCollect::default();
            Sweeping::new(none, None, None, Some(text.into()), None).unwrap().reserve
        };
        assert_eq!(room("5%"), Room::Percent(5));
        assert_eq!(room("20 GB"), Room::Bytes(20_000_000_000));
        assert_eq!(room("1GiB"), Room::Bytes(1 << 30));
        assert_eq!(room("0"), Room::Bytes(0));
    }
}
