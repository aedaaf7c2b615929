//! Somebody who follows a page: one shell, into which block after block is pasted as it stands.
#![expect(clippy::disallowed_methods, reason = "a shell takes its commands from files")]

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

use crate::claims::broken;
use crate::elsewhere::is_elsewhere;
use crate::pages::{Block, blocks, root, text};

/// More than a server needs to start.
const PATIENCE: Duration = Duration::from_secs(30);

pub(crate) struct Reader {
    page: &'static str,
    blocks: Vec<Block>,
    /// Where in the page the reader is.
    next: usize,
    shell: Child,
    answers: BufReader<ChildStdout>,
    folder: PathBuf,
    pastes: usize,
}

/// A block that goes on until it is ended.
pub(crate) struct Running {
    group: String,
    block: Block,
    printed: PathBuf,
    errors: PathBuf,
}

impl Reader {
    /// In a project, with nothing running yet.
    pub(crate) fn of(page: &'static str) -> Self {
        let folder = PathBuf::from("/tmp/pasted");
        std::fs::create_dir_all(&folder).unwrap();
        let mut shell = Command::new("bash")
            .args(["--norc", "-euo", "pipefail"])
            .current_dir("/mnt")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let answers = BufReader::new(shell.stdout.take().unwrap());
        let blocks = blocks(&text(page)).collect();
        let mut reader = Self { page, blocks, next: 0, shell, answers, folder, pastes: 0 };
        // Jobs get groups of their own, and can be ended as one.
        let studio = root().join("examples/studio");
        reader.prepare(&format!(
            "set -m; cp -r '{}' /mnt/project; cd /mnt/project",
            studio.display()
        ));
        reader
    }

    /// Does what the page takes for granted; gives what was printed.
    pub(crate) fn prepare(&mut self, commands: &str) -> String {
        let (script, printed, errors) = self.write(commands);
        self.say(&format!(". {script} </dev/null >{printed} 2>{errors}; echo done"));
        let answer = self.answer();
        let said = std::fs::read_to_string(&printed).unwrap();
        let errors = std::fs::read_to_string(&errors).unwrap();
        assert_eq!(answer, "done", "{}:\n{commands}\n{said}\n{errors}", self.page);
        said
    }

    /// Pastes the next block, which has to work and to print what the page claims.
    pub(crate) fn paste(&mut self) -> String {
        let block = self.turn();
        let printed = self.prepare(&block.text);
        self.compare(&block, &printed);
        printed
    }

    /// Runs the next block as a script of its own, with these variables.
    pub(crate) fn run(&mut self, variables: &str) -> String {
        let block = self.turn();
        let (script, ..) = self.write(&block.text);
        let printed = self.prepare(&format!("env {variables} bash -eu {script}"));
        self.compare(&block, &printed);
        printed
    }

    /// Back to the block that begins so.
    pub(crate) fn go_back_to(&mut self, begins: &str) {
        self.next = self.position(begins);
    }

    /// The block that begins so.
    pub(crate) fn block(&self, begins: &str) -> Block {
        self.blocks[self.position(begins)].clone()
    }

    /// Pastes the next block, which goes on, and waits until it has printed these lines.
    pub(crate) fn begin(&mut self, ready: &[&str]) -> Running {
        let block = self.turn();
        let running = self.go_on(block);
        self.wait_for(&running, ready);
        running
    }

    /// Starts something that the page takes for granted, and waits until it has printed this.
    pub(crate) fn start(&mut self, command: &str, ready: &str) -> Running {
        let block = Block { text: command.to_owned(), prints: String::new() };
        let running = self.go_on(block);
        self.wait_for(&running, &[ready]);
        running
    }

    /// A server on this storage, as most pages take it for granted.
    pub(crate) fn serve(&mut self, storage: &str) -> Running {
        self.start(
            &format!("shaman-server --storage {storage} --state /var/lib/shaman"),
            "shaman-server listening on http://127.0.0.1:8080",
        )
    }

    /// Waits until a block that goes on has printed what the page claims.
    pub(crate) fn see(&mut self, running: &Running) {
        self.wait_for(running, &running.block.claims());
    }

    /// Ends what goes on, as Ctrl-C does.
    pub(crate) fn end(&mut self, running: &Running) {
        self.prepare(&format!("kill -INT -- -{}; wait {} || true", running.group, running.group));
    }

    /// All of the page was read.
    pub(crate) fn finish(mut self) {
        self.pass_elsewhere();
        let left = self.blocks.get(self.next).map(Block::first_line);
        assert_eq!(left, None, "{}: a block that nobody runs", self.page);
    }

    fn position(&self, begins: &str) -> usize {
        let found = self.blocks.iter().position(|block| block.text.starts_with(begins));
        found.unwrap_or_else(|| panic!("{}: no block begins {begins}", self.page))
    }

    fn pass_elsewhere(&mut self) {
        while self.blocks.get(self.next).is_some_and(|block| is_elsewhere(self.page, block)) {
            self.next += 1;
        }
    }

    fn turn(&mut self) -> Block {
        self.pass_elsewhere();
        let block = self.blocks.get(self.next).cloned();
        self.next += 1;
        block.unwrap_or_else(|| panic!("{}: the page has fewer blocks", self.page))
    }

    fn compare(&self, block: &Block, printed: &str) {
        let broken = broken(&block.claims(), printed);
        assert_eq!(broken, None, "{}: claimed and not so:\n{}\n{printed}", self.page, block.text);
    }

    fn go_on(&mut self, block: Block) -> Running {
        let (script, printed, errors) = self.write(&block.text);
        self.say(&format!(". {script} </dev/null >{printed} 2>{errors} & echo $!"));
        let group = self.answer();
        Running { group, block, printed: printed.into(), errors: errors.into() }
    }

    fn wait_for(&self, running: &Running, lines: &[&str]) {
        let end = Instant::now() + PATIENCE;
        let read = |path: &Path| std::fs::read_to_string(path).unwrap_or_default();
        while let Some(line) = broken(lines, &read(&running.printed)) {
            let (text, page) = (&running.block.text, self.page);
            let (printed, errors) = (read(&running.printed), read(&running.errors));
            assert!(Instant::now() < end, "{page}: no {line}:\n{text}\n{printed}\n{errors}");
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    /// A script with these commands, and where what it says goes.
    fn write(&mut self, commands: &str) -> (String, String, String) {
        self.pastes += 1;
        let path = |ending| self.folder.join(format!("{}.{ending}", self.pastes));
        std::fs::write(path("sh"), format!("{commands}\n")).unwrap();
        let name = |ending| path(ending).display().to_string();
        (name("sh"), name("out"), name("err"))
    }

    fn say(&mut self, line: &str) {
        writeln!(self.shell.stdin.as_mut().unwrap(), "{line}").unwrap();
    }

    /// A line of the shell; none when a command failed, which ends it.
    fn answer(&mut self) -> String {
        let mut line = String::new();
        self.answers.read_line(&mut line).unwrap();
        line.trim_end().to_owned()
    }
}
