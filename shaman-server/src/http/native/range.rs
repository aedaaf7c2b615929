//! `Range`: which part of a blob somebody wants.

use std::ops::Range;

/// What a `Range` header asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Wanted {
    /// All of it: no range, several, or one that is not understood. RFC 9110 lets a server pass
    /// over these, and nobody who wants files needs several parts in one answer.
    Whole,
    /// These bytes, of which there is one at least.
    Part(Range<u64>),
    /// There are no such bytes.
    Nothing,
}

/// Reads the value of a `Range` header for a blob of this size.
pub(super) fn wanted(header: Option<&str>, size: u64) -> Wanted {
    let Some(spec) = header.and_then(|header| header.trim().strip_prefix("bytes=")) else {
        return Wanted::Whole;
    };
    let Some((first, last)) = spec.trim().split_once('-') else { return Wanted::Whole };
    let range = match (number(first), number(last)) {
        // The last so many bytes.
        (Number::None, Number::Some(suffix)) => size.saturating_sub(suffix)..size,
        (Number::Some(first), Number::None) => first..size,
        (Number::Some(first), Number::Some(last)) if first <= last => {
            first..last.saturating_add(1).min(size)
        }
        _ => return Wanted::Whole,
    };
    if range.is_empty() { Wanted::Nothing } else { Wanted::Part(range) }
}

enum Number {
    None,
    Some(u64),
    Wrong,
}

/// Decimal digits and nothing else; a number beyond all sizes is the largest one.
fn number(text: &str) -> Number {
    if text.is_empty() {
        Number::None
    } else if text.bytes().all(|byte| byte.is_ascii_digit()) {
        Number::Some(text.parse().unwrap_or(u64::MAX))
    } else {
        Number::Wrong
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn ranges_are_read_as_the_rfc_says() {
        for (header, size, expected) in [
            ("bytes=0-4", 10, Wanted::Part(0..5)),
            ("bytes=5-", 10, Wanted::Part(5..10)),
            ("bytes=-3", 10, Wanted::Part(7..10)),
            ("bytes=-30", 10, Wanted::Part(0..10)),
            ("bytes=9-99", 10, Wanted::Part(9..10)),
            ("bytes=0-99999999999999999999999", 10, Wanted::Part(0..10)),
            ("bytes=10-", 10, Wanted::Nothing),
            ("bytes=-0", 10, Wanted::Nothing),
            ("bytes=0-0", 0, Wanted::Nothing),
            ("bytes=5-4", 10, Wanted::Whole),
            ("bytes=0-1,3-4", 10, Wanted::Whole),
            ("bytes=-", 10, Wanted::Whole),
            ("bytes=+1-2", 10, Wanted::Whole),
            ("lines=0-4", 10, Wanted::Whole),
            ("", 10, Wanted::Whole),
        ] {
            assert_eq!(wanted(Some(header), size), expected, "{header} of {size}");
        }
        assert_eq!(wanted(None, 10), Wanted::Whole);
    }

    proptest! {
        #[test]
        fn a_part_is_always_inside(header in "bytes=[-0-9, ]{0,24}", size in 0..u64::MAX) {
            if let Wanted::Part(range) = wanted(Some(&header), size) {
                prop_assert!(range.start < range.end && range.end <= size);
            }
        }
    }
}
