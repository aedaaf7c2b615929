//! Job names as names of directories that every worker can read.

use std::borrow::Cow;

use crate::limits::COMPONENT_BYTES_MAX;

/// Names that Windows keeps for devices, with any ending
/// (<https://learn.microsoft.com/windows/win32/fileio/naming-a-file>).
const DEVICES: &[&str] = &["con", "prn", "aux", "nul", "conin$", "conout$", "clock$"];

/// Devices that have a number.
const NUMBERED_DEVICES: &[&str] = &["com", "lpt"];

/// Says whether a character is replaced: stock servers refuse it or Windows workers cannot read it.
pub(crate) fn is_replaced(c: char) -> bool {
    c.is_control() || r#"?*:;{}\<>|""#.contains(c)
}

/// One component (neither `.` nor `..`), readable everywhere. Doing it twice changes nothing.
pub(crate) fn readable(component: &str) -> Cow<'_, str> {
    if !component.chars().any(is_replaced)
        && !component.ends_with(['.', ' '])
        && !is_device(component)
        && component.len() <= COMPONENT_BYTES_MAX
    {
        return component.into();
    }
    let mut name: String =
        component.chars().map(|c| if is_replaced(c) { '_' } else { c }).collect();
    // Windows leaves them away without a word.
    let kept = name.trim_end_matches(['.', ' ']).len();
    let lost = name.len() - kept;
    name.truncate(kept);
    name.extend(std::iter::repeat_n('_', lost));
    if is_device(&name) {
        let stem = name.find('.').unwrap_or(name.len());
        name.insert(stem, '_');
    }
    if name.len() > COMPONENT_BYTES_MAX {
        let mark = format!("-{:08x}", fingerprint(component));
        let mut end = COMPONENT_BYTES_MAX - mark.len();
        while !name.is_char_boundary(end) {
            end -= 1;
        }
        name.truncate(end);
        name.push_str(&mark);
    }
    name.into()
}

fn is_device(component: &str) -> bool {
    let stem = component.split('.').next().unwrap_or_default().trim_end();
    if DEVICES.iter().any(|device| stem.eq_ignore_ascii_case(device)) {
        return true;
    }
    let mut chars = stem.chars();
    let is_number = matches!(chars.next_back(), Some('0'..='9' | '\u{b9}' | '\u{b2}' | '\u{b3}'));
    is_number && NUMBERED_DEVICES.iter().any(|device| chars.as_str().eq_ignore_ascii_case(device))
}

/// 32-bit FNV-1a: tells cut names apart, and is the same everywhere and always.
fn fingerprint(text: &str) -> u32 {
    text.bytes()
        .fold(0x811c_9dc5, |hash: u32, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193))
}
