//! A file system whose power can be cut.
#![expect(clippy::disallowed_methods, reason = "a disk of its own")]

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// A mounted image; unmounted when dropped.
#[derive(Debug)]
pub struct Disk {
    /// Before the folder, so that it goes first.
    mount: Option<Mount>,
    folder: tempfile::TempDir,
}

/// An image that is mounted; unmounted when dropped.
///
/// On a device of its own: `mount -o loop` takes one that is there for the same file, and what was
/// mounted before lives on, shut down or with other bytes in memory, while another mount namespace
/// has a copy of the mount.
#[derive(Debug)]
pub struct Mount {
    device: String,
    at: PathBuf,
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
        let mut disk = Self { folder, mount: None };
        std::fs::File::create(disk.image()).and_then(|image| image.set_len(bytes)).ok()?;
        let made = did(&format!("mkfs.{kind}"), &["-q"], &[&disk.image()]);
        disk.mount = Some(Mount::new(&disk.image(), &disk.mount_point()).filter(|_| made)?);
        let is_ready = did("xfs_io", &["-V"], &[]) && std::fs::write(disk.bystander(), "0").is_ok();
        is_ready.then_some(disk)
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
        drop(self.mount.take());
        self.mount = Mount::new(&self.image(), &self.mount_point());
        assert!(self.mount.is_some(), "the file system is well after a cut");
    }
}

impl Mount {
    /// Mounts an image; `None`: it cannot be mounted.
    pub fn new(image: &Path, at: &Path) -> Option<Self> {
        std::fs::create_dir_all(at).ok()?;
        let device = Command::new("losetup").args(["--find", "--show"]).arg(image).output().ok()?;
        let device = device.status.success().then_some(device.stdout)?;
        let device = String::from_utf8(device).ok()?.trim().to_owned();
        let mount = Self { device, at: at.to_owned() };
        // An XFS whose twin lives on in another namespace has to be told that this is right.
        let ways: [&[&str]; 2] = [&[], &["-o", "nouuid"]];
        let is_mounted = ways.iter().any(|way| did("mount", way, &[Path::new(&mount.device), at]));
        is_mounted.then_some(mount)
    }
}

impl Drop for Mount {
    fn drop(&mut self) {
        if !did("umount", &[], &[&self.at]) {
            did("umount", &["-l"], &[&self.at]);
        }
        did("losetup", &["-d", &self.device], &[]);
    }
}
