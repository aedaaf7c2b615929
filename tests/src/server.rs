//! The real server on a free port.
#![expect(clippy::disallowed_methods, reason = "a server is given files of its own")]

use std::fs::File;
use std::io::{BufRead as _, BufReader};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// A program of this workspace; it lies beside the one that runs, or beside the folder of tests.
pub fn program(name: &str) -> PathBuf {
    let test = std::env::current_exe().expect("a test is a file");
    let beside = test.ancestors().skip(1).take(2).map(|folder| folder.join(name));
    let path = beside.max_by_key(|path| path.exists()).expect("tests lie in a folder");
    assert!(path.exists(), "{} is not built; run `cargo build --workspace` first", path.display());
    path
}

/// A token with this scope, which is its name, too, of the server with this state.
pub fn token(state: &Path, scope: &str) -> String {
    let said = ["token", "create", "--name", scope, "--scope", scope, "--state"];
    let made = Command::new(program("shaman-server")).args(said).arg(state).output();
    let made = made.expect("the server can be run");
    assert!(made.status.success(), "{made:?}");
    String::from_utf8(made.stdout).expect("letters and digits").trim().to_owned()
}

/// A running server; ended when dropped.
#[derive(Debug)]
pub struct Server {
    child: Child,
    /// `http://127.0.0.1:PORT`
    pub url: String,
    storage: PathBuf,
    log: PathBuf,
}

impl Server {
    /// Starts on this storage; its state, its configuration file with these lines and its log lie
    /// in `folder`, and stay for the next start there.
    pub fn start(storage: &Path, folder: &Path, yaml: &str) -> Self {
        Self::start_said(storage, folder, yaml, &[])
    }

    /// The same with more in its environment.
    pub fn start_said(
        storage: &Path,
        folder: &Path,
        yaml: &str,
        environment: &[(&str, &str)],
    ) -> Self {
        let any = SocketAddr::from(([127, 0, 0, 1], 0));
        Self::launch(any, storage, folder, yaml, environment)
    }

    /// The same at this address.
    pub fn start_at(listen: SocketAddr, storage: &Path, folder: &Path, yaml: &str) -> Self {
        Self::launch(listen, storage, folder, yaml, &[])
    }

    fn launch(
        listen: SocketAddr,
        storage: &Path,
        folder: &Path,
        yaml: &str,
        environment: &[(&str, &str)],
    ) -> Self {
        let config = folder.join("shaman.yaml");
        let log = folder.join("server.log");
        std::fs::write(&config, yaml).expect("a test can write");
        let mut child = Command::new(program("shaman-server"))
            .args(["serve", "--listen", &listen.to_string(), "--log", "info"])
            .arg("--storage")
            .arg(storage)
            .arg("--state")
            .arg(folder.join("state"))
            .arg("--config")
            .arg(&config)
            // A test cannot wait for an hour; what it does not say stays as it is.
            .env("SHAMAN_TEST_AGE_MIN", "1s")
            .envs(environment.iter().copied())
            .stdout(Stdio::piped())
            .stderr(File::create(&log).expect("a test can write"))
            .spawn()
            .expect("the server can be run");
        let mut line = String::new();
        let stdout = child.stdout.take().expect("it was asked for");
        BufReader::new(stdout).read_line(&mut line).expect("the server says that it is ready");
        let url = line.trim_end().strip_prefix("shaman-server listening on ");
        let said = || std::fs::read_to_string(&log).unwrap_or_default();
        let url = url.unwrap_or_else(|| panic!("the server does not start: {}", said())).to_owned();
        Self { child, url, storage: storage.to_owned(), log }
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        let address = self.url.trim_start_matches("http://").parse();
        address.expect("the server says its address")
    }

    /// Its checkout root.
    pub fn jobs(&self) -> PathBuf {
        self.storage.join("jobs")
    }

    /// Its process.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Says whether it has not ended yet.
    pub fn is_running(&self) -> bool {
        // A process that has ended is a zombie until somebody asks how.
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.child.id()));
        stat.is_ok_and(|stat| !stat.rsplit(')').next().unwrap_or("").starts_with(" Z"))
    }

    /// Asks it to stop.
    pub fn ask_to_stop(&self) {
        let id = self.child.id().to_string();
        let asked = Command::new("kill").args(["-TERM", &id]).status();
        assert!(asked.is_ok_and(|status| status.success()), "a child can be asked to stop");
    }

    /// Ends it where it stands, as `kill -9` does.
    pub fn kill(mut self) {
        self.child.kill().expect("a child can be killed");
        self.child.wait().expect("a child ends");
    }

    /// Asks it to stop, and says whether it did within this time.
    pub fn stop(mut self, patience: Duration) -> bool {
        self.ask_to_stop();
        let end = Instant::now() + patience;
        while Instant::now() < end {
            if self.child.try_wait().is_ok_and(|ended| ended.is_some()) {
                return true;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        false
    }

    /// What it logged so far.
    pub fn log(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap_or_default()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}
