//! What goes wrong on the way, and what the client does about it.

use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;

use crate::peer::{CUT, CUT_AFTER, HAD_IT, Peer};

/// How the sending of a blob begins.
const SEND: &str = "POST /api/v3/shaman/files/";

fn upload(peer: &Peer, folder: &Path) -> Output {
    Command::new(env!("CARGO_BIN_EXE_shaman"))
        .arg("upload")
        .arg(folder.join("dir"))
        .args(["--name", "job", "--json", "--server", &format!("{}/", peer.url)])
        .env("SHAMAN_CACHE", folder.join("cache"))
        .output()
        .unwrap()
}

fn end(output: &Output) -> Value {
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{text}{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_str(text.lines().last().unwrap()).unwrap()
}

fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("dir")).unwrap();
    for (name, text) in files {
        std::fs::write(folder.path().join("dir").join(name), text).unwrap();
    }
    folder
}

#[test]
fn flamencos_own_server_is_served_too() {
    let peer = Peer::start(|_, _| None);
    let folder = folder(&[("a", "one"), ("b", "two"), ("c", "one")]);
    let first = end(&upload(&peer, folder.path()));
    assert_eq!(
        (&first["files"], &first["uploaded_files"]),
        (&3.into(), &2.into()),
        "equal files go once"
    );
    assert_eq!(first["location"], Value::Null, "this server does not say");
    assert_eq!(first["checkout"], "job");
    let again = end(&upload(&peer, folder.path()));
    assert_eq!(again["uploaded_files"], 0);
    assert_eq!(peer.count("/files/"), 2);
}

#[test]
fn proxies_of_the_environment_are_not_used() {
    let (peer, proxy) = (Peer::start(|_, _| None), Peer::start(|_, _| None));
    let ended = Command::new(env!("CARGO_BIN_EXE_shaman"))
        .args(["ping", "--server", &peer.url])
        .envs(["http_proxy", "HTTP_PROXY", "ALL_PROXY"].map(|name| (name, &proxy.url)))
        .env_remove("NO_PROXY")
        .output()
        .unwrap();
    assert!(ended.status.code().is_some());
    assert_eq!((peer.count("GET /"), proxy.count("GET ")), (1, 0));
}

#[test]
fn busy_servers_and_cut_connections_are_tried_again() {
    let peer = Peer::start(|request, before| match (request.starts_with(SEND), before) {
        (true, 0) => Some(CUT),
        (true, 1) => Some(503),
        (true, 2) => Some(425),
        (false, 0) if request.ends_with("/requirements") => Some(502),
        _ => None,
    });
    let folder = folder(&[("a", "one")]);
    assert_eq!(end(&upload(&peer, folder.path()))["uploaded_files"], 1);
    assert_eq!(peer.count(SEND), 4);
}

#[test]
fn a_file_that_changes_after_hashing_is_sent_as_what_it_is() {
    let folder = folder(&[("a", "old contents"), ("b", "other")]);
    let file = folder.path().join("dir/a");
    let peer = Peer::start(move |request, before| {
        if request.ends_with("/requirements") && before == 0 {
            std::fs::write(&file, "NEW contents").unwrap();
        }
        None
    });
    let end = end(&upload(&peer, folder.path()));
    assert_eq!(end["uploaded_files"], 2);
    let stored = peer.stored.lock().unwrap();
    let texts: Vec<&[u8]> = stored.values().map(Vec::as_slice).collect();
    assert!(
        texts.contains(&b"NEW contents".as_slice()) && !texts.contains(&b"old contents".as_slice())
    );
}

#[test]
fn a_file_that_keeps_changing_is_named_and_nothing_is_checked_out() {
    let folder = folder(&[("a", "0")]);
    let file = folder.path().join("dir/a");
    let peer = Peer::start(move |request, before| {
        if request.ends_with("/requirements") {
            std::fs::write(&file, format!("contents {before}")).unwrap();
        }
        None
    });
    let output = upload(&peer, folder.path());
    assert_eq!(output.status.code(), Some(1));
    let message = String::from_utf8(output.stderr).unwrap();
    assert!(message.contains("keeps changing") && message.contains("dir/a"), "{message}");
    assert_eq!(peer.count("/create"), 0);
}

#[test]
fn a_blob_that_the_server_lost_is_sent_again() {
    let folder = folder(&[("a", "one")]);
    let losing: std::sync::Arc<std::sync::OnceLock<Peer>> = std::sync::Arc::default();
    let inside = std::sync::Arc::clone(&losing);
    let peer = Peer::start(move |request, before| {
        if request.ends_with("/create") && before == 0 {
            inside.get().unwrap().stored.lock().unwrap().clear();
        }
        None
    });
    losing.set(peer.clone()).ok().unwrap();
    end(&upload(&peer, folder.path()));
    assert_eq!((peer.count("/files/"), peer.count("/create")), (2, 2));
}

#[test]
fn a_server_that_says_it_has_a_blob_is_asked_again_before_the_checkout() {
    // Flamenco's own says so when another client that sent the same blob broke off.
    let peer =
        Peer::start(|request, before| (request.starts_with(SEND) && before == 0).then_some(208));
    let folder = folder(&[("a", "one")]);
    end(&upload(&peer, folder.path()));
    assert_eq!((peer.count(SEND), peer.count("/create")), (2, 1), "sent after all");
    assert_eq!(peer.count("/requirements"), 2);
    assert_eq!(peer.stored.lock().unwrap().len(), 1);
}

#[test]
fn a_server_that_takes_what_it_gets_is_asked_once() {
    let peer = Peer::start(|_, _| None);
    let folder = folder(&[("a", "one"), ("b", "two")]);
    end(&upload(&peer, folder.path()));
    assert_eq!((peer.count("/requirements"), peer.count("/create")), (1, 1));
}

#[test]
fn a_server_that_has_a_blob_by_now_may_close_the_connection_upon_it() {
    let folder = folder(&[]);
    // More than fits into buffers, so that the client is still sending.
    std::fs::write(folder.path().join("dir/a"), vec![1; 32 << 20]).unwrap();
    let twin: std::sync::Arc<std::sync::OnceLock<Peer>> = std::sync::Arc::default();
    let inside = std::sync::Arc::clone(&twin);
    let peer = Peer::start(move |request, _| {
        let blob = request.strip_prefix(SEND)?.to_owned();
        inside.get().unwrap().stored.lock().unwrap().insert(blob, Vec::new());
        Some(HAD_IT)
    });
    twin.set(peer.clone()).ok().unwrap();
    end(&upload(&peer, folder.path()));
    assert_eq!((peer.count(SEND), peer.count("/create")), (1, 1), "not sent again");
}

#[test]
fn no_checkout_is_asked_of_a_server_that_only_says_it_has_a_blob() {
    let peer = Peer::start(|request, _| request.starts_with(SEND).then_some(208));
    let folder = folder(&[("a", "one")]);
    let output = upload(&peer, folder.path());
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8(output.stderr).unwrap().contains("keeps losing"));
    assert_eq!(peer.count("/create"), 0, "a failed one erases an older checkout");
}

#[test]
fn a_checkout_that_failed_though_nothing_is_lacking_is_not_asked_for_again() {
    let peer = Peer::start(|request, _| request.ends_with("/create").then_some(500));
    let folder = folder(&[("a", "one")]);
    let output = upload(&peer, folder.path());
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8(output.stderr).unwrap().contains("as the test says"));
    assert_eq!((peer.count("/create"), peer.count("/requirements")), (1, 2));
}

#[test]
fn a_blob_whose_answer_was_lost_is_not_sent_twice() {
    let peer = Peer::start(|request, _| request.starts_with(SEND).then_some(CUT_AFTER));
    let folder = folder(&[("a", "one")]);
    assert_eq!(end(&upload(&peer, folder.path()))["uploaded_bytes"], 3);
    assert_eq!((peer.count(SEND), peer.count("GET /api/v3/shaman/files/")), (1, 1));
    assert_eq!(peer.count("/requirements"), 2, "asked once more before the checkout");
}

#[test]
fn a_file_that_changes_while_it_is_sent_never_makes_a_complete_wrong_upload() {
    let folder = folder(&[]);
    let file = folder.path().join("dir/a");
    // Larger than what lies in buffers between the file and the server.
    let bytes = 64 << 20;
    std::fs::write(&file, vec![1; bytes]).unwrap();
    let peer = Peer::start(move |request, before| {
        if request.starts_with(SEND) && before == 0 {
            use std::io::{Seek as _, SeekFrom, Write as _};
            let mut file = std::fs::File::options().write(true).open(&file).unwrap();
            file.seek(SeekFrom::End(-1)).unwrap();
            file.write_all(&[2]).unwrap();
        }
        None
    });
    let end = end(&upload(&peer, folder.path()));
    assert_eq!(end["uploaded_bytes"], bytes);
    assert_eq!(*peer.mismatched.lock().unwrap(), 0, "the last piece was held back");
    let stored = peer.stored.lock().unwrap();
    assert_eq!(stored.values().map(|blob| blob.last().copied()).collect::<Vec<_>>(), [Some(2)]);
}

#[test]
fn a_refusal_is_passed_on_in_the_servers_words_and_not_repeated() {
    let peer = Peer::start(|request, _| request.ends_with("/create").then_some(400));
    let folder = folder(&[("a", "one")]);
    let output = upload(&peer, folder.path());
    assert_eq!(output.status.code(), Some(1));
    let message = String::from_utf8(output.stderr).unwrap();
    assert!(message.contains("as the test says"), "{message}");
    assert_eq!(peer.count("/create"), 1);
}
