//! What the storage's file system can do, tried at start.

use std::fs::File;
use std::path::Path;

use super::disk::{DiskError, During as _};
use super::{Store, dirs, flush_cost};

/// Something that a file system may be able to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ability {
    /// One file with two names: without it there are no checkouts.
    HardLinks,
    /// Two files that share their blocks until somebody writes to one.
    Clones,
    /// Links by name.
    Symlinks,
    /// A rename over an empty directory, in one step.
    RenamesOverEmptyDirectories,
    /// An exchange of two names, in one step.
    ExchangesNames,
    /// A flush of a directory.
    FlushesDirectories,
    /// Names that differ only in case or in how letters are composed are one name.
    FoldsNames,
}

/// What was found out.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Abilities {
    /// The file system's name, if it is a known one.
    pub file_system: Option<&'static str>,
    /// Most names of one file, as far as it is known.
    pub link_limit: Option<u64>,
    /// What it can do.
    pub can: Vec<Ability>,
    /// From so many blobs on, a flush of the whole file system is cheaper than one of each.
    pub flush_all_from: usize,
    /// How far a flush of all of it goes.
    pub(super) reach: Reach,
}

/// What one flush of the whole file system (`syncfs`) makes durable.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Reach {
    /// Whatever anybody wrote there: all of them are programs of this machine.
    All,
    /// What this machine wrote. Others may have bytes that they did not send yet.
    Own,
    /// Nothing for sure. FUSE does not pass it on to who keeps the files, and neither does SMB.
    #[default]
    Nothing,
}

impl Abilities {
    /// Says whether the number of names that a file is said to have is right. On SMB it may be 1
    /// after a listing or when the file is open, however many there are.
    pub(super) fn counts_names(&self) -> bool {
        !matches!(self.file_system, Some("cifs" | "smb2"))
    }
}

impl Ability {
    /// Its name in logs and answers.
    pub fn name(self) -> &'static str {
        match self {
            Self::HardLinks => "hard_links",
            Self::Clones => "clones",
            Self::Symlinks => "symlinks",
            Self::RenamesOverEmptyDirectories => "renames_over_empty_directories",
            Self::ExchangesNames => "exchanges_names",
            Self::FlushesDirectories => "flushes_directories",
            Self::FoldsNames => "folds_names",
        }
    }
}

/// Numbers of file systems (`statfs`), their names, how many names one file can have there, and how
/// far a flush of all goes. One that is not known is trusted with nothing.
const KNOWN: &[(u64, &str, Option<u64>, Reach)] = &[
    (0xEF53, "ext4", Some(65_000), Reach::All),
    (0x5846_5342, "xfs", Some(2_147_483_647), Reach::All),
    (0x9123_683E, "btrfs", Some(65_535), Reach::All),
    (0x2FC1_2FC1, "zfs", None, Reach::All),
    (0xF2F5_2010, "f2fs", None, Reach::All),
    (0xCA45_1A4E, "bcachefs", None, Reach::All),
    (0x6969, "nfs", None, Reach::Own),
    (0xFF53_4D42, "cifs", None, Reach::Nothing),
    (0xFE53_4D42, "smb2", None, Reach::Nothing),
    (0x00C3_6400, "ceph", None, Reach::Own),
    (0x6573_5546, "fuse", None, Reach::Nothing),
    (0x0102_1994, "tmpfs", None, Reach::All),
    (0x794C_7630, "overlay", None, Reach::All),
    (0x7366_746E, "ntfs3", Some(1_024), Reach::All),
];

/// Does something in a directory of its own.
type Attempt = fn(&Path) -> std::io::Result<()>;

impl Store {
    /// What is known without trying.
    pub(super) fn known_abilities(&self) -> Result<Abilities, DiskError> {
        let stat = rustix::fs::fstatfs(&self.stored).during("look at", &self.layout.stored())?;
        // The kernel's type of it differs between machines, in width and sign.
        #[expect(clippy::cast_sign_loss, reason = "only its low bits count")]
        let number = (stat.f_type as u64) & 0xFFFF_FFFF;
        let known = KNOWN.iter().find(|(of, ..)| *of == number);
        Ok(Abilities {
            file_system: known.map(|(_, name, ..)| *name),
            link_limit: known.and_then(|(_, _, limit, _)| *limit),
            reach: known.map_or(Reach::Nothing, |(.., reach)| *reach),
            // Else there were no checkouts.
            can: vec![Ability::HardLinks],
            flush_all_from: flush_cost::USUAL,
        })
    }

    /// Tries everything else, in a directory that goes again. What fails, for whatever reason, the
    /// file system cannot do.
    pub(super) fn try_abilities(&mut self) -> Result<(), DiskError> {
        let dir = self.layout.staging().join(self.unique());
        std::fs::create_dir(&dir).during("make directory", &dir)?;
        let tries: [(Ability, Attempt); 5] = [
            (Ability::Clones, clone),
            (Ability::Symlinks, |dir| std::os::unix::fs::symlink("a", dir.join("symlink"))),
            (Ability::RenamesOverEmptyDirectories, rename_over),
            (Ability::ExchangesNames, exchange),
            (Ability::FlushesDirectories, |dir| File::open(dir)?.sync_all()),
        ];
        let mut can = Vec::new();
        can.extend(
            tries.iter().filter(|(_, attempt)| attempt(&dir).is_ok()).map(|(ability, _)| ability),
        );
        if self.folds_names {
            can.push(Ability::FoldsNames);
        }
        std::fs::remove_dir_all(&dir).during("remove", &dir)?;
        self.abilities.can.append(&mut can);
        Ok(())
    }
}

fn clone(dir: &Path) -> std::io::Result<()> {
    std::fs::write(dir.join("from"), vec![1; 4_096])?;
    let to = File::create(dir.join("to"))?;
    Ok(rustix::fs::ioctl_ficlone(&to, &File::open(dir.join("from"))?)?)
}

fn rename_over(dir: &Path) -> std::io::Result<()> {
    std::fs::create_dir(dir.join("full"))?;
    std::fs::create_dir(dir.join("full/below"))?;
    std::fs::create_dir(dir.join("empty"))?;
    std::fs::rename(dir.join("full"), dir.join("empty"))
}

fn exchange(dir: &Path) -> std::io::Result<()> {
    std::fs::create_dir(dir.join("one"))?;
    std::fs::create_dir(dir.join("other"))?;
    let opened = dirs::open(dir).map_err(std::io::Error::other)?;
    let flags = rustix::fs::RenameFlags::EXCHANGE;
    Ok(rustix::fs::renameat_with(&opened, "one", &opened, "other", flags)?)
}
