//! What is refused before anything is sent, and in which words.

use std::process::{Command, Output};

use crate::peer::Peer;

fn shaman(peer: &Peer, args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_shaman"))
        .args(args)
        .env("SHAMAN_URL", &peer.url)
        .env("SHAMAN_CACHE", std::env::temp_dir().join("shaman-test-cache-that-is-not-there"))
        .output()
        .unwrap()
}

fn refusal(peer: &Peer, args: &[&str]) -> String {
    let output = shaman(peer, args);
    assert_eq!(output.status.code(), Some(1), "{args:?}");
    let heard = peer.heard.lock().unwrap();
    assert!(heard.iter().all(|request| request.starts_with("GET ")), "nothing was sent: {heard:?}");
    String::from_utf8(output.stderr).unwrap()
}

const SHOT: &str =
    concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/5.0.1/project/shots/shot_010.blend");

#[test]
fn strict_refuses_missing_files_and_names_them() {
    let peer = Peer::start(|_, _| None);
    let larger = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/5.0.1");
    let message = refusal(&peer, &["submit", SHOT, "--project", larger, "--strict"]);
    assert!(message.contains("gone.png") && message.contains("--strict"), "{message}");
}

#[test]
fn names_that_servers_would_refuse_are_cleaned_or_refused() {
    let peer = Peer::start(|_, _| None);
    let folder = tempfile::tempdir().unwrap();
    let blend = folder.path().join("sh?t: 1.blend");
    std::fs::copy(SHOT, &blend).unwrap();
    let blend = blend.to_str().unwrap();
    let output = shaman(&peer, &["submit", blend, "--json"]);
    let out = String::from_utf8(output.stdout).unwrap();
    let end: serde_json::Value = serde_json::from_str(out.lines().last().unwrap()).unwrap();
    assert_eq!(end["checkout"], "sh_t_ 1", "{out}");
    peer.heard.lock().unwrap().clear();
    let message = refusal(&peer, &["submit", blend, "--name", "sh?t"]);
    assert!(message.contains("checkout path `sh?t`"), "{message}");
}

#[test]
fn what_is_no_blend_and_what_is_no_address_is_said() {
    let peer = Peer::start(|_, _| None);
    let message = refusal(&peer, &["submit", concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml")]);
    assert!(message.contains("Cargo.toml"), "{message}");
    let message = refusal(&peer, &["ping", "--server", "farm:8080"]);
    assert!(message.contains("http://HOST:PORT"), "{message}");
    assert_eq!(shaman(&peer, &["submit"]).status.code(), Some(2));
}

#[test]
fn a_server_that_wants_tls_is_not_followed_and_its_address_is_said() {
    use std::io::{BufRead as _, Write as _};
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let lines = std::io::BufReader::new(stream.try_clone().unwrap()).lines();
            lines.map_while(Result::ok).find(String::is_empty);
            let head =
                "HTTP/1.1 308 X\r\nLocation: https://farm.example:8443/x\r\nContent-Length: 0";
            write!(stream, "{head}\r\n\r\n").unwrap();
        }
    });
    let output =
        Command::new(env!("CARGO_BIN_EXE_shaman")).args(["ping", "--server", &url]).output();
    let said = String::from_utf8(output.unwrap().stderr).unwrap();
    assert!(said.contains("TLS; name it as https://farm.example:8443"), "{said}");
}
