//! A small disk of its own.

use std::path::PathBuf;
use std::process::{Command, Stdio};

/// A mounted image; unmounted when dropped.
#[derive(Debug)]
pub(crate) struct SmallDisk {
    folder: tempfile::TempDir,
}

impl SmallDisk {
    /// Mounts one of 400 MB; `None`, loudly, where that is not possible (it takes root and loop
    /// devices).
    pub(crate) fn mount(file_system: &str) -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        let (image, mount) = (folder.path().join("image"), folder.path().join("mount"));
        std::fs::File::create(&image).unwrap().set_len(400 << 20).unwrap();
        std::fs::create_dir(&mount).unwrap();
        let did = |program: &str, arguments: &[&str]| {
            Command::new(program)
                .args(arguments)
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .status()
                .is_ok_and(|status| status.success())
        };
        let (image, at) = (image.to_str().unwrap(), mount.to_str().unwrap());
        if did(&format!("mkfs.{file_system}"), &["-q", image])
            && did("mount", &["-o", "loop", image, at])
        {
            return Some(Self { folder });
        }
        eprintln!("\n*** SKIPPED: no {file_system} can be mounted here. ***\n");
        None
    }

    pub(crate) fn path(&self) -> PathBuf {
        self.folder.path().join("mount")
    }

    /// Loses all that was not flushed, from now on; `false`, loudly, where that is not possible.
    pub(crate) fn cut_power(&self) -> bool {
        let cut = Command::new("xfs_io").args(["-x", "-c", "shutdown"]).arg(self.path()).status();
        let is_cut = cut.is_ok_and(|status| status.success());
        if !is_cut {
            eprintln!("\n*** SKIPPED: there is no xfs_io here. ***\n");
        }
        is_cut
    }

    /// Mounts it again; nothing may run on it.
    pub(crate) fn mount_again(&self) {
        let image = self.folder.path().join("image");
        assert!(Command::new("umount").arg(self.path()).status().unwrap().success());
        let mount = Command::new("mount").args(["-o", "loop"]).arg(image).arg(self.path()).status();
        assert!(mount.unwrap().success());
    }

    /// Fills it to the last byte.
    pub(crate) fn fill(&self) {
        let pieces = [("large", 1 << 20), ("small", 4_096), ("tiny", 1)];
        // Before the disk is too full for names.
        let files = pieces
            .map(|(name, piece)| (std::fs::File::create(self.path().join(name)).unwrap(), piece));
        for (mut file, piece) in files {
            while std::io::Write::write_all(&mut file, &vec![1; piece]).is_ok() {}
            drop(file.sync_all());
        }
    }

    /// Makes room again.
    pub(crate) fn make_room(&self) {
        for name in ["large", "small", "tiny"] {
            std::fs::remove_file(self.path().join(name)).unwrap();
        }
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        drop(Command::new("umount").arg(self.path()).status());
    }
}
