//! The manifest of a directory.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use shaman_proto::{MANIFEST_FILE, MANIFEST_FORMAT, Manifest};

/// Most bytes of a manifest: the largest that a server makes stays below it.
const BYTES_MAX: u64 = 2 << 30;

/// Why nothing can be said about a directory.
#[derive(Debug, thiserror::Error)]
pub enum ManifestFault {
    /// There is none.
    #[error(
        "`{}` has no {MANIFEST_FILE}: it is no checkout, or its files are still on their way; name the directory of a checkout, or give --wait 10m",
        .0.display()
    )]
    Absent(PathBuf),
    /// It cannot be read.
    #[error("cannot read `{}`", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// It is not one, or not all of it is there.
    #[error("`{}` is not a whole manifest; give --wait 10m if it is still on its way", path.display())]
    Broken {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        source: serde_json::Error,
    },
    /// A newer server made it.
    #[error(
        "`{}` has format {format}, and this program reads {MANIFEST_FORMAT}; use a newer `shaman`",
        path.display()
    )]
    Format {
        /// The file.
        path: PathBuf,
        /// Its number.
        format: u32,
    },
}

impl ManifestFault {
    /// Says whether waiting may help.
    pub(super) fn may_pass(&self) -> bool {
        !matches!(self, Self::Format { .. })
    }
}

/// Reads the manifest of a directory; nothing else is looked at.
pub fn read(dir: &Path) -> Result<Manifest, ManifestFault> {
    #[derive(serde::Deserialize)]
    struct Numbered {
        format: u32,
    }
    let path = dir.join(MANIFEST_FILE);
    let mut bytes = Vec::new();
    let ended = File::open(&path).and_then(|file| file.take(BYTES_MAX).read_to_end(&mut bytes));
    if let Err(source) = ended {
        return Err(match source.kind() {
            io::ErrorKind::NotFound => ManifestFault::Absent(dir.to_owned()),
            _ => ManifestFault::Unreadable { path, source },
        });
    }
    // The number first: what another format has beside it is not for us to judge.
    let numbered = serde_json::from_slice::<Numbered>(&bytes);
    match numbered.and_then(|numbered| match numbered.format {
        MANIFEST_FORMAT => serde_json::from_slice(&bytes).map(Ok),
        format => Ok(Err(format)),
    }) {
        Ok(Ok(manifest)) => Ok(manifest),
        Ok(Err(format)) => Err(ManifestFault::Format { path, format }),
        Err(source) => Err(ManifestFault::Broken { path, source }),
    }
}
