//! `Trace`: where a request stands among others, as its client says (W3C Trace Context).

use axum::http::{HeaderMap, HeaderName};

const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");
const TRACESTATE: HeaderName = HeaderName::from_static("tracestate");

/// Longest `tracestate` that is taken over; the standard asks for so much.
const STATE_LENGTH_MAX: usize = 512;

/// The bit that says that a trace is kept.
const SAMPLED: u8 = 1;

/// The trace that a request belongs to, and its own place in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trace {
    /// Of the whole trace.
    pub(super) id: u128,
    /// Of the request itself.
    pub(super) span: u64,
    /// The client's span.
    pub(super) parent: Option<u64>,
    /// What other systems said along the way.
    pub(super) state: Option<String>,
}

impl Trace {
    /// Of a request with these headers: the client's trace, else one of our own. `None`: the client
    /// says that nobody keeps its trace.
    pub fn of(headers: &HeaderMap) -> Option<Self> {
        let span = fastrand::u64(1..);
        let said = headers.get(TRACEPARENT).and_then(|value| read(value.as_bytes()));
        let Some((id, parent, flags)) = said else {
            return Some(Self { id: fastrand::u128(1..), span, parent: None, state: None });
        };
        let state = headers.get(TRACESTATE).and_then(|value| value.to_str().ok());
        let state = state.filter(|state| (1..=STATE_LENGTH_MAX).contains(&state.len()));
        (flags & SAMPLED != 0).then(|| Self {
            id,
            span,
            parent: Some(parent),
            state: state.map(str::to_owned),
        })
    }
}

/// Trace, span and flags of `00-…32 digits…-…16 digits…-01`. Later versions may have more behind it.
fn read(text: &[u8]) -> Option<(u128, u64, u8)> {
    let text = std::str::from_utf8(text).ok()?;
    let mut parts = text.split('-');
    let version = hex(parts.next()?, 2)?;
    let (id, parent) = (hex(parts.next()?, 32)?, hex(parts.next()?, 16)?);
    let flags = hex(parts.next()?, 2)?;
    let is_known = version != 0xff && (version != 0 || parts.next().is_none());
    if !is_known || id == 0 || parent == 0 {
        return None;
    }
    Some((id, u64::try_from(parent).ok()?, u8::try_from(flags).ok()?))
}

/// So many digits, all of them small, as the standard has it.
fn hex(text: &str, digits: usize) -> Option<u128> {
    let is_hex = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
    let is_right = text.len() == digits && text.bytes().all(is_hex);
    is_right.then(|| u128::from_str_radix(text, 16).ok()).flatten()
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";

    fn of(traceparent: &str) -> Option<Trace> {
        let mut headers = HeaderMap::new();
        headers.insert(TRACEPARENT, HeaderValue::from_str(traceparent).unwrap());
        headers.insert(TRACESTATE, HeaderValue::from_static("farm=7"));
        Trace::of(&headers)
    }

    #[test]
    fn a_client_s_trace_goes_on() {
        for behind in ["00", "cc"].map(|version| format!("{version}-{TRACE}-00f067aa0ba902b7-01")) {
            let trace = of(&behind).unwrap();
            assert_eq!(format!("{:032x}", trace.id), TRACE);
            assert_eq!(trace.parent, Some(0x00f0_67aa_0ba9_02b7));
            assert_eq!(trace.state.as_deref(), Some("farm=7"));
            assert_ne!(trace.span, 0);
        }
        assert!(of(&format!("01-{TRACE}-00f067aa0ba902b7-01-more")).unwrap().parent.is_some());
        assert_eq!(of(&format!("00-{TRACE}-00f067aa0ba902b7-00")), None, "nobody keeps it");
    }

    #[test]
    fn what_is_no_trace_begins_one() {
        for text in [
            String::new(),
            "00-x".to_owned(),
            format!("00-{TRACE}-00f067aa0ba902b7"),
            format!("00-{TRACE}-00f067aa0ba902b7-01-more"),
            format!("ff-{TRACE}-00f067aa0ba902b7-01"),
            format!("00-{}-00f067aa0ba902b7-00", TRACE.to_uppercase()),
            format!("00-{}-00f067aa0ba902b7-00", "0".repeat(32)),
            format!("00-{TRACE}-{}-00", "0".repeat(16)),
        ] {
            let trace = of(&text).unwrap();
            assert_eq!((trace.parent, trace.state.as_deref()), (None, None), "{text}");
            assert_ne!(format!("{:032x}", trace.id), TRACE, "{text}");
        }
        assert_ne!(Trace::of(&HeaderMap::new()), Trace::of(&HeaderMap::new()));
    }
}
