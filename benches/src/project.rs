//! A project that real Blender saved.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Makes one below `into`, and gives the .blend that is submitted; without options it has 990 files.
pub(crate) fn make(blender: &Path, into: &Path, options: &str) -> anyhow::Result<PathBuf> {
    let script = scripts().join("make_project.py");
    let mut make = Command::new(blender);
    make.arg(script).arg(into).args(options.split_ascii_whitespace());
    anyhow::ensure!(
        make.stdout(Stdio::null()).stderr(Stdio::null()).status()?.success(),
        "no project was made"
    );
    Ok(into.join("project/shots/shot_010.blend"))
}

fn scripts() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../scripts")
}

/// The path that one of our scripts prints.
pub(crate) fn found(script: &str) -> anyhow::Result<PathBuf> {
    let output =
        Command::new("sh").arg(scripts().join(script)).stderr(Stdio::inherit()).output()?;
    anyhow::ensure!(output.status.success(), "`{script}` says why");
    Ok(PathBuf::from(String::from_utf8(output.stdout)?.trim()))
}
