//! Names with a number in them: frames and tiles.

use super::disk;
use super::paths;

/// A name with a number in it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Pattern {
    head: Vec<u8>,
    tail: Vec<u8>,
    number: Number,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Number {
    /// A frame, with at least that many digits.
    Frame(usize),
    /// 1001 to 2000: u + 10 v + 1001.
    Udim,
    /// `u1_v1`: u + 1, v + 1.
    Uv,
}

impl Pattern {
    /// Takes the last run of digits before the ending for the number of a frame.
    pub(super) fn number(name: &[u8]) -> Option<Self> {
        let stem = name.iter().rposition(|byte| *byte == b'.').unwrap_or(name.len());
        let end = name.get(..stem)?.iter().rposition(u8::is_ascii_digit)? + 1;
        let start = name.get(..end)?.iter().rposition(|byte| !byte.is_ascii_digit());
        let start = start.map_or(0, |last| last + 1);
        let (head, tail) = (name.get(..start)?, name.get(end..)?);
        Some(Self { head: head.into(), tail: tail.into(), number: Number::Frame(end - start) })
    }

    /// Finds `<UDIM>` or `<UVTILE>`; without them, as in files before 3.0, the number of a tile.
    pub(super) fn tile(name: &[u8]) -> Option<Self> {
        for (token, number) in [(b"<UDIM>".as_slice(), Number::Udim), (b"<UVTILE>", Number::Uv)] {
            let at = name.windows(token.len()).position(|part| part.eq_ignore_ascii_case(token));
            if let Some(at) = at {
                let (head, tail) = (name.get(..at)?, name.get(at + token.len()..)?);
                return Some(Self { head: head.into(), tail: tail.into(), number });
            }
        }
        let numbered = Self::number(name)?;
        Some(Self { number: Number::Udim, ..numbered })
    }

    /// Gives the name that has this number, for tiles as `tile_number` counts them.
    pub(super) fn name(&self, number: u32) -> Vec<u8> {
        let text = match self.number {
            Number::Frame(digits) => format!("{number:0digits$}"),
            Number::Udim => number.to_string(),
            Number::Uv => {
                let tile = number.saturating_sub(1001);
                format!("u{}_v{}", tile % 10 + 1, tile / 10 + 1)
            }
        };
        [&self.head, text.as_bytes(), &self.tail].concat()
    }

    /// Tells whether a name is like this one but for the number.
    #[cfg(test)]
    fn is_like(&self, name: &[u8]) -> bool {
        self.number_in(name).is_some()
    }

    /// Gives the number, as it is written, in a name that is like this one but for it.
    pub(super) fn number_in<'a>(&self, name: &'a [u8]) -> Option<&'a [u8]> {
        let rest = name.strip_prefix(self.head.as_slice())?;
        let number = rest.strip_suffix(self.tail.as_slice())?;
        self.number.is_like(number).then_some(number)
    }

    /// Gives the name with a number as it is written.
    pub(super) fn with(&self, number: &[u8]) -> Vec<u8> {
        [&self.head, number, &self.tail].concat()
    }

    /// Gives the same pattern for names in lower case.
    pub(super) fn lower(&self) -> Self {
        let lower = |part: &[u8]| disk::lower(&paths::os_string(part.to_vec())).into_bytes();
        Self { head: lower(&self.head), tail: lower(&self.tail), number: self.number }
    }

    /// Gives what stands before the number.
    pub(super) fn head(&self) -> &[u8] {
        &self.head
    }
}

impl Number {
    fn is_like(&self, text: &[u8]) -> bool {
        let is_number = |text: &[u8]| !text.is_empty() && text.iter().all(u8::is_ascii_digit);
        match self {
            // Frames beyond the digits of the first one have more, and then no leading zero.
            Self::Frame(digits) => {
                is_number(text)
                    && (text.len() == *digits
                        || text.len() > *digits && text.first() != Some(&b'0'))
            }
            Self::Udim => {
                text.len() == 4 && is_number(text) && (b"1001".as_slice()..=b"2000").contains(&text)
            }
            Self::Uv => text.strip_prefix(b"u").is_some_and(|text| {
                let mut parts = text.splitn(2, |byte| *byte == b'_');
                let (u, v) = (parts.next(), parts.next().and_then(|v| v.strip_prefix(b"v")));
                u.is_some_and(is_number) && v.is_some_and(is_number)
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frames(name: &str) -> impl Fn(&str) -> bool {
        let pattern = Pattern::number(name.as_bytes()).unwrap();
        move |name| pattern.is_like(name.as_bytes())
    }

    #[test]
    fn a_frame_differs_in_its_last_number_only() {
        let is_frame = frames("v2_clock_0009.png");
        assert!(is_frame("v2_clock_0010.png"));
        assert!(is_frame("v2_clock_10000.png"));
        for other in [
            "v1_clock_0009.png",
            "v2_clock.png",
            "v2_clock_0009_old.png",
            "v2_clock_0009.png.txt",
            "v2_clock_010.png",
            "v2_clock_00010.png",
        ] {
            assert!(!is_frame(other), "{other}");
        }
    }

    #[test]
    fn what_follows_the_number_must_be_the_same() {
        let is_frame = frames("eye12_L.exr");
        assert!(is_frame("eye13_L.exr") && is_frame("eye100_L.exr"));
        assert!(!is_frame("eye13_R.exr"));
        assert!(frames("7")("8"));
        assert_eq!(Pattern::number(b"plate.mp4"), None);
    }

    #[test]
    fn tiles_are_found_by_token_or_by_number() {
        let udim = Pattern::tile(b"skin.<UDIM>.png").unwrap();
        assert!(udim.is_like(b"skin.1001.png") && udim.is_like(b"skin.2000.png"));
        assert!(!udim.is_like(b"skin.1000.png") && !udim.is_like(b"skin.10010.png"));
        assert_eq!(udim.name(1012), b"skin.1012.png");
        assert_eq!(Pattern::tile(b"skin.1001.png").unwrap(), udim);

        let uv = Pattern::tile(b"skin.<UVTILE>.png").unwrap();
        assert!(uv.is_like(b"skin.u1_v1.png") && uv.is_like(b"skin.u10_v12.png"));
        assert!(!uv.is_like(b"skin.u1_v1.copy.png") && !uv.is_like(b"skin.png"));
        assert_eq!(uv.name(1012), b"skin.u2_v2.png");
    }

    #[test]
    fn in_lower_case_all_cases_are_alike() {
        let pattern = Pattern::number("Čas_01.PNG".as_bytes()).unwrap().lower();
        assert!(pattern.is_like("čas_02.png".as_bytes()));
    }
}
