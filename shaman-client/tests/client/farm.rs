//! A home, a storage, a small project, and the program run between them.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;

/// A .blend that Blender saved, with what it needs beside it.
const STUDIO: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/5.0.1/corners/plain");

/// Its name there.
pub(crate) const BLEND: &str = "plain.blend";

/// A folder that goes away with the test.
pub(crate) struct Farm {
    folder: tempfile::TempDir,
}

impl Farm {
    /// A storage `farm`, empty, and a home with the project `home/plain`.
    pub(crate) fn new() -> Self {
        let farm = Self { folder: tempfile::tempdir().unwrap() };
        std::fs::create_dir(farm.storage()).unwrap();
        put_project(&farm.path("home/plain"));
        farm
    }

    pub(crate) fn path(&self, below: &str) -> PathBuf {
        self.folder.path().join(below)
    }

    pub(crate) fn storage(&self) -> PathBuf {
        self.path("farm")
    }

    /// The .blend in the artist's home.
    pub(crate) fn blend(&self) -> PathBuf {
        self.path("home/plain").join(BLEND)
    }

    /// Runs `shaman` and waits for its end.
    pub(crate) fn shaman<S: AsRef<std::ffi::OsStr>>(&self, args: &[S]) -> Output {
        Command::new(env!("CARGO_BIN_EXE_shaman"))
            .args(args)
            .env("SHAMAN_CACHE", self.path("cache"))
            .env("USER", "ada")
            .env_remove("SHAMAN_URL")
            .output()
            .unwrap()
    }

    /// Submits with `--json` and gives the last line.
    pub(crate) fn submit(&self, blend: &Path, args: &[&str]) -> Value {
        let output = self.try_submit(blend, args);
        let text = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success(), "{text}{}", String::from_utf8_lossy(&output.stderr));
        serde_json::from_str(text.lines().last().unwrap()).unwrap()
    }

    /// Submits, which must fail, and gives the sentence.
    pub(crate) fn refusal(&self, blend: &Path, args: &[&str]) -> String {
        let output = self.try_submit(blend, args);
        assert_eq!(output.status.code(), Some(1), "{output:?}");
        String::from_utf8(output.stderr).unwrap()
    }

    /// Submits with `--json`.
    pub(crate) fn try_submit(&self, blend: &Path, args: &[&str]) -> Output {
        let mut all = vec!["submit", blend.to_str().unwrap(), "--json"];
        all.extend(args);
        self.shaman(&all)
    }

    /// What lies in the storage.
    pub(crate) fn stored(&self) -> Vec<String> {
        let entries = std::fs::read_dir(self.storage()).unwrap();
        let mut names: Vec<_> =
            entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }
}

/// Puts the project into a directory.
pub(crate) fn put_project(dir: &Path) -> PathBuf {
    std::fs::create_dir_all(dir.join("textures")).unwrap();
    for name in [BLEND, "textures/wall.png"] {
        std::fs::copy(Path::new(STUDIO).join(name), dir.join(name)).unwrap();
    }
    dir.join(BLEND)
}

/// The sentences of `event` in what was printed.
pub(crate) fn told(output: &Output, event: &str) -> Vec<String> {
    let text = String::from_utf8_lossy(&output.stdout);
    let lines = text.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    lines
        .filter(|line| line["event"] == event)
        .map(|line| line["text"].as_str().unwrap_or_default().to_owned())
        .collect()
}
