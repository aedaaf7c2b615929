//! The client within TLS: whom it trusts, and what it says when it does not.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;

use shaman_tests::server::{Server, program};

fn certificates() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("certificates")
}

/// A server with a certificate for 127.0.0.1, on all addresses, or one with these lines.
fn start(folder: &Path, yaml: Option<&str>) -> (Server, u16) {
    let file = |name: &str| certificates().join(name).display().to_string();
    let secure = format!(
        "open: true\ntls: {{certificate: '{}', key: '{}'}}\n",
        file("first.pem"),
        file("first.key")
    );
    let any = SocketAddr::from(([0, 0, 0, 0], 0));
    let server = Server::start_at(any, &folder.join("storage"), folder, yaml.unwrap_or(&secure));
    let port = server.url.rsplit(':').next().unwrap().parse().unwrap();
    (server, port)
}

type Variables<'a> = &'a [(&'a str, &'a str)];

/// Runs `shaman`, and gives whether it went well and what it said.
fn shaman(folder: &Path, environment: Variables<'_>, args: &[&str]) -> (bool, String) {
    let ran = Command::new(program("shaman"))
        .args(args)
        .envs([("SHAMAN_CACHE", folder.join("cache"))])
        .envs(environment.iter().copied())
        .output()
        .unwrap();
    let said = [ran.stdout, ran.stderr].concat();
    (ran.status.success(), String::from_utf8(said).unwrap())
}

#[test]
fn all_that_the_client_does_it_does_over_tls() {
    let folder = tempfile::tempdir().unwrap();
    let (server, port) = start(folder.path(), None);
    let (url, ca) = (format!("https://127.0.0.1:{port}"), certificates().join("ca.pem"));
    let project = folder.path().join("shot");
    std::fs::create_dir(&project).unwrap();
    std::fs::write(project.join("small.txt"), "text").unwrap();
    std::fs::write(project.join("large.bin"), vec![5; 20 << 20]).unwrap();
    let (project, into) = (project.to_str().unwrap(), folder.path().join("fetched"));
    let said: [(&str, &[&str]); _] = [
        ("checkouts: ", &["ping"]),
        ("", &["upload", project]),
        ("shot", &["checkouts", "list"]),
        ("", &["fetch", "shot", "--into", into.to_str().unwrap()]),
        ("", &["status"]),
        ("", &["gc", "--dry-run"]),
        ("", &["damage"]),
    ];
    let trusting = [("SHAMAN_URL", &*url), ("SHAMAN_CA", ca.to_str().unwrap())];
    for (word, args) in said {
        let (went_well, text) = shaman(folder.path(), &trusting, args);
        assert!(went_well && text.contains(word), "{args:?}: {text}");
    }
    assert_eq!(std::fs::read(into.join("large.bin")).unwrap(), vec![5; 20 << 20]);
    assert!(server.jobs().join("shot/small.txt").exists());
    let options = ["ping", "--server", &url, "--ca", ca.to_str().unwrap()];
    let (went_well, text) = shaman(folder.path(), &[], &options);
    assert!(went_well, "{text}");
}

#[test]
fn who_cannot_be_trusted_is_told_in_one_sentence() {
    let folder = tempfile::tempdir().unwrap();
    let (_server, port) = start(folder.path(), None);
    let other = tempfile::tempdir().unwrap();
    let (_plain, plain_port) = start(other.path(), Some("open: true\n"));
    let file = |name: &str| certificates().join(name).display().to_string();
    let (ca, key, nothing) = (file("ca.pem"), file("first.key"), file("nothing"));
    let own = ("SHAMAN_CA", &*ca);
    let nobody = [("SSL_CERT_FILE", "/nothing"), ("SSL_CERT_DIR", "/nothing")];
    let secure = format!("https://127.0.0.1:{port}");
    let cases: [(String, Variables<'_>, &str); _] = [
        (secure.clone(), &[], "name its certificate with --ca or SHAMAN_CA"),
        (secure.clone(), &[nobody[0], nobody[1]], "or name one with --ca or SHAMAN_CA"),
        (secure.clone(), &[("SHAMAN_CA", &key)], "there is no certificate"),
        (secure.clone(), &[("SHAMAN_CA", &nothing)], "cannot read the certificates"),
        (format!("https://127.0.0.2:{port}"), &[own], "for another name"),
        (format!("https://127.0.0.1:{plain_port}"), &[own], "does not speak TLS"),
        (format!("http://127.0.0.1:{port}"), &[], "write its address with https://"),
    ];
    for (url, environment, sentence) in cases {
        let (went_well, said) = shaman(folder.path(), environment, &["ping", "--server", &url]);
        assert!(!went_well && said.contains(sentence), "{url} {environment:?}: {said}");
        assert_eq!(said.lines().count(), 1, "{said}");
    }
    // One whose authorities are not there needs none for a plain server, and has its own.
    let plain = format!("http://127.0.0.1:{plain_port}");
    let (went_well, said) = shaman(folder.path(), &nobody, &["ping", "--server", &plain]);
    assert!(went_well, "{said}");
    let trusting = [nobody[0], nobody[1], own];
    let (went_well, said) = shaman(folder.path(), &trusting, &["ping", "--server", &secure]);
    assert!(went_well, "{said}");
}
