//! A file system that takes `A` and `a` for one name, as Windows does.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// A mounted NTFS image; unmounted when dropped.
#[derive(Debug)]
pub(crate) struct FoldingDisk {
    folder: tempfile::TempDir,
}

impl FoldingDisk {
    /// Mounts one; `None`, loudly, where that is not possible (it takes root, FUSE and ntfs-3g).
    pub(crate) fn mount() -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        let image = folder.path().join("image");
        let mount = folder.path().join("mount");
        std::fs::File::create(&image).unwrap().set_len(64 << 20).unwrap();
        std::fs::create_dir(&mount).unwrap();
        let did = |program: &str, arguments: &[&str], paths: &[&Path]| {
            Command::new(program)
                .args(arguments)
                .args(paths)
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .status()
                .is_ok_and(|status| status.success())
        };
        if did("mkntfs", &["-q", "-F"], &[&image])
            && did("lowntfs-3g", &["-o", "ignore_case"], &[&image, &mount])
        {
            return Some(Self { folder });
        }
        eprintln!("\n*** SKIPPED: no file system that folds case can be mounted here. ***\n");
        None
    }

    pub(crate) fn path(&self) -> PathBuf {
        self.folder.path().join("mount")
    }
}

impl Drop for FoldingDisk {
    fn drop(&mut self) {
        drop(Command::new("umount").arg(self.path()).status());
    }
}
