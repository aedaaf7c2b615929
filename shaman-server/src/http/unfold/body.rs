//! Bodies: how long the one behind a head is.

use super::chunks::Chunks;

/// Most headers in a head; the parser's own limit.
const HEADERS_MAX: usize = 100;

/// A body, and how much of it is still to come.
#[derive(Debug)]
pub(super) enum Body {
    /// So many bytes.
    Length(u64),
    /// Chunks.
    Chunked(Chunks),
}

/// The bytes are no body that the parser would take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Unclear;

impl Body {
    /// The body that follows this head, read with hyper's parser and hyper's rules; `None` when
    /// hyper will refuse the request, or when what follows is no HTTP.
    pub(super) fn after(head: &[u8]) -> Option<Self> {
        // Empty lines before a request are skipped.
        if matches!(head, b"\n" | b"\r\n") {
            return Some(Self::Length(0));
        }
        let mut headers = [httparse::EMPTY_HEADER; HEADERS_MAX];
        let mut request = httparse::Request::new(&mut headers);
        match request.parse(head) {
            Ok(httparse::Status::Complete(length)) if length == head.len() => {}
            _ => return None,
        }
        if request.method == Some("CONNECT") {
            return None;
        }
        let (mut length, mut encoding) = (None, None);
        for header in request.headers.iter() {
            if header.name.eq_ignore_ascii_case("transfer-encoding") {
                encoding = Some(header.value);
            } else if encoding.is_none() && header.name.eq_ignore_ascii_case("content-length") {
                let announced = digits(header.value)?;
                if length.is_some_and(|length| length != announced) {
                    return None;
                }
                length = Some(announced);
            }
        }
        match encoding {
            None => Some(Self::Length(length.unwrap_or(0))),
            Some(_) if request.version != Some(1) => None,
            Some(value) => {
                let last = value.rsplit(|byte| *byte == b',').next()?.trim_ascii();
                last.eq_ignore_ascii_case(b"chunked").then(|| Self::Chunked(Chunks::default()))
            }
        }
    }

    /// Takes what belongs to the body off the front of `bytes`, and says how much that is.
    pub(super) fn take(&mut self, bytes: &[u8]) -> Result<usize, Unclear> {
        match self {
            Self::Length(left) => {
                let taken = (*left).min(bytes.len() as u64);
                *left -= taken;
                Ok(usize::try_from(taken).expect("no more than there are bytes"))
            }
            Self::Chunked(chunks) => chunks.take(bytes),
        }
    }

    /// Says whether nothing of it is left.
    pub(super) fn has_ended(&self) -> bool {
        match self {
            Self::Length(left) => *left == 0,
            Self::Chunked(chunks) => chunks.has_ended(),
        }
    }
}

fn digits(value: &[u8]) -> Option<u64> {
    let text = std::str::from_utf8(value).ok()?;
    if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    text.parse().ok()
}
