//! Somebody who follows a page: block after block is pasted as it stands.

use crate::claims::broken;
use crate::elsewhere::is_elsewhere;
use crate::pages::{Block, blocks, root, text};
use crate::shell::{Job, Shell};

pub(crate) struct Reader {
    page: &'static str,
    blocks: Vec<Block>,
    /// Where in the page the reader is.
    next: usize,
    shell: Shell,
}

impl Reader {
    /// In a copy of the example project, with nothing running yet.
    pub(crate) fn of(page: &'static str) -> Self {
        let blocks = blocks(&text(page)).collect();
        let mut reader = Self { page, blocks, next: 0, shell: Shell::new() };
        let studio = root().join("examples/studio");
        reader.prepare(&format!("cp -r '{}' /mnt/project; cd /mnt/project", studio.display()));
        reader
    }

    /// Does what the page takes for granted; gives what was printed.
    pub(crate) fn prepare(&mut self, commands: &str) -> String {
        let page = self.page;
        self.shell.run(commands).unwrap_or_else(|said| panic!("{page}:\n{said}"))
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
        let script = self.shell.script(&block.text);
        let printed = self.prepare(&format!("env {variables} bash -eu {}", script.display()));
        self.compare(&block, &printed);
        printed
    }

    /// Pastes the next block, which goes on, and waits until it has printed these lines.
    pub(crate) fn begin(&mut self, ready: &[&str]) -> Job {
        let block = self.turn();
        self.start(&block.text, ready)
    }

    /// Starts something that the page takes for granted, and waits until it has printed these lines.
    pub(crate) fn start(&mut self, command: &str, ready: &[&str]) -> Job {
        let job = self.shell.begin(command);
        self.see(&job, ready);
        job
    }

    /// Waits until what goes on has printed these lines.
    pub(crate) fn see(&self, job: &Job, lines: &[&str]) {
        let page = self.page;
        job.wait_for(lines).unwrap_or_else(|said| panic!("{page}: {said}"));
    }

    /// A server on this storage, as most pages take it for granted.
    pub(crate) fn serve(&mut self, storage: &str) -> Job {
        let command = format!("shaman-server --storage {storage} --state /var/lib/shaman");
        self.start(&command, &["shaman-server listening on http://127.0.0.1:8080"])
    }

    /// Ends what goes on, as Ctrl-C does.
    pub(crate) fn end(&mut self, job: &Job) {
        let page = self.page;
        self.shell.end(job).unwrap_or_else(|said| panic!("{page}: {said}"));
    }

    /// Back to the block that begins so.
    pub(crate) fn go_back_to(&mut self, begins: &str) {
        self.next = self.position(begins);
    }

    /// The block that begins so.
    pub(crate) fn block(&self, begins: &str) -> Block {
        self.blocks[self.position(begins)].clone()
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
}
