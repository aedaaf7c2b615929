//! A storage, a Manager on it, and our server in front.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use serde_json::Value;
use shaman_tests::addon::{Addon, Project, Release};
use shaman_tests::manager::{Manager, Setup};
use shaman_tests::server::Server;
use shaman_tests::wire::{Answer, ask};

/// Which way the Manager is set up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Way {
    /// Its own Shaman is on, on the same storage.
    A,
    /// Its own Shaman is off, its storage is our checkout root.
    B,
}

pub(crate) struct House {
    pub(crate) server: Server,
    pub(crate) manager: Manager,
    /// Last, so that both are stopped before their storage goes.
    pub(crate) folder: tempfile::TempDir,
}

/// More than any step takes, less than a person waits.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

impl House {
    pub(crate) fn new(way: Way) -> Self {
        Self::with(way, |setup| setup)
    }

    /// The time for heads is long: the machine may be busy.
    pub(crate) fn with(way: Way, change: impl FnOnce(Setup) -> Setup) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let storage = folder.path().join("storage");
        let setup = match way {
            Way::A => Setup::new(&storage).with_shaman(),
            Way::B => Setup::new(&storage.join("jobs")),
        };
        let setup = Setup { head_timeout: PATIENCE, gc_period: "0s".into(), ..setup };
        let manager = Manager::start(change(setup)).unwrap();
        let server = start(&folder, &manager, "");
        Self { server, manager, folder }
    }

    /// The server is started again with a Manager that knows no jobs.
    pub(crate) fn with_another_manager(self) -> Self {
        let Self { server, manager, folder } = self;
        drop((server, manager));
        let setup = Setup::new(&folder.path().join("storage/jobs"));
        let setup = Setup { head_timeout: PATIENCE, gc_period: "0s".into(), ..setup };
        let manager = Manager::start(setup).unwrap();
        let server = start(&folder, &manager, "");
        Self { server, manager, folder }
    }

    /// The same server with these lines more in its configuration.
    pub(crate) fn configured(self, yaml: &str) -> Self {
        let Self { server, manager, folder } = self;
        drop(server);
        let server = start(&folder, &manager, yaml);
        Self { server, manager, folder }
    }

    pub(crate) fn addon(&self, release: Release) -> Addon {
        Addon::new(&self.server.url, release).seeded(7)
    }

    /// Submits a job with BAT 1 and gives its id and checkout.
    pub(crate) fn submitted(&self, name: &str) -> (String, PathBuf) {
        let outcome = self.addon(Release::Current).submit_with_bat1(&project(), name);
        assert!(outcome.submitted_ok, "{:?}", outcome.failures);
        let job = outcome.job.unwrap();
        let checkout = self.server.jobs().join(outcome.checkout.unwrap());
        assert!(checkout.is_dir());
        (job["id"].as_str().unwrap().to_owned(), checkout)
    }

    pub(crate) fn get(&self, target: &str) -> Answer {
        self.ask("GET", target, None)
    }

    pub(crate) fn ask(&self, method: &str, target: &str, body: Option<&Value>) -> Answer {
        request(&self.server.url, method, target, body)
    }

    /// The same past our server.
    pub(crate) fn ask_manager(&self, method: &str, target: &str, body: Option<&Value>) -> Answer {
        request(&self.manager.url(), method, target, body)
    }

    /// Waits until the log has a line with this.
    pub(crate) fn logged(&self, words: &str) -> String {
        eventually(words, || self.server.log().contains(words));
        self.server.log()
    }
}

fn start(folder: &tempfile::TempDir, manager: &Manager, more: &str) -> Server {
    let yaml = format!("upstream: {}\nfollow_period: 1s\n{more}\n", manager.url());
    Server::start(&folder.path().join("storage"), folder.path(), &yaml)
}

fn request(url: &str, method: &str, target: &str, body: Option<&Value>) -> Answer {
    let address = url.trim_start_matches("http://").split('/').next().unwrap();
    let text = body.map(Value::to_string).unwrap_or_default();
    let json = [("Content-Type", "application/json")];
    let fields: &[(&str, &str)] = if body.is_some() { &json } else { &[] };
    ask(address.parse().unwrap(), method, target, fields, text.as_bytes()).unwrap()
}

pub(crate) fn json(answer: &Answer) -> Value {
    serde_json::from_slice(&answer.body).unwrap_or_else(|_| panic!("no JSON: {}", answer.text()))
}

/// Waits until something is true.
pub(crate) fn eventually(what: &str, is_true: impl Fn() -> bool) {
    let end = Instant::now() + PATIENCE;
    while !is_true() {
        assert!(Instant::now() < end, "{what}: not within {PATIENCE:?}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// Three files, the .blend among them; one has a name that folds.
pub(crate) fn project() -> Project {
    Project::new(&[
        ("scene.blend", b"BLENDER"),
        (
            "textures_of_the_whole_forest/wood_with_a_rather_long_name_indeed_v0001_final.png",
            b"wood",
        ),
        ("tex/stone.png", b"stone"),
    ])
}

/// Every file of the project is in the checkout, with its bytes.
pub(crate) fn assert_complete(checkout: &Path, project: &Project) {
    for (path, bytes) in &project.files {
        assert_eq!(&std::fs::read(checkout.join(path)).unwrap(), bytes, "{path}");
    }
}
