//! A file system whose power can be cut.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// A mounted image; unmounted when dropped.
#[derive(Debug)]
pub struct Disk {
    folder: tempfile::TempDir,
}

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
    /// Makes and mounts one of 4 GiB, `ext4` or `xfs`; `None` where that is not possible: it takes
    /// root, loop devices and `xfs_io`.
    pub fn new(kind: &str) -> Option<Self> {
        let folder = tempfile::tempdir().expect("a test can write");
        let disk = Self { folder };
        let image = std::fs::File::create(disk.image()).expect("a test can write");
        image.set_len(4 << 30).expect("an image is sparse");
        std::fs::create_dir(disk.mount_point()).expect("a test can write");
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

    /// Where a storage goes on it.
    pub fn storage(&self) -> PathBuf {
        self.mount_point().join("storage")
    }

    /// From here on nothing reaches the disk any more, and nothing that was not flushed ever does.
    pub fn cut(&mut self) {
        assert!(did("xfs_io", &["-x", "-c", "shutdown"], &[&self.mount_point()]));
    }

    /// The power comes back: what is on the disk is all there is.
    pub fn mount_again(&mut self) {
        assert!(did("umount", &[], &[&self.mount_point()]));
        assert!(self.mount(), "the file system is well after a cut");
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        did("umount", &["-l"], &[&self.mount_point()]);
    }
}
