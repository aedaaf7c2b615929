//! The sender's name for a file, for the log and nothing else.

use axum::http::HeaderMap;
use shaman_proto::headers::ORIGINAL_FILENAME;

/// Characters of a name that go into the log.
const SHOWN_MAX: usize = 500;

/// The name as a person would read it: RFC 2047 words decoded where they can be, else as it was
/// sent. Control characters, which could forge lines of a log, become `?`.
pub(super) fn original(headers: &HeaderMap) -> String {
    let Some(value) = headers.get(ORIGINAL_FILENAME) else {
        return String::new();
    };
    let mut line = b"X: ".to_vec();
    line.extend_from_slice(value.as_bytes());
    let decoded = match mailparse::parse_header(&line) {
        Ok((header, _)) => header.get_value(),
        Err(_) => String::from_utf8_lossy(value.as_bytes()).into_owned(),
    };
    decoded.chars().take(SHOWN_MAX).map(|c| if c.is_control() { '?' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    fn shown(sent: &[u8]) -> String {
        let mut headers = HeaderMap::new();
        headers.insert(ORIGINAL_FILENAME, HeaderValue::from_bytes(sent).unwrap());
        original(&headers)
    }

    #[test]
    fn encoded_names_are_shown_decoded() {
        assert_eq!(shown(b"=?utf-8?q?a=2Etxt?="), "a.txt");
        assert_eq!(shown(b"=?utf-8?b?w6TDtsO8?="), "\u{e4}\u{f6}\u{fc}");
        assert_eq!(shown(b"=?utf-8?q?first_part?= =?utf-8?q?second?="), "first partsecond");
        assert_eq!(shown(b"plain/name.png"), "plain/name.png");
    }

    #[test]
    fn no_name_is_an_error() {
        for sent in [
            b"=?koi8-r?q?=C1?=".as_slice(),
            b"=?nonsense?q?x?=",
            b"=?utf-8?x?a?=",
            b"=?utf-8?b?!!!?=",
            b"\xff\xfe",
            b"=?utf-8?q?line=0Abreak?=",
            b"=?",
        ] {
            assert!(!shown(sent).chars().any(char::is_control));
        }
    }
}
