//! How much one client may take from all others.

use std::time::Duration;

use shaman_proto::limits::{ENTRIES_MAX, JSON_BODY_BYTES_MAX};

use super::LONGEST;
use super::read::Reader;

/// Limits on connections and requests, as they were written or by default.
#[derive(Debug, Clone)]
pub struct Limits {
    /// Connections at once.
    pub connections: usize,
    /// Connections of one address at once.
    pub connections_per_address: usize,
    /// Longest time for the head of a request, and for a handshake.
    pub head_time: Duration,
    /// Longest time that a connection stays without a request.
    pub idle_time: Duration,
    /// Longest time in the middle of a request or answer in which nothing moves.
    pub pause: Duration,
    /// Least bytes a second that the sender of a body has to keep to; 0 for any.
    pub body_rate: u64,
    /// Most bytes of a list of files.
    pub list_bytes: u64,
    /// Most files in a list.
    pub entries: usize,
    /// Most bytes of a blob; 0 for any.
    pub blob_bytes: u64,
    /// Creates that run at once.
    pub creates: usize,
    /// Uploads of one client that run at once.
    pub uploads_per_client: usize,
}

impl Limits {
    pub(super) fn read(r: &mut Reader) -> Self {
        let second = Duration::from_secs(1);
        Self {
            connections: r.count("limits.connections", 1, 1_000_000),
            connections_per_address: r.count("limits.connections_per_address", 1, 1_000_000),
            head_time: r.time("limits.head_time", second, LONGEST),
            idle_time: r.time("limits.idle_time", second, LONGEST),
            pause: r.time("limits.pause", second, Duration::from_mins(2)),
            body_rate: r.one("limits.body_rate", |text| {
                super::parse_rate(text).ok_or_else(|| {
                    format!("`{text}` is no rate; write it like `1KB/s`, or `0` for none")
                })
            }),
            list_bytes: r.bytes("limits.list_bytes", 1 << 10, JSON_BODY_BYTES_MAX as u64),
            entries: r.count("limits.entries", 1, ENTRIES_MAX),
            blob_bytes: r.bytes("limits.blob_bytes", 0, u64::MAX),
            creates: r.count("limits.creates", 1, 1_000),
            uploads_per_client: r.count("limits.uploads_per_client", 1, 10_000),
        }
    }
}
