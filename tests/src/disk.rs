//! A file system whose power can be cut.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// A mounted image; unmounted when dropped.
#[derive(Debug)]
pub struct Disk {
    folder: tempfile::TempDir,
}

/// Runs a program without a word, and says whether it went well.
fn did(program: &str, arguments: &[&str], paths: &[&Path]) -> bool {
    Command::new(program)
        .args(arguments)
        .args(paths)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}

impl Disk {
    /// Makes and mounts one of this many bytes; `None` where that is not possible.
    pub fn new(kind: &str, bytes: u64) -> Option<Self> {
        let folder = tempfile::tempdir().ok()?;
        let disk = Self { folder };
        std::fs::File::create(disk.image()).and_then(|image| image.set_len(bytes)).ok()?;
        std::fs::create_dir(disk.mount_point()).ok()?;
        let made = did(&format!("mkfs.{kind}"), &["-q"], &[&disk.image()]);
        (made && disk.mount() && did("xfs_io", &["-V"], &[])).then_some(disk)
    }

    fn image(&self) -> PathBuf {
        self.folder.path().join("image")
    }

    fn mount_point(&self) -> PathBuf {
        self.folder.path().join("mount")
    }

    fn mount(&self) -> bool {
        did("mount", &["-o", "loop"], &[&self.image(), &self.mount_point()])
    }

    /// Where a storage may be.
    pub fn storage(&self) -> PathBuf {
        self.mount_point().join("storage")
    }

    /// Everything that was written so far reaches the disk.
    pub fn flush(&self) {
        assert!(did("sync", &["-f"], &[&self.mount_point()]), "a file system can be flushed");
    }

    /// From here on nothing reaches the disk any more, and nothing that was not flushed ever does.
    pub fn cut(&self) {
        cut(&self.mount_point());
    }

    /// What cuts it, for another thread.
    pub fn cutter(&self) -> impl FnOnce() + Send + use<> {
        let mount_point = self.mount_point();
        move || cut(&mount_point)
    }

    /// The power comes back: what is on the disk is all there is.
    pub fn mount_again(&self) {
        assert!(did("umount", &[], &[&self.mount_point()]), "nobody uses it any more");
        assert!(self.mount(), "the file system is well after a cut");
    }
}

fn cut(mount_point: &Path) {
    assert!(did("xfs_io", &["-x", "-c", "shutdown"], &[mount_point]), "its power can be cut");
}

impl Drop for Disk {
    fn drop(&mut self) {
        did("umount", &["-l"], &[&self.mount_point()]);
    }
}
