//! What goes wrong on the way, and what the client does about it.

use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;

use crate::peer::Peer;

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
    let peer = Peer::start(|request, before| match (request.contains("/files/"), before) {
        (true, 0) => Some(0),
        (true, 1) => Some(503),
        (true, 2) => Some(425),
        (false, 0) if request.ends_with("/requirements") => Some(502),
        _ => None,
    });
    let folder = folder(&[("a", "one")]);
    assert_eq!(end(&upload(&peer, folder.path()))["uploaded_files"], 1);
    assert_eq!(peer.count("/files/"), 4);
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
fn a_refusal_is_passed_on_in_the_servers_words_and_not_repeated() {
    let peer = Peer::start(|request, _| request.ends_with("/create").then_some(400));
    let folder = folder(&[("a", "one")]);
    let output = upload(&peer, folder.path());
    assert_eq!(output.status.code(), Some(1));
    let message = String::from_utf8(output.stderr).unwrap();
    assert!(message.contains("as the test says"), "{message}");
    assert_eq!(peer.count("/create"), 1);
}
