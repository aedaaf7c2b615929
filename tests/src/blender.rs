//! Blender, if it can be had.
#![expect(clippy::print_stderr, reason = "a test that was skipped says so")]

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// A Python with Blender of this version; `None`, loudly, when it can't be had.
pub fn blender(version: &str) -> Option<PathBuf> {
    let output = Command::new("sh")
        .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("../scripts/get-blender.sh"))
        .arg(version)
        .stderr(Stdio::inherit())
        .output()
        .expect("a script can be run");
    if output.status.success() {
        return Some(PathBuf::from(
            String::from_utf8(output.stdout).expect("a path is text").trim(),
        ));
    }
    eprintln!("\n*** SKIPPED: Blender {version} can't be had here, so nothing was rendered. ***\n");
    None
}
