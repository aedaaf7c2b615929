//! The add-on's bytes, against those of urllib3 2.2.3.

use shaman_tests::addon::{Addon, Release, Spec};
use shaman_tests::manager::Fault;

use crate::studio::Studio;

/// What urllib3 2.2.3 under Python 3.11 sent when it was given the fields in the order of the
/// generated client.
const SEEN_UPLOAD: &[u8] = b"POST /api/v3/up HTTP/1.1\r\nHost: 127.0.0.1:59947\r\nAccept-Encoding: identity\r\nContent-Length: 3\r\n\
X-Shaman-Can-Defer-Upload: True\r\nX-Shaman-Original-Filename: =?utf-8?q?aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa?=\n =?utf-8?q?aaaa=2Etxt?=\r\n\
Accept: application/json\r\nContent-Type: application/octet-stream\r\nUser-Agent: Flamenco/3.9-beta1 (Blender add-on)\r\n\r\n";

const SEEN_GET: &[u8] = b"GET /api/v3/version HTTP/1.1\r\nHost: 127.0.0.1:59947\r\nAccept-Encoding: identity\r\nAccept: application/json\r\nUser-Agent: Flamenco/3.9-beta1 (Blender add-on)\r\n\r\n";

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

#[test]
fn an_upload_of_a_folding_release_is_byte_for_byte_what_urllib3_sends() {
    let studio = Studio::with_shaman();
    let mut addon = Addon::new(&studio.manager.url(), Release::Folding).of_version("3.9-beta1");
    let file = Spec::new(&format!("{}.txt", "a".repeat(70)), b"abc");
    addon.upload(&file, true).unwrap();

    let target = format!("/api/v3/shaman/files/{}/3", file.sha);
    let host = studio.manager.address().to_string();
    let expected =
        text(SEEN_UPLOAD).replace("/api/v3/up", &target).replace("127.0.0.1:59947", &host);
    let seen = studio.manager.seen();
    assert_eq!(text(&seen[0].head.raw), expected);
    assert_eq!((seen[0].body.as_slice(), seen[0].status), (b"abc".as_slice(), Some(200)));
}

#[test]
fn a_get_is_byte_for_byte_what_urllib3_sends() {
    let studio = Studio::without_shaman();
    studio.addon().get_json("/api/v3/version").unwrap();
    let host = studio.manager.address().to_string();
    assert_eq!(
        text(&studio.manager.seen()[0].head.raw),
        text(SEEN_GET).replace("127.0.0.1:59947", &host)
    );
}

#[test]
fn an_empty_file_is_sent_with_its_length() {
    let studio = Studio::with_shaman();
    studio.addon().upload(&Spec::new("empty", b""), false).unwrap();
    let seen = studio.manager.seen();
    assert_eq!(seen[0].head.text("Content-Length").unwrap(), "0");
    assert_eq!(seen[0].head.text("X-Shaman-Can-Defer-Upload").unwrap(), "False");
}

#[test]
fn requests_follow_each_other_on_one_connection() {
    let studio = Studio::with_shaman();
    let mut addon = studio.addon();
    for nth in 0..3 {
        addon.upload(&Spec::new("file", format!("{nth}").as_bytes()), false).unwrap();
    }
    let seen = studio.manager.seen();
    assert_eq!(seen.iter().map(|seen| seen.nth).collect::<Vec<_>>(), [0, 1, 2]);
    assert!(seen[2].kept() && !addon.exchanges()[0].kept && addon.exchanges()[2].kept);
}

#[test]
fn a_manager_that_started_again_gets_a_new_connection() {
    let mut studio = Studio::with_shaman();
    let mut addon = studio.addon();
    addon.get_json("/api/v3/version").unwrap();
    studio.manager.stop();
    studio.manager.start_again().unwrap();
    // Nothing would repeat a POST that was sent into the old connection.
    addon.upload(&Spec::new("a", b"a"), false).unwrap();
}

#[test]
fn a_connection_that_the_server_closes_is_not_used_again() {
    let studio = Studio::without_shaman();
    studio.manager.plan("GET", "/api/v3/version", Fault::CloseAfter, 1);
    let mut addon = studio.addon();
    addon.get_json("/api/v3/version").unwrap();
    addon.get_json("/api/v3/version").unwrap();
    let seen = studio.manager.seen();
    assert_eq!((seen.len(), seen[1].nth), (2, 0));
    assert_ne!(seen[0].connection, seen[1].connection);
}
