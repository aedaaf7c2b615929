//! Manifests: written before their tree appears, they claim its path.

use std::collections::HashSet;
use std::ffi::OsString;
use std::fs::OpenOptions;
use std::io::{self, BufWriter, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::PathBuf;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use shaman_proto::{CheckoutPath, Manifest};

use super::Store;
use super::blobs::read_dir;
use super::disk::{DiskError, During as _};
use super::layout::manifest_name;

/// A manifest in `staging/`, which goes when this is dropped; names it got meanwhile stay.
#[derive(Debug)]
pub struct StagedManifest {
    pub(super) path: PathBuf,
}

impl Drop for StagedManifest {
    fn drop(&mut self) {
        drop(std::fs::remove_file(&self.path));
    }
}

/// A claim on a checkout path, given up when dropped unless kept.
#[derive(Debug)]
pub(super) struct Claim {
    path: PathBuf,
    kept: bool,
}

impl Claim {
    pub(super) fn keep(mut self) {
        self.kept = true;
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        if !self.kept {
            drop(std::fs::remove_file(&self.path));
        }
    }
}

/// The manifests that there are, unread.
#[derive(Debug)]
pub struct ManifestNames {
    names: HashSet<OsString>,
}

impl ManifestNames {
    /// Takes out the one of this checkout. `false`: it has none.
    pub fn take(&mut self, checkout: &CheckoutPath) -> bool {
        self.names.remove(&*OsString::from(manifest_name(checkout)))
    }
}

impl Store {
    /// Lists all manifests.
    pub fn manifest_names(&self) -> Result<ManifestNames, DiskError> {
        Ok(ManifestNames { names: read_dir(&self.layout.manifests())?.into_iter().collect() })
    }

    /// Reads these. What is gone meanwhile or cannot be understood is passed over.
    pub fn read_manifests(&self, names: ManifestNames) -> impl Iterator<Item = Manifest> {
        let dir = self.layout.manifests();
        names.names.into_iter().filter_map(move |name| read(&dir.join(name)).unwrap_or_default())
    }

    /// Writes and flushes a manifest, read-only, in `staging/`.
    pub fn stage_manifest(&self, manifest: &Manifest) -> Result<StagedManifest, DiskError> {
        let path = self.layout.staging().join(format!("{}.json", self.unique()));
        let file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o444)
            .open(&path)
            .during("make", &path)?;
        let staged = StagedManifest { path };
        let mut out = BufWriter::new(file);
        serde_json::to_writer(&mut out, manifest)
            .map_err(io::Error::from)
            .and_then(|()| out.write_all(b"\n"))
            .and_then(|()| out.flush())
            .and_then(|()| out.get_ref().sync_all())
            .during("write", &staged.path)?;
        Ok(staged)
    }

    /// Claims the checkout's path for a staged manifest; `None` when it is taken.
    pub(super) fn claim(
        &self,
        staged: &StagedManifest,
        checkout: &CheckoutPath,
    ) -> Result<Option<Claim>, DiskError> {
        let path = self.layout.manifest(checkout);
        match std::fs::hard_link(&staged.path, &path) {
            Ok(()) => Ok(Some(Claim { path, kept: false })),
            Err(e) if e.kind() == io::ErrorKind::AlreadyExists => Ok(None),
            failed @ Err(_) => failed.map(|()| None).during("name", &path),
        }
    }

    /// Says whether a manifest claims this path.
    pub(super) fn is_claimed(&self, checkout: &CheckoutPath) -> Result<bool, DiskError> {
        let path = self.layout.manifest(checkout);
        let exists = || path.try_exists().during("look at", &path);
        Ok(exists()? || self.is_claimed_lately(&path) && exists()?)
    }

    /// Reads the manifest of a checkout; `None` when we made no such checkout.
    pub fn read_manifest(&self, checkout: &CheckoutPath) -> Result<Option<Manifest>, DiskError> {
        self.read_of(checkout)
    }

    /// Reads whose a checkout is, past its files; `None` when we made no such checkout.
    pub fn read_owner(&self, checkout: &CheckoutPath) -> Result<Option<Option<String>>, DiskError> {
        Ok(self.read_of(checkout)?.map(|head: Head| head.owner))
    }

    /// Reads what is wanted of the manifest of a checkout.
    fn read_of<T: DeserializeOwned>(
        &self,
        checkout: &CheckoutPath,
    ) -> Result<Option<T>, DiskError> {
        let path = self.layout.manifest(checkout);
        match read_as(&path)? {
            None if self.is_claimed_lately(&path) => read_as(&path),
            read => Ok(read),
        }
    }

    /// Calls `visit` with each manifest until it says to stop.
    pub fn walk_manifests(
        &self,
        mut visit: impl FnMut(Manifest) -> std::ops::ControlFlow<()>,
    ) -> Result<(), DiskError> {
        let dir = self.layout.manifests();
        for name in read_dir(&dir)? {
            if let Some(manifest) = read(&dir.join(name))?
                && visit(manifest).is_break()
            {
                break;
            }
        }
        Ok(())
    }
}

/// What a manifest says besides its files: to read these takes ten times as long.
#[derive(Debug, Deserialize)]
struct Head {
    owner: Option<String>,
}

/// Reads a manifest; `None` when there is none.
pub(super) fn read(path: &std::path::Path) -> Result<Option<Manifest>, DiskError> {
    read_as(path)
}

/// Reads what is wanted of a manifest; `None` when there is none.
fn read_as<T: DeserializeOwned>(path: &std::path::Path) -> Result<Option<T>, DiskError> {
    match std::fs::read(path) {
        Ok(text) => serde_json::from_slice(&text)
            .map(Some)
            .map_err(io::Error::from)
            .during("understand", path),
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(None),
        failed @ Err(_) => failed.map(|_| None).during("read", path),
    }
}
