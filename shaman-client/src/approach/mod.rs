//! How workers come to see a job's files: in place, as a copy, or as a checkout.
//!
//! | the .blend | Shaman is off | Shaman is on |
//! |---|---|---|
//! | lies in the storage | used in place | used in place: it is in a checkout, or workers see it anyway |
//! | lies elsewhere | a copy for each job | uploaded and checked out |
//!
//! This is what Flamenco's add-on does, so both put the same job into the same place. Nothing is
//! read here but names.

mod find;

pub use find::inside;

use std::path::{Path, PathBuf};

use shaman_proto::wire::flamenco::SharedStorageAnswer;

use crate::cli::Approach;
use crate::places::{UncError, refuse_unc, refuse_unc_location};

/// What is known of the shared storage.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Storage {
    /// Where it is as this machine sees it; `None` when nobody says.
    pub location: Option<String>,
    /// Whether its server makes checkouts.
    pub shaman: Shaman,
}

/// Whether a server makes checkouts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shaman {
    /// It does, or does not say that it does not.
    On,
    /// It does not.
    Off,
    /// There is no server; a person named the storage.
    Nobody,
}

impl Storage {
    /// The storage that a server tells of.
    pub fn told(answer: SharedStorageAnswer) -> Result<Self, UncError> {
        refuse_unc_location(&answer.location)?;
        let shaman = if answer.shaman_enabled { Shaman::On } else { Shaman::Off };
        Ok(Self { location: Some(answer.location).filter(|text| !text.is_empty()), shaman })
    }

    /// The storage of a server that does not tell.
    pub const fn untold() -> Self {
        Self { location: None, shaman: Shaman::On }
    }

    /// The storage that a person names, without any server.
    pub fn named(dir: &Path) -> Result<Self, ApproachError> {
        refuse_unc(dir)?;
        let dir = std::path::absolute(dir).unwrap_or_else(|_| dir.to_owned());
        let location = dir.to_str().ok_or_else(|| ApproachError::NotUtf8(dir.clone()))?;
        Ok(Self { location: Some(location.to_owned()), shaman: Shaman::Nobody })
    }
}

/// What will be done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Choice {
    /// Nothing is copied.
    InPlace {
        /// The .blend as it is spelled below the location, which is what workers can map.
        blend: PathBuf,
        /// The checkout that it lies in, if it is one of ours.
        checkout: Option<PathBuf>,
    },
    /// A copy below this directory, which is there.
    Copy(PathBuf),
    /// Upload and checkout.
    Shaman,
}

/// Why there is no way. Nothing was sent or copied.
#[derive(Debug, thiserror::Error)]
pub enum ApproachError {
    /// A server and a share.
    #[error(transparent)]
    Unc(#[from] UncError),
    /// A name that cannot be sent.
    #[error("the name of `{}` is not UTF-8, and workers could not find it; rename it", .0.display())]
    NotUtf8(PathBuf),
    /// In place, from elsewhere.
    #[error(
        "`{}` does not lie in the storage `{location}`, so workers cannot use it in place; move it there or leave --approach out",
        blend.display()
    )]
    NotInside {
        /// The .blend.
        blend: PathBuf,
        /// The storage.
        location: String,
    },
    /// A checkout, from a server that makes none.
    #[error(
        "the server makes no checkouts: Shaman is off there; switch it on or use --approach copy"
    )]
    ShamanOff,
    /// A checkout, without a server.
    #[error("--storage is for files in place and copies; a checkout is made by the server alone")]
    ShamanNamed,
    /// No storage.
    #[error("the server does not say where its shared storage is; name it with --storage DIR")]
    NoLocation,
    /// A storage that is not mounted here.
    #[error(
        "the storage `{0}` is not a directory on this machine; mount it, or name the place where it is mounted with --storage DIR"
    )]
    NotMounted(String),
}

/// Decides, as Flamenco's add-on does unless `asked` says otherwise.
pub fn choose(
    asked: Option<Approach>,
    storage: &Storage,
    blend: &Path,
) -> Result<Choice, ApproachError> {
    let inside = || storage.location.as_ref().and_then(|at| find::inside(at, blend));
    let in_place = |blend: PathBuf| {
        let checkout = find::checkout(storage.location.as_deref().unwrap_or_default(), &blend);
        Choice::InPlace { blend, checkout }
    };
    match (asked, storage.shaman) {
        (Some(Approach::Shaman), Shaman::Off) => Err(ApproachError::ShamanOff),
        (Some(Approach::Shaman), Shaman::Nobody) => Err(ApproachError::ShamanNamed),
        (Some(Approach::Shaman), Shaman::On) => Ok(Choice::Shaman),
        (Some(Approach::Copy), _) => copy(storage),
        (Some(Approach::InPlace), _) => {
            let location = storage.location.clone().ok_or(ApproachError::NoLocation)?;
            let blend = blend.to_path_buf();
            inside().map(in_place).ok_or(ApproachError::NotInside { blend, location })
        }
        (None, shaman) => match (inside(), shaman) {
            (Some(blend), _) => Ok(in_place(blend)),
            (None, Shaman::On) => Ok(Choice::Shaman),
            (None, Shaman::Off | Shaman::Nobody) => copy(storage),
        },
    }
}

fn copy(storage: &Storage) -> Result<Choice, ApproachError> {
    let location = storage.location.as_ref().ok_or(ApproachError::NoLocation)?;
    let dir = PathBuf::from(location);
    // A relative path would be one of this process, and `F:\farm` is one on Linux.
    if !(dir.is_absolute() && dir.is_dir()) {
        return Err(ApproachError::NotMounted(location.clone()));
    }
    Ok(Choice::Copy(dir))
}

#[cfg(test)]
mod tests;
