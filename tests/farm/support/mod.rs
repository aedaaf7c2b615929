//! A farm in a temporary folder: a server, a client, and Blender if it can be had.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;
pub(crate) use shaman_tests::blender::blender;
use shaman_tests::server::{Server, program};

/// The project's root.
pub(crate) fn project_root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap()
}

pub(crate) struct Farm {
    pub(crate) url: String,
    /// Ends before its folder goes.
    pub(crate) server: Server,
    pub(crate) folder: tempfile::TempDir,
}

impl Farm {
    pub(crate) fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let server = Server::start(&folder.path().join("storage"), folder.path(), "");
        Self { url: server.url.clone(), server, folder }
    }

    /// A command of the client, talking to this farm, with a hash cache of its own.
    pub(crate) fn shaman(&self) -> Command {
        let mut command = Command::new(program("shaman"));
        command.env("SHAMAN_URL", &self.url).env("SHAMAN_CACHE", self.folder.path().join("cache"));
        command
    }

    /// Submits and gives the last line of the JSON output.
    pub(crate) fn submit(&self, blend: &Path, project: &Path, name: &str) -> Value {
        let output = self
            .shaman()
            .arg("submit")
            .arg(blend)
            .arg("--project")
            .arg(project)
            .args(["--name", name, "--json"])
            .output()
            .unwrap();
        last_line(&output)
    }

    pub(crate) fn path(&self, below: &str) -> PathBuf {
        self.folder.path().join(below)
    }

    pub(crate) fn jobs(&self) -> PathBuf {
        self.path("storage/jobs")
    }
}

/// The last line of a command that must have worked.
pub(crate) fn last_line(output: &Output) -> Value {
    let text = String::from_utf8_lossy(&output.stdout);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{text}\n{errors}");
    serde_json::from_str(text.lines().last().unwrap()).unwrap()
}

pub(crate) fn copy_tree(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy_tree(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), &target).unwrap();
        }
    }
}

/// Runs one of `scripts/` with this Python; it must work.
pub(crate) fn run_script(python: &Path, script: &str, args: &[&std::ffi::OsStr]) -> String {
    let output = Command::new(python)
        .arg(project_root().join("scripts").join(script))
        .args(args)
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{script}: {text}{}", String::from_utf8_lossy(&output.stderr));
    text
}
