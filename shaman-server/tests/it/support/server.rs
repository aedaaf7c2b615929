//! `TestServer`: the real program on a free port.

use std::io::{BufRead as _, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};

use serde_json::{Value, json};

use super::{Answer, Blob, Connection};

#[derive(Debug)]
pub(crate) struct TestServer {
    child: Child,
    pub(crate) address: String,
    pub(crate) storage: PathBuf,
    pub(crate) state: PathBuf,
    /// Kept so that the folder goes when the last server on it does.
    pub(crate) folder: std::sync::Arc<tempfile::TempDir>,
}

impl TestServer {
    pub(crate) fn start() -> Self {
        Self::start_in(&std::sync::Arc::new(tempfile::tempdir().unwrap()), "state")
    }

    /// Starts with these lines in its configuration file.
    pub(crate) fn configured(yaml: &str) -> Self {
        Self::start_configured_in(&std::sync::Arc::new(tempfile::tempdir().unwrap()), yaml)
    }

    /// Starts on `<folder>/storage` with its own state.
    pub(crate) fn start_in(folder: &std::sync::Arc<tempfile::TempDir>, state: &str) -> Self {
        Self::launch(folder, folder.path().join("storage"), state, "", None)
    }

    /// Starts on `<folder>/storage` with these lines in its configuration file.
    pub(crate) fn start_configured_in(
        folder: &std::sync::Arc<tempfile::TempDir>,
        yaml: &str,
    ) -> Self {
        Self::launch(folder, folder.path().join("storage"), "state", yaml, None)
    }

    /// Starts on a storage of its own.
    pub(crate) fn start_on(storage: PathBuf) -> Self {
        let folder = std::sync::Arc::new(tempfile::tempdir().unwrap());
        Self::launch(&folder, storage, "state", "", None)
    }

    /// Starts on a storage of its own with these lines in its configuration file.
    pub(crate) fn start_configured_on(storage: PathBuf, yaml: &str) -> Self {
        let folder = std::sync::Arc::new(tempfile::tempdir().unwrap());
        Self::launch(&folder, storage, "state", yaml, None)
    }

    /// Starts with these lines in its configuration file, and keeps its log.
    pub(crate) fn logging(yaml: &str, level: &str) -> Self {
        let folder = std::sync::Arc::new(tempfile::tempdir().unwrap());
        Self::launch(&folder, folder.path().join("storage"), "state", yaml, Some(level))
    }

    /// What one that keeps its log logged so far.
    pub(crate) fn log(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("server.log")).unwrap()
    }

    fn launch(
        folder: &std::sync::Arc<tempfile::TempDir>,
        storage: PathBuf,
        state: &str,
        yaml: &str,
        log: Option<&str>,
    ) -> Self {
        let state = folder.path().join(state);
        let config = folder.path().join("shaman.yaml");
        std::fs::write(&config, yaml).unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_shaman-server"));
        if log.is_some() {
            command.stderr(std::fs::File::create(folder.path().join("server.log")).unwrap());
        }
        let mut child = command
            .arg("serve")
            .args(["--storage", storage.to_str().unwrap(), "--state", state.to_str().unwrap()])
            .args(["--listen", "127.0.0.1:0", "--log", log.unwrap_or("warn")])
            .arg("--config")
            .arg(&config)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let address = line
            .strip_prefix("shaman-server listening on http")
            .and_then(|rest| rest.trim_start_matches('s').strip_prefix("://"))
            .unwrap_or_else(|| panic!("the first line is {line:?}"))
            .trim_end()
            .to_owned();
        Self { child, address, storage, state, folder: std::sync::Arc::clone(folder) }
    }

    pub(crate) fn connect(&self) -> Connection {
        Connection::to(&self.address)
    }

    pub(crate) fn get(&self, path: &str) -> Answer {
        self.connect().send("GET", path, &[], b"")
    }

    pub(crate) fn post_json(&self, path: &str, body: &Value) -> Answer {
        self.connect().send(
            "POST",
            path,
            &[("Content-Type", "application/json")],
            body.to_string().as_bytes(),
        )
    }

    pub(crate) fn upload(&self, blob: &Blob) -> Answer {
        self.connect().send(
            "POST",
            &blob.url(),
            &[("Content-Type", "application/octet-stream")],
            &blob.bytes,
        )
    }

    pub(crate) fn requirements(&self, files: &[Value]) -> Answer {
        self.post_json("/api/v3/shaman/checkout/requirements", &json!({ "files": files }))
    }

    pub(crate) fn create(&self, checkout: &str, files: &[Value]) -> Answer {
        self.post_json(
            "/api/v3/shaman/checkout/create",
            &json!({"files": files, "checkoutPath": checkout}),
        )
    }

    /// Creates a checkout that must work, and gives its directory.
    pub(crate) fn checked_out(&self, checkout: &str, files: &[Value]) -> PathBuf {
        let answer = self.create(checkout, files);
        assert_eq!(answer.status, 200, "{}", answer.text());
        self.jobs().join(answer.json()["checkoutPath"].as_str().unwrap())
    }

    pub(crate) fn jobs(&self) -> PathBuf {
        self.storage.join("jobs")
    }

    /// Waits until all of the storage was read into the index.
    pub(crate) fn until_indexed(&self) {
        let deadline = std::time::Instant::now() + std::time::Duration::from_secs(10);
        while self.get("/v1/status").json()["is_indexed"] == false {
            assert!(std::time::Instant::now() < deadline);
            std::thread::sleep(std::time::Duration::from_millis(10));
        }
    }

    pub(crate) fn status_of(&self, blob: &Blob) -> String {
        self.get(&blob.url()).json()["status"].as_str().unwrap().to_owned()
    }

    pub(crate) fn blob_path(&self, blob: &Blob) -> PathBuf {
        self.storage.join(blob.below_storage())
    }

    /// Files of uploads and checkouts that nobody finished.
    pub(crate) fn leftovers(&self) -> Vec<PathBuf> {
        let store = self.storage.join("file-store");
        let mut found = super::files_below(&store.join("uploading"));
        found.extend(super::files_below(&store.join("staging")));
        found.retain(|path| path.extension() != Some(std::ffi::OsStr::new("lock")));
        found
    }

    pub(crate) fn pid(&self) -> rustix::process::Pid {
        rustix::process::Pid::from_child(&self.child)
    }

    pub(crate) fn signal(&self, signal: rustix::process::Signal) {
        rustix::process::kill_process(self.pid(), signal).unwrap();
    }

    /// Says whether it stops answering within `time`.
    pub(crate) fn connect_refused_within(&self, time: std::time::Duration) -> bool {
        let deadline = std::time::Instant::now() + time;
        while std::net::TcpStream::connect(&self.address).is_ok() {
            if std::time::Instant::now() > deadline {
                return false;
            }
            std::thread::sleep(std::time::Duration::from_millis(20));
        }
        true
    }

    /// Ends it as an administrator would, and gives its status.
    pub(crate) fn stop(mut self) -> ExitStatus {
        self.signal(rustix::process::Signal::TERM);
        self.child.wait().unwrap()
    }

    /// Ends it as a crash would.
    pub(crate) fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl Drop for TestServer {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}
