//! One shell into which commands are pasted, one after the other.
#![expect(clippy::disallowed_methods, reason = "a shell takes its commands from files")]

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

use crate::claims::broken;

/// More than a server needs to start.
const PATIENCE: Duration = Duration::from_secs(30);

pub(crate) struct Shell {
    child: Child,
    answers: BufReader<ChildStdout>,
    /// Where commands are, and what they print.
    folder: PathBuf,
    pastes: usize,
}

/// Commands that go on.
pub(crate) struct Job {
    group: String,
    said: Said,
}

/// Where commands are, and what they print.
struct Said {
    script: PathBuf,
    printed: PathBuf,
    errors: PathBuf,
}

impl Said {
    fn both(&self) -> (String, String) {
        let read = |path: &Path| std::fs::read_to_string(path).unwrap_or_default();
        (read(&self.printed), read(&self.errors))
    }

    /// The commands, with what they print going to its places.
    fn sourced(&self) -> String {
        let Self { script, printed, errors } = self;
        let (printed, errors) = (printed.display(), errors.display());
        format!(". {} </dev/null >{printed} 2>{errors}", script.display())
    }
}

impl Shell {
    pub(crate) fn new() -> Self {
        let folder = PathBuf::from("/tmp/pasted");
        std::fs::create_dir_all(&folder).unwrap();
        let mut child = Command::new("bash")
            .args(["--norc", "-euo", "pipefail"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let answers = BufReader::new(child.stdout.take().unwrap());
        // Jobs get groups of their own, and can be ended as one. What whoever runs the tests has in
        // the environment, a reader has not.
        let begin = "set -m; unset ${!SHAMAN_*} http_proxy https_proxy all_proxy ALL_PROXY";
        writeln!(child.stdin.as_mut().unwrap(), "{begin}").unwrap();
        Self { child, answers, folder, pastes: 0 }
    }

    /// A script with these commands.
    pub(crate) fn script(&mut self, commands: &str) -> PathBuf {
        self.write(commands).script
    }

    /// Runs commands, each of which has to work, and gives what they print; else what they say.
    pub(crate) fn run(&mut self, commands: &str) -> Result<String, String> {
        let said = self.write(commands);
        // One that fails ends the shell.
        let answer = self.ask(&format!("{}; echo done", said.sourced()));
        let (printed, errors) = said.both();
        if answer == "done" { Ok(printed) } else { Err(format!("{commands}\n{printed}\n{errors}")) }
    }

    /// Begins to run commands that go on.
    pub(crate) fn begin(&mut self, commands: &str) -> Job {
        let said = self.write(commands);
        let group = self.ask(&format!("{} & echo $!", said.sourced()));
        Job { group, said }
    }

    /// Ends a job, as Ctrl-C does.
    pub(crate) fn end(&mut self, job: &Job) -> Result<String, String> {
        let group = &job.group;
        self.run(&format!("kill -INT -- -{group}; wait {group} || true"))
    }

    fn write(&mut self, commands: &str) -> Said {
        self.pastes += 1;
        let path = |ending| self.folder.join(format!("{}.{ending}", self.pastes));
        std::fs::write(path("sh"), format!("{commands}\n")).unwrap();
        Said { script: path("sh"), printed: path("out"), errors: path("err") }
    }

    /// A line, and what is answered; nothing when the shell has ended.
    fn ask(&mut self, line: &str) -> String {
        writeln!(self.child.stdin.as_mut().unwrap(), "{line}").unwrap();
        let mut answer = String::new();
        self.answers.read_line(&mut answer).unwrap();
        answer.trim_end().to_owned()
    }
}

impl Job {
    /// Waits until lines like these were printed; else gives what was said.
    pub(crate) fn wait_for(&self, lines: &[&str]) -> Result<(), String> {
        let end = Instant::now() + PATIENCE;
        loop {
            let (printed, errors) = self.said.both();
            let Some(line) = broken(lines, &printed) else { return Ok(()) };
            if Instant::now() > end {
                return Err(format!("no {line}:\n{printed}\n{errors}"));
            }
            std::thread::sleep(Duration::from_millis(10));
        }
    }
}
