//! Rows. A row that does not decode counts as not there.
//!
//! ```text
//! blobs      stored_at(8) last_used(8) modified_ns(8)   since 1970; big endian
//! checkouts  created(8) files(8) bytes(8) owner    seconds, count, bytes; big endian; text, or nothing
//! jobs       path, line feed, mark                 text; a path has no line feed in it
//! ```

use shaman_proto::CheckoutPath;

/// What the index knows of a blob.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BlobRow {
    /// Seconds since 1970 when we first saw it.
    pub stored_at: u64,
    /// Seconds since 1970 when its mtime on disk was last set.
    pub last_used: u64,
    /// Nanoseconds since 1970 of that mtime, when its bytes were known to be right: another one on
    /// disk means that somebody wrote to it.
    pub modified_ns: u64,
}

/// What the index knows of a checkout.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CheckoutRow {
    /// Seconds since 1970 when it was made.
    pub created: u64,
    /// Files in it, without the manifest.
    pub files: u64,
    /// Their bytes, as a copy would take.
    pub bytes: u64,
    /// Whose it is, as its manifest says.
    pub owner: Option<String>,
}

/// What the index knows of a job of the Manager.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JobRow {
    /// The checkout that it was given.
    pub checkout: CheckoutPath,
    /// Tells that checkout from later ones at the same path.
    pub mark: String,
}

impl JobRow {
    pub(super) fn encode(&self) -> String {
        format!("{}\n{}", self.checkout, self.mark)
    }

    pub(super) fn decode(bytes: &[u8]) -> Option<Self> {
        let (checkout, mark) = std::str::from_utf8(bytes).ok()?.split_once('\n')?;
        Some(Self { checkout: checkout.parse().ok()?, mark: mark.to_owned() })
    }
}

impl BlobRow {
    pub(super) fn encode(self) -> [u8; 24] {
        encode([self.stored_at, self.last_used, self.modified_ns])
    }

    pub(super) fn decode(bytes: &[u8]) -> Option<Self> {
        let [stored_at, last_used, modified_ns] = decode(bytes)?;
        Some(Self { stored_at, last_used, modified_ns })
    }
}

impl CheckoutRow {
    pub(super) fn encode(&self) -> Vec<u8> {
        let numbers: [u8; 24] = encode([self.created, self.files, self.bytes]);
        let mut row = numbers.to_vec();
        row.extend_from_slice(self.owner.as_deref().unwrap_or_default().as_bytes());
        row
    }

    pub(super) fn decode(bytes: &[u8]) -> Option<Self> {
        let (numbers, owner) = bytes.split_at_checked(24)?;
        let [created, files, bytes] = decode(numbers)?;
        let owner = std::str::from_utf8(owner).ok()?;
        let owner = (!owner.is_empty()).then(|| owner.to_owned());
        Some(Self { created, files, bytes, owner })
    }
}

fn encode<const N: usize, const B: usize>(numbers: [u64; N]) -> [u8; B] {
    let mut bytes = [0; B];
    for (field, number) in bytes.chunks_exact_mut(8).zip(numbers) {
        field.copy_from_slice(&number.to_be_bytes());
    }
    bytes
}

fn decode<const N: usize>(bytes: &[u8]) -> Option<[u64; N]> {
    if bytes.len() != N * 8 {
        return None;
    }
    let mut numbers = [0; N];
    for (number, field) in numbers.iter_mut().zip(bytes.chunks_exact(8)) {
        *number = u64::from_be_bytes(field.try_into().ok()?);
    }
    Some(numbers)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_read_back_and_others_count_as_not_there() {
        let owner = Some("alice".to_owned());
        let row = CheckoutRow { created: 1, files: 2, bytes: u64::MAX, owner };
        assert_eq!(CheckoutRow::decode(&row.encode()), Some(row.clone()));
        assert_eq!(CheckoutRow::decode(&row.encode()[..23]), None);
        let row = CheckoutRow { owner: None, ..row };
        assert_eq!(CheckoutRow::decode(&row.encode()), Some(row.clone()));
        assert_eq!(BlobRow::decode(&row.encode()[..16]), None);
        assert_eq!(BlobRow::decode(&[]), None);
        let row = JobRow { checkout: "a/b".parse().unwrap(), mark: "1 2".into() };
        assert_eq!(JobRow::decode(row.encode().as_bytes()), Some(row));
        assert_eq!(JobRow::decode(b"a/b"), None);
    }
}
