//! The log of dm-log-writes: every write, in the order in which it was safe.
//!
//! ```text
//! sector 0    super: magic(8) version(8) entries(8) sector size(4)
//! then each   entry: sector(8) sectors(8) flags(8) length of a mark(8), and the mark
//!             and behind it, in sectors of their own, the bytes that were written
//! ```
//!
//! All numbers are little-endian. A write is logged when the flush behind it is through, right before
//! the flush itself; so what stands between two flushes lay in the disk's cache, in any order. A
//! mark is logged at once.

use std::fs::File;
use std::os::unix::fs::FileExt as _;
use std::path::Path;

const MAGIC: u64 = 0x6a_7366_7773_6872;

/// Bytes in a sector, in these logs.
const SECTOR: u64 = 512;

const FLUSH: u64 = 1;
const FUA: u64 = 2;
const DISCARD: u64 = 4;
const MARK: u64 = 8;

/// Something that happened to the disk.
#[derive(Debug, Clone)]
pub(crate) enum Entry {
    /// What was written until here is safe.
    Flush,
    /// Somebody said something.
    Mark(String),
    Write(Write),
}

/// Bytes that were written.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Write {
    /// Where on the disk, in bytes.
    pub(crate) to: u64,
    /// Where in the log; `None`: they were discarded.
    pub(crate) from: Option<u64>,
    /// How many.
    pub(crate) bytes: u64,
    /// Whether it was safe by itself.
    pub(crate) is_safe: bool,
}

/// Reads all entries, without the bytes.
pub(crate) fn entries(log: &Path) -> Vec<Entry> {
    let file = File::open(log).unwrap();
    let mut sector = [0; 512];
    file.read_exact_at(&mut sector, 0).unwrap();
    let number = |sector: &[u8], at: usize| {
        u64::from_le_bytes(sector[at * 8..][..8].try_into().expect("8 bytes"))
    };
    assert_eq!(number(&sector, 0), MAGIC, "{} is no log", log.display());
    assert_eq!(number(&sector, 3) & 0xFFFF_FFFF, SECTOR, "sectors have 512 bytes");
    let count = number(&sector, 2);
    let mut at = SECTOR;
    let mut entries = Vec::new();
    for _ in 0..count {
        file.read_exact_at(&mut sector, at).unwrap();
        at += SECTOR;
        let [to, sectors, flags, length] = [0, 1, 2, 3].map(|field| number(&sector, field));
        let bytes = sectors * SECTOR;
        if flags & MARK != 0 {
            let mark = &sector[32..][..usize::try_from(length).expect("it is short")];
            entries.push(Entry::Mark(String::from_utf8_lossy(mark).into_owned()));
        } else if bytes > 0 {
            let is_discard = flags & DISCARD != 0;
            entries.push(Entry::Write(Write {
                to: to * SECTOR,
                from: (!is_discard).then_some(at),
                bytes,
                is_safe: flags & FUA != 0,
            }));
            if !is_discard {
                at += bytes;
            }
        }
        if flags & FLUSH != 0 {
            entries.push(Entry::Flush);
        }
    }
    entries
}
