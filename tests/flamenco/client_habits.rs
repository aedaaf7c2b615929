//! What the generated client and urllib3 do with odd answers.

use std::time::{Duration, Instant};

use shaman_tests::addon::{Addon, ApiError, Release, Spec, Uploaded};
use shaman_tests::manager::Fault;

use crate::studio::Studio;

fn instead(status: u16, fields: &[(&str, &str)], body: &[u8]) -> Fault {
    let fields =
        fields.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    Fault::Instead { status, fields, body: body.to_vec() }
}

const ALWAYS: usize = usize::MAX;
const FILES: &str = "/api/v3/shaman/files/";

#[test]
fn a_busy_answer_to_a_get_is_tried_again_after_the_pause_it_asks_for() {
    let studio = Studio::without_shaman();
    studio.manager.plan("GET", "/api/v3/version", instead(503, &[("Retry-After", "1")], b""), 1);
    let start = Instant::now();
    studio.addon().get_json("/api/v3/version").unwrap();
    assert!(start.elapsed() >= Duration::from_secs(1));
    assert_eq!(studio.manager.seen().len(), 2);
}

#[test]
fn a_get_is_given_up_after_three_more_tries() {
    let studio = Studio::without_shaman();
    studio.manager.plan(
        "GET",
        "/api/v3/version",
        instead(429, &[("Retry-After", "0")], b""),
        ALWAYS,
    );
    let error = studio.addon().get_json("/api/v3/version").unwrap_err();
    assert_eq!(error.refused(), Some(429));
    assert_eq!(studio.manager.seen().len(), 4);
}

#[test]
fn redirects_in_a_circle_are_given_up_after_three_more() {
    let studio = Studio::without_shaman();
    studio.manager.plan(
        "GET",
        "/api/v3/version",
        instead(302, &[("Location", "/api/v3/version")], b""),
        ALWAYS,
    );
    let error = studio.addon().get_json("/api/v3/version").unwrap_err();
    assert!(matches!(error, ApiError::RedirectedTooOften { status: 302 }), "{error}");
    assert_eq!(studio.manager.seen().len(), 4);
}

#[test]
fn other_redirects_of_a_post_keep_its_body_and_303_becomes_a_get() {
    for (status, expected) in [(301, "POST"), (302, "POST"), (308, "POST"), (303, "GET")] {
        let studio = Studio::with_shaman();
        studio.manager.plan(
            "POST",
            FILES,
            instead(status, &[("Location", "/api/v3/version")], b""),
            1,
        );
        drop(studio.addon().upload(&Spec::new("a", b"abc"), false));
        let seen = studio.manager.seen();
        let body: &[u8] = if expected == "POST" { b"abc" } else { b"" };
        assert_eq!(
            (seen[1].method.as_str(), seen[1].body.as_slice()),
            (expected, body),
            "{status}"
        );
    }
}

#[test]
fn a_busy_answer_to_a_post_is_final() {
    let studio = Studio::with_shaman();
    studio.manager.plan("POST", FILES, instead(503, &[("Retry-After", "0")], b"later"), ALWAYS);
    let error = studio.addon().upload(&Spec::new("a", b"a"), false).unwrap_err();
    assert_eq!(error.refused(), Some(503));
    assert_eq!(studio.manager.seen().len(), 1);
}

#[test]
fn a_get_survives_broken_connections_and_a_post_does_not() {
    let studio = Studio::with_shaman();
    studio.manager.plan("GET", "/api/v3/version", Fault::CutAnswer, 2);
    studio.manager.plan("POST", FILES, Fault::NoAnswer, 1);
    let mut addon = studio.addon();
    addon.get_json("/api/v3/version").unwrap();
    assert_eq!(studio.manager.seen().len(), 3);
    let error = addon.upload(&Spec::new("a", b"a"), false).unwrap_err();
    assert!(matches!(error, ApiError::Connection(_)), "{error}");
    assert_eq!(addon.exchanges().last().unwrap().brief(), "POST upload broken");
}

#[test]
fn an_upload_follows_a_redirect_with_all_its_body_to_another_origin() {
    let (studio, other) = (Studio::without_shaman(), Studio::with_shaman());
    let file = Spec::new("a", &vec![7; 300_000]);
    let location = format!("{}{FILES}{}/{}", other.manager.url(), file.sha, file.size);
    studio.manager.plan("POST", FILES, instead(307, &[("Location", &location)], b""), 1);
    assert_eq!(studio.addon().upload(&file, false).unwrap(), Uploaded::Done);
    assert_eq!(other.manager.seen()[0].body_sha256, file.sha);
}

#[test]
fn an_answer_before_the_body_is_read_is_enough() {
    let studio = Studio::with_shaman();
    studio.manager.plan("POST", FILES, Fault::EarlyThenRead(208), 1);
    studio.manager.plan("POST", FILES, Fault::EarlyThenClose(208), 1);
    let mut addon = studio.addon();
    let file = Spec::new("a", &vec![7; 20_000_000]);
    assert_eq!(addon.upload(&file, false).unwrap(), Uploaded::Done);
    assert_eq!(addon.upload(&file, false).unwrap(), Uploaded::Done);
    // The first body is read after its answer.
    studio.manager.wait_for(Duration::from_secs(30), |seen| seen.body_bytes == 20_000_000).unwrap();
    assert_eq!(studio.manager.seen()[1].body_bytes, 0);
    addon.get_json("/api/v3/version").unwrap();
}

#[test]
fn answers_are_checked_field_by_field() {
    let requirements = "/api/v3/shaman/checkout/requirements";
    let bad = [
        r#"{"files":null}"#,
        "{}",
        r#"{"files":[{"path":"a","sha":"ab","size":"1","status":"unknown"}]}"#,
        r#"{"files":[{"path":"a","sha":"ab","size":1.0,"status":"unknown"}]}"#,
        r#"{"files":[{"path":"a","sha":"ab","size":1,"status":"missing"}]}"#,
        r#"{"files":[{"path":"a","sha":"ab","status":"unknown"}]}"#,
        "not JSON",
    ];
    let studio = Studio::with_shaman();
    for body in bad {
        studio.manager.plan("POST", requirements, instead(200, &[], body.as_bytes()), 1);
        let error = studio.addon().requirements(&[Spec::new("a", b"a")]).unwrap_err();
        assert!(matches!(error, ApiError::Unexpected(_)), "{body}: {error}");
    }
    let fine =
        r#"{"files":[{"path":"a","sha":"ab","size":1,"status":"uploading","new":1}],"more":{}}"#;
    studio.manager.plan(
        "POST",
        requirements,
        instead(200, &[("Content-Type", "text/html")], fine.as_bytes()),
        1,
    );
    let wanted = studio.addon().requirements(&[Spec::new("a", b"a")]).unwrap();
    assert!(wanted[0].uploading && wanted[0].path == "a");
}

#[test]
fn an_error_that_is_not_utf_8_ends_the_client_with_another_exception() {
    let studio = Studio::with_shaman();
    studio.manager.plan("POST", FILES, instead(417, &[], b"Gr\xf6\xdfe"), 1);
    let error = studio.addon().upload(&Spec::new("a", b"a"), false).unwrap_err();
    assert!(matches!(error, ApiError::NotUnicode { status: 417 }), "{error}");
}

#[test]
fn nobody_listening_is_a_failed_connection() {
    let mut studio = Studio::without_shaman();
    studio.manager.stop();
    let error = studio.addon().get_json("/api/v3/version").unwrap_err();
    assert!(matches!(error, ApiError::Connection(_)), "{error}");
}

#[test]
fn an_old_add_on_fails_before_it_sends_a_name_that_is_not_latin_1() {
    let studio = Studio::with_shaman();
    let mut addon = Addon::new(&studio.manager.url(), Release::Before36);
    let error = addon.upload(&Spec::new("日.png", b"a"), false).unwrap_err();
    assert!(matches!(error, ApiError::NotLatin1(_)), "{error}");
    assert!(studio.manager.seen().is_empty());
}
