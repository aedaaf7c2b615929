//! The text of the cache file, and nothing about files.
//!
//! ```text
//! "shaman hashes 1\n"
//! entry*    u32 length of the path   the path's bytes   u64 size   i64 mtime ns   i64 ctime ns
//!           u64 inode   32 bytes SHA-256   u32 day of last use (since 1970)
//! 32 bytes SHA-256 of all before
//! ```
//!
//! Numbers are little-endian. Promise: what `decode` takes is exactly what one `encode` gave; a
//! torn, bent or foreign file is refused as a whole.

use std::collections::HashMap;

use sha2::{Digest as _, Sha256};
use shaman_proto::Digest;

use super::Fingerprint;

const MAGIC: &[u8; 16] = b"shaman hashes 1\n";
const SUM_BYTES: usize = 32;

/// Bytes of an entry besides its path.
const FIXED_BYTES: usize = 4 + 8 + 8 + 8 + 8 + 32 + 4;

/// Path bytes to what was read there.
pub(super) type Entries = HashMap<Box<[u8]>, Entry>;

/// What a file was when it was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) fingerprint: Fingerprint,
    pub(super) digest: Digest,
    /// Days since 1970.
    pub(super) used_day: u32,
}

/// Bytes that an entry for this path takes.
pub(super) fn entry_bytes(path: &[u8]) -> usize {
    FIXED_BYTES + path.len()
}

/// Gives the bytes of the file. Paths too long for their length field are left out.
pub(super) fn encode(entries: &Entries) -> Vec<u8> {
    let length = entries.keys().map(|path| entry_bytes(path)).sum::<usize>();
    let mut bytes = Vec::with_capacity(MAGIC.len() + length + SUM_BYTES);
    bytes.extend_from_slice(MAGIC);
    for (path, entry) in entries {
        let Ok(length) = u32::try_from(path.len()) else { continue };
        bytes.extend_from_slice(&length.to_le_bytes());
        bytes.extend_from_slice(path);
        bytes.extend_from_slice(&entry.fingerprint.size.to_le_bytes());
        bytes.extend_from_slice(&entry.fingerprint.modified_ns.to_le_bytes());
        bytes.extend_from_slice(&entry.fingerprint.changed_ns.to_le_bytes());
        bytes.extend_from_slice(&entry.fingerprint.inode.to_le_bytes());
        bytes.extend_from_slice(entry.digest.as_bytes());
        bytes.extend_from_slice(&entry.used_day.to_le_bytes());
    }
    let sum = Sha256::digest(&bytes);
    bytes.extend_from_slice(&sum);
    bytes
}

/// Reads the bytes of the file; `None` when they are not what `encode` writes.
pub(super) fn decode(bytes: &[u8]) -> Option<Entries> {
    let (content, sum) = bytes.split_at_checked(bytes.len().checked_sub(SUM_BYTES)?)?;
    let mut rest = Rest(content.strip_prefix(MAGIC)?);
    if Sha256::digest(content).as_slice() != sum {
        return None;
    }
    let mut entries = Entries::new();
    while !rest.0.is_empty() {
        let length = u32::from_le_bytes(rest.take()?);
        let path = rest.take_slice(usize::try_from(length).ok()?)?;
        let entry = Entry {
            fingerprint: Fingerprint {
                size: u64::from_le_bytes(rest.take()?),
                modified_ns: i64::from_le_bytes(rest.take()?),
                changed_ns: i64::from_le_bytes(rest.take()?),
                inode: u64::from_le_bytes(rest.take()?),
            },
            digest: Digest::from_bytes(rest.take()?),
            used_day: u32::from_le_bytes(rest.take()?),
        };
        entries.insert(path.into(), entry);
    }
    Some(entries)
}

struct Rest<'a>(&'a [u8]);

impl<'a> Rest<'a> {
    fn take<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (taken, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(*taken)
    }

    fn take_slice(&mut self, length: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(taken)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn entries() -> impl Strategy<Value = Entries> {
        let path = proptest::collection::vec(any::<u8>(), 0..40);
        let entry =
            (any::<(u64, i64, i64, u64)>(), any::<[u8; 32]>(), any::<u32>()).prop_map(|it| {
                let ((size, modified_ns, changed_ns, inode), digest, used_day) = it;
                let fingerprint = Fingerprint { size, modified_ns, changed_ns, inode };
                Entry { fingerprint, digest: Digest::from_bytes(digest), used_day }
            });
        proptest::collection::hash_map(path.prop_map(Vec::into_boxed_slice), entry, 0..12)
            .prop_map(|map| map.into_iter().collect())
    }

    proptest! {
        #[test]
        fn what_was_written_is_read_back(entries in entries()) {
            prop_assert_eq!(decode(&encode(&entries)), Some(entries));
        }

        #[test]
        fn one_bent_byte_spoils_the_whole_file(entries in entries(), at: usize, by in 1_u8..) {
            let mut bytes = encode(&entries);
            let at = at % bytes.len();
            bytes[at] ^= by;
            prop_assert_eq!(decode(&bytes), None);
        }

        #[test]
        fn a_torn_file_is_no_file(entries in entries(), at: usize) {
            let bytes = encode(&entries);
            let at = at % bytes.len();
            prop_assert_eq!(decode(&bytes[..at]), None);
        }

        #[test]
        fn any_bytes_are_survived(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            prop_assert_eq!(decode(&bytes), None);
        }
    }
}
