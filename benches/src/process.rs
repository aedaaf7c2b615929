//! The programs that are measured.

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::Context as _;

/// A program of this workspace; it lies beside this one.
pub(crate) fn program(name: &str) -> Command {
    Command::new(path(name))
}

fn path(name: &str) -> PathBuf {
    let here = std::env::current_exe().unwrap_or_default();
    here.with_file_name(name)
}

/// Tells what to do if a program is not there.
pub(crate) fn ensure_built(names: &[&str]) -> anyhow::Result<()> {
    for name in names {
        anyhow::ensure!(
            path(name).exists(),
            "`{name}` is not built; run `cargo build --workspace` first"
        );
    }
    Ok(())
}

/// A running server; ended when dropped.
#[derive(Debug)]
pub(crate) struct Server {
    child: Child,
    /// `IP:PORT`.
    pub(crate) address: String,
}

impl Server {
    /// Starts one with files of its own.
    pub(crate) fn start(storage: &Path, state: &Path) -> anyhow::Result<Self> {
        Self::start_with(storage, state, &[])
    }

    /// The same with further arguments.
    pub(crate) fn start_with(
        storage: &Path,
        state: &Path,
        arguments: &[&str],
    ) -> anyhow::Result<Self> {
        let mut child = program("shaman-server")
            .args(["serve", "--listen", "127.0.0.1:0", "--log", "warn"])
            .args(arguments)
            .arg("--storage")
            .arg(storage)
            .arg("--state")
            .arg(state)
            .stdout(Stdio::piped())
            .spawn()?;
        let out = child.stdout.take().context("no stdout")?;
        let mut server = Self { child, address: String::new() };
        let mut line = String::new();
        BufReader::new(out).read_line(&mut line)?;
        let address = line.trim_end().rsplit_once("http://").context("the server did not start")?;
        address.1.clone_into(&mut server.address);
        Ok(server)
    }

    /// Its process.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// Runs a command and gives its peak in KiB, looked at every 2 ms until it ends.
pub(crate) fn peak(command: &mut Command) -> anyhow::Result<u64> {
    let mut child = command.stdout(Stdio::null()).spawn()?;
    let mut peak = 0;
    while child.try_wait()?.is_none() {
        peak = peak_kib(child.id()).unwrap_or(0).max(peak);
        std::thread::sleep(Duration::from_millis(2));
    }
    anyhow::ensure!(child.wait()?.success(), "it failed");
    Ok(peak)
}

/// The largest resident memory that a process ever had (Linux: `VmHWM`).
pub(crate) fn peak_kib(pid: u32) -> anyhow::Result<u64> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status"))?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).context("no VmHWM")?;
    Ok(line.split_ascii_whitespace().nth(1).context("no figure")?.parse()?)
}
