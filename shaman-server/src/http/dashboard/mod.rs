//! The dashboard: a page and its scripts, in the program itself.
//!
//! It is at `/shaman/`, and at `/` unless a Manager is behind us, whose page that is. All addresses
//! in it are relative, so it works behind any prefix; what it shows it gets from `/v1`, as any other
//! client. Nothing comes from elsewhere, and the browser is told so.

use axum::extract::Path;
use axum::http::{HeaderMap, HeaderValue, StatusCode, Uri, header};
use axum::response::{IntoResponse as _, Response};
use sha2::{Digest as _, Sha256};

use super::failure::Failure;
use super::route::{Route, get};
use crate::access::Access::Open;

/// Scripts and styles of our own, and nothing else; no other page may show it in a frame.
const POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
);

const SVG: &str = "image/svg+xml";
const STYLE: &str = "text/css; charset=utf-8";
const SCRIPT: &str = "text/javascript; charset=utf-8";

/// What stands in the page for the way to its files.
const BASE: &str = "{base}";

/// The page: the frame that all views share.
const PAGE: &str = include_str!("index.html");

/// Everything else, by name.
const FILES: &[(&str, &str, &str)] = &[
    ("app.js", SCRIPT, include_str!("app.js")),
    ("api.js", SCRIPT, include_str!("api.js")),
    ("chart.js", SCRIPT, include_str!("chart.js")),
    ("checkouts.js", SCRIPT, include_str!("checkouts.js")),
    ("dom.js", SCRIPT, include_str!("dom.js")),
    ("events.js", SCRIPT, include_str!("events.js")),
    ("icon.svg", SVG, include_str!("icon.svg")),
    ("overview.js", SCRIPT, include_str!("overview.js")),
    ("style.css", STYLE, include_str!("style.css")),
    ("upkeep.js", SCRIPT, include_str!("upkeep.js")),
    ("words.js", SCRIPT, include_str!("words.js")),
];

/// Where it is in any case.
pub(super) fn routes() -> Vec<Route> {
    vec![
        get("/shaman", Open, with_slash),
        get("/shaman/", Open, page),
        get("/shaman/{file}", Open, file),
    ]
}

/// The page at the root of the server.
pub(super) async fn root(headers: HeaderMap) -> Response {
    answer(&headers, "text/html; charset=utf-8", &PAGE.replace(BASE, "shaman/"))
}

async fn page(headers: HeaderMap) -> Response {
    answer(&headers, "text/html; charset=utf-8", &PAGE.replace(BASE, ""))
}

async fn file(Path(name): Path<String>, headers: HeaderMap) -> Result<Response, Failure> {
    let found = FILES.iter().find(|(file, ..)| *file == name);
    let Some((_, media_type, text)) = found else {
        return Err(Failure::new(
            StatusCode::NOT_FOUND,
            format!("the dashboard has no file {name}; it begins at /shaman/"),
        ));
    };
    Ok(answer(&headers, media_type, text))
}

/// Relative addresses need the slash at the end.
pub(super) async fn with_slash(uri: Uri) -> Response {
    let last = uri.path().rsplit('/').next().unwrap_or_default();
    let mut response = StatusCode::PERMANENT_REDIRECT.into_response();
    if let Ok(place) = HeaderValue::from_str(&format!("{last}/")) {
        response.headers_mut().insert(header::LOCATION, place);
    }
    response
}

/// The file, or that the client has it already. It is asked for each time, since the next version of
/// the server has another one.
fn answer(headers: &HeaderMap, media_type: &'static str, text: &str) -> Response {
    let digest = Sha256::digest(text.as_bytes());
    let tag = format!("\"{:016x}\"", u64::from_be_bytes(*digest.first_chunk().expect("32 bytes")));
    let known = headers.get(header::IF_NONE_MATCH).and_then(|value| value.to_str().ok());
    let is_known = known.is_some_and(|known| known.split(',').any(|one| one.trim() == tag));
    let mut response = if is_known {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        text.to_owned().into_response()
    };
    let nosniff = HeaderValue::from_static("nosniff");
    let tag = HeaderValue::from_str(&tag).expect("hex");
    for (name, value) in [
        (header::CONTENT_TYPE, HeaderValue::from_static(media_type)),
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::X_CONTENT_TYPE_OPTIONS, nosniff),
        (header::REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-cache")),
        (header::ETAG, tag),
    ] {
        response.headers_mut().insert(name, value);
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_file_that_is_named_is_there_and_nothing_comes_from_elsewhere() {
        let named = |text: &str| -> Vec<String> {
            let behind = ["\"./", BASE].into_iter().flat_map(|before| text.split(before).skip(1));
            behind.filter_map(|rest| Some(rest.split_once('"')?.0.to_owned())).collect()
        };
        let mut seen = 0;
        for text in FILES.iter().map(|(.., text)| *text).chain([PAGE]) {
            for name in named(text) {
                assert!(FILES.iter().any(|(file, ..)| *file == name), "{name}");
                seen += 1;
            }
            let elsewhere = text.replace("http://www.w3.org/", "");
            assert!(!elsewhere.contains("http:") && !elsewhere.contains("https:"));
        }
        assert!(seen > 15, "{seen}");
        assert!(!PAGE.contains("<script>") && !PAGE.contains("style="), "the policy forbids it");
    }
}
