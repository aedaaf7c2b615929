//! A file system whose power can be cut.
#![expect(clippy::disallowed_methods, reason = "a disk of its own")]

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// A mounted image; unmounted when dropped.
#[derive(Debug)]
pub struct Disk {
    folder: tempfile::TempDir,
    kind: String,
    device: Option<String>,
}

/// What reaches the disk at the last moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cut {
    /// Nothing.
    Clean,
    /// The journal: names and sizes, but not the bytes, as when somebody else flushes a file.
    AfterNames,
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
        let mut disk = Self { folder, kind: kind.to_owned(), device: None };
        std::fs::File::create(disk.image()).and_then(|image| image.set_len(bytes)).ok()?;
        std::fs::create_dir(disk.mount_point()).ok()?;
        let made = did(&format!("mkfs.{kind}"), &["-q"], &[&disk.image()]);
        let is_made = made && disk.mount() && did("xfs_io", &["-V"], &[]);
        (is_made && std::fs::write(disk.bystander(), "0").is_ok()).then_some(disk)
    }

    fn image(&self) -> PathBuf {
        self.folder.path().join("image")
    }

    fn mount_point(&self) -> PathBuf {
        self.folder.path().join("mount")
    }

    /// A file that has nothing to do with the storage.
    fn bystander(&self) -> PathBuf {
        self.mount_point().join("bystander")
    }

    /// On a device of its own each time: what was shut down lives on while another mount namespace
    /// has a copy of the mount.
    fn mount(&mut self) -> bool {
        let device = Command::new("losetup").args(["--find", "--show"]).arg(self.image()).output();
        let Some(device) = device.ok().filter(|device| device.status.success()) else {
            return false;
        };
        let device = String::from_utf8_lossy(&device.stdout).trim().to_owned();
        let options = if self.kind == "xfs" { "nouuid" } else { "defaults" };
        let at = self.mount_point();
        let is_mounted = did("mount", &["-o", options, &device], &[&at]);
        self.device = Some(device);
        is_mounted
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
        self.cutter(Cut::Clean)();
    }

    /// What does so, for another thread.
    pub fn cutter(&self, cut: Cut) -> impl FnOnce() + Send + use<> {
        let (mount_point, bystander) = (self.mount_point(), self.bystander());
        move || {
            if cut == Cut::AfterNames {
                let flushed = std::fs::OpenOptions::new().append(true).open(bystander).and_then(
                    |mut file| {
                        file.write_all(b"1")?;
                        file.sync_all()
                    },
                );
                flushed.expect("a file can be flushed");
            }
            let is_cut = did("xfs_io", &["-x", "-c", "shutdown"], &[&mount_point]);
            assert!(is_cut, "the power can be cut");
        }
    }

    /// The power comes back: what is on the disk is all there is.
    pub fn mount_again(&mut self) {
        assert!(did("umount", &[], &[&self.mount_point()]), "nobody uses it any more");
        self.let_go();
        assert!(self.mount(), "the file system is well after a cut");
    }

    fn let_go(&mut self) {
        if let Some(device) = self.device.take() {
            did("losetup", &["-d", &device], &[]);
        }
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        did("umount", &["-l"], &[&self.mount_point()]);
        self.let_go();
    }
}
