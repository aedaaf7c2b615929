//! Names of any bytes → text, since what creates checkouts knows nothing else.

use std::borrow::Cow;
use std::ffi::OsStr;

/// Gives the name that a file has in a pack: its own, but `_xE9` for each byte that is not UTF-8.
pub fn text(name: &OsStr) -> Cow<'_, str> {
    if let Some(name) = name.to_str() {
        return Cow::Borrowed(name);
    }
    let mut text = String::new();
    for chunk in name.as_encoded_bytes().utf8_chunks() {
        text.push_str(chunk.valid());
        text.extend(chunk.invalid().iter().map(|byte| format!("_x{byte:02X}")));
    }
    Cow::Owned(text)
}

#[cfg(all(test, unix))]
mod tests {
    use std::os::unix::ffi::OsStrExt as _;

    use super::*;

    #[test]
    fn bytes_that_are_no_text_are_spelled_out() {
        assert_eq!(text(OsStr::from_bytes(b"caf\xe9.png")), "caf_xE9.png");
        assert_eq!(text(OsStr::new("grün.png")), "grün.png");
    }
}
