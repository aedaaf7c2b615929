//! A server with some films on it.

use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use shaman_tests::server::{Server, program};
use shaman_tests::wire::{Answer, ask, sha256_hex};

/// A server, and what lies on it; ended when dropped.
#[derive(Debug)]
pub(crate) struct House {
    pub(crate) server: Server,
    pub(crate) folder: tempfile::TempDir,
}

impl House {
    /// An empty one.
    pub(crate) fn new(yaml: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let storage = folder.path().join("storage");
        // A chart needs more than one point.
        let said = [("SHAMAN_TEST_HISTORY_EVERY", "1s")];
        let server = Server::start_said(&storage, folder.path(), yaml, &said);
        Self { server, folder }
    }

    pub(crate) fn ask(&self, method: &str, target: &str, body: &[u8]) -> Answer {
        let fields: &[(&str, &str)] = if target.starts_with("/v1/blobs") {
            &[]
        } else {
            &[("Content-Type", "application/json")]
        };
        ask(self.server.address(), method, target, fields, body).unwrap()
    }

    /// Stores these bytes and gives an entry of a checkout at this path.
    pub(crate) fn stored(&self, path: &str, bytes: &[u8]) -> Value {
        let sha256 = sha256_hex(bytes);
        let answer = self.ask("PUT", &format!("/v1/blobs/{sha256}-{}", bytes.len()), bytes);
        assert!([201, 204].contains(&answer.status), "{}", answer.text());
        json!({"path": path, "size": bytes.len(), "sha256": sha256})
    }

    pub(crate) fn checked_out(&self, checkout: &str, files: &[Value]) {
        let body = json!({"checkout": checkout, "files": files}).to_string();
        let answer = self.ask("POST", "/v1/checkouts", body.as_bytes());
        assert_eq!(answer.status, 201, "{}", answer.text());
    }

    /// A token with this scope, which is its name, too.
    pub(crate) fn token(&self, scope: &str) -> String {
        shaman_tests::server::token(&self.state(), scope)
    }

    /// Takes a token back.
    pub(crate) fn revoke(&self, name: &str) {
        let revoked = Command::new(program("shaman-server"))
            .args(["token", "revoke", name, "--state"])
            .arg(self.state())
            .status();
        assert!(revoked.unwrap().success());
    }

    /// Waits until the server answers something with this status.
    pub(crate) fn until(&self, target: &str, status: u16) {
        let end = Instant::now() + Duration::from_secs(20);
        while self.ask("GET", target, b"").status != status {
            assert!(Instant::now() < end, "{target} is not answered with {status}");
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    fn state(&self) -> PathBuf {
        self.folder.path().join("state")
    }

    /// Shots of three films, most of whose files are the same from shot to shot. It takes some
    /// seconds, so that there is a history.
    pub(crate) fn fill(&self) {
        let kinds = [("wood", 900_000), ("rust", 640_000), ("sky", 1_300_000), ("skin", 420_000)];
        for (nth, film) in ["spring", "caminandes", "agent_327"].into_iter().enumerate() {
            let mut common = Vec::new();
            for (kind, bytes) in kinds {
                let text = format!("{film} {kind} ");
                let bytes = text.repeat(bytes / text.len() * (nth + 1) / 2 + 1);
                common.push(self.stored(&format!("textures/{kind}.png"), bytes.as_bytes()));
            }
            for shot in 1..=10 {
                let blend = format!("{film} shot {shot} ").repeat(4_000 + shot * 700);
                let mut files = common.clone();
                files.push(self.stored(&format!("shots/shot_{shot:02}0.blend"), blend.as_bytes()));
                self.checked_out(&format!("{film}/shot_{shot:02}0"), &files);
                std::thread::sleep(Duration::from_millis(150));
            }
        }
        // Something that nobody needs any more.
        self.stored("old.exr", "an old render ".repeat(90_000).as_bytes());
        let pin = json!({"reason": "for the festival", "until": "2030-01-01T00:00:00Z"});
        let pinned = self.ask("PUT", "/v1/pins/spring/shot_010", pin.to_string().as_bytes());
        assert_eq!(pinned.status, 204);
    }
}
