//! When to sweep, what, and how much room stays free.

use std::time::Duration;

use shaman_proto::parse_bytes;

use super::LONGEST;
use super::read::Reader;

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
    pub(super) fn read(reader: &mut Reader, age_min: Option<Duration>) -> Self {
        let age_min = age_min.unwrap_or(AGE_MIN);
        Self {
            period: reader.time("shaman.garbageCollect.period", Duration::ZERO, LONGEST),
            max_age: reader.time("shaman.garbageCollect.maxAge", age_min, LONGEST),
            age_min,
            trash_grace: reader.time("trash_grace", Duration::ZERO, LONGEST),
            max_share: reader.one("max_sweep_share", |text| {
                parse_percent(text)
                    .ok_or_else(|| format!("`{text}` is no share; write it like `5%`"))
            }),
            reserve: reader.one("reserve", parse_room),
        }
    }
}

fn parse_room(text: &str) -> Result<Room, String> {
    if let Ok(bytes) = parse_bytes(text) {
        return Ok(Room::Bytes(bytes));
    }
    let share = parse_percent(text).map(Room::Percent);
    share.ok_or_else(|| format!("`{text}` is no share; write it like `5%` or like `20GB`"))
}

fn parse_percent(text: &str) -> Option<u8> {
    text.trim().strip_suffix('%')?.trim().parse().ok().filter(|percent| *percent <= 100)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn room_is_a_share_or_bytes() {
        let room = |text: &str| parse_room(text).unwrap();
        assert_eq!(room("5%"), Room::Percent(5));
        assert_eq!(room("20 GB"), Room::Bytes(20_000_000_000));
        assert_eq!(room("1GiB"), Room::Bytes(1 << 30));
        assert_eq!(room("0"), Room::Bytes(0));
    }
}
