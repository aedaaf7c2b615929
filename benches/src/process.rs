//! The programs that are measured.

use std::path::PathBuf;
use std::process::{Command, Stdio};
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
