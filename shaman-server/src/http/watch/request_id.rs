//! `X-Request-Id`: the client's own, if it is sane, else one of ours; it is in the answer and in
//! the log.

use axum::http::{HeaderMap, HeaderName, HeaderValue};

/// The header.
pub(super) const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Longest one that is taken over: room for a UUID and a bit.
const LENGTH_MAX: usize = 64;

/// The id of a request with these headers.
pub(super) fn of(headers: &HeaderMap) -> HeaderValue {
    match headers.get(REQUEST_ID) {
        Some(id) if is_sane(id) => id.clone(),
        _ => HeaderValue::from_str(&format!("{:016x}", fastrand::u64(..))).expect("hex"),
    }
}

/// Nothing that could be taken for something else in a log or a shell.
fn is_sane(id: &HeaderValue) -> bool {
    let id = id.as_bytes();
    (1..=LENGTH_MAX).contains(&id.len())
        && id.iter().all(|byte| byte.is_ascii_alphanumeric() || b"-_.:".contains(byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sane_id_is_taken_over() {
        let of = |id: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(REQUEST_ID, HeaderValue::from_str(id).unwrap());
            super::of(&headers).to_str().unwrap().to_owned()
        };
        assert_eq!(of("9f86-d081.a:b_c"), "9f86-d081.a:b_c");
        for id in ["", "a b", "a\"b", &"x".repeat(65)] {
            let ours = of(id);
            assert!(ours.len() == 16 && ours != id, "{ours}");
        }
        assert_ne!(super::of(&HeaderMap::new()), super::of(&HeaderMap::new()));
    }
}
