//! The byte order of a file.

/// Which end of a number comes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Endian {
    /// Lowest byte first, `v` in the header.
    Little,
    /// Highest byte first, `V` in the header; Blender for PowerPC wrote it until 2.7.
    Big,
}

impl Endian {
    /// Gives the unsigned number that up to eight bytes stand for.
    pub(super) fn unsigned(self, bytes: &[u8]) -> u64 {
        let push = |number: u64, byte: &u8| (number << 8) | u64::from(*byte);
        match self {
            Self::Little => bytes.iter().rev().fold(0, push),
            Self::Big => bytes.iter().fold(0, push),
        }
    }

    /// Gives the two's complement number that up to eight bytes stand for.
    pub(super) fn signed(self, bytes: &[u8]) -> i64 {
        let unused = 64 - 8 * u32::try_from(bytes.len().clamp(1, 8)).unwrap_or(8);
        (self.unsigned(bytes) << unused).cast_signed() >> unused
    }
}

#[cfg(test)]
mod tests {
    use super::Endian::{Big, Little};

    #[test]
    fn both_ends_and_signs_are_read() {
        assert_eq!(Little.unsigned(&[1, 2]), 0x0201);
        assert_eq!(Big.unsigned(&[1, 2]), 0x0102);
        assert_eq!(Little.signed(&[0xfe, 0xff]), -2);
        assert_eq!(Big.signed(&[0x7f]), 127);
        assert_eq!(Big.signed(&[0xff; 8]), -1);
        assert_eq!(Little.signed(&[]), 0);
    }
}
