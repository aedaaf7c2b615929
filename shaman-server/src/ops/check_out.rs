//! A list of files → a directory of links, all or nothing.
//!
//! # Order
//!
//! Look for every blob on disk → flush those that are not flushed → build the tree aside, and the
//! manifest → claim the path with that → rename → flush, and index → answer. Links to blobs exist from the
//! second step of the tree on, so a blob cannot lose its last name in between; and what workers
//! see appears with the rename, complete.

use shaman_proto::wire::event::Event;
use shaman_proto::{
    BlobRef, CheckoutPath, FilePath, MANIFEST_FORMAT, Manifest, ManifestEntry, ManifestError,
    lookalikes,
};

use super::spread::{beside, spread};
use super::{LookupError, Ops};
use crate::index::{CheckoutRow, IndexError};
use crate::store::{DiskError, LinkError, Tree};

/// Names tried before a create gives up. Four characters of 36 make 1.7 million, so a second
/// collision is already rare.
const ATTEMPTS: usize = 20;

/// Lookalikes that a manifest names: enough to see the pattern.
const LOOKALIKES_NAMED: usize = 20;

/// Trees begun before a create gives up on blobs that vanish again and again. A sweep of this
/// server passes over what is held, so only sweeps of other servers can do that, once each.
const RESTORES_MAX: usize = 8;

/// What a client wants checked out.
#[derive(Debug, Clone)]
pub struct Wanted {
    /// Where, if that is free.
    pub checkout: CheckoutPath,
    /// What.
    pub files: Vec<ManifestEntry>,
    /// Which file is the one to render, if the client said so.
    pub blend: Option<FilePath>,
    /// Whose it is to be.
    pub owner: Option<String>,
}

/// Why there is no checkout. Nothing was changed, unless `Disk` says that the last flush failed.
#[derive(Debug, thiserror::Error)]
pub enum CheckOutError {
    /// The list cannot stand in one directory.
    #[error(transparent)]
    List(#[from] ManifestError),
    /// The storage takes two of the paths for one.
    #[error("the storage takes `{0}` and `{1}` for the same name; rename one of them")]
    Lookalikes(String, String),
    /// Blobs are missing; sorted, each once.
    #[error("{} blobs are missing", .0.len())]
    Missing(Vec<BlobRef>),
    /// Every name that was tried is taken.
    #[error("the name `{0}` and {ATTEMPTS} variants of it are taken; give the job another name")]
    NamesTaken(CheckoutPath),
    /// A file operation failed.
    #[error(transparent)]
    Disk(#[from] DiskError),
    /// The index failed.
    #[error(transparent)]
    Index(#[from] IndexError),
}

impl From<LookupError> for CheckOutError {
    fn from(error: LookupError) -> Self {
        match error {
            LookupError::Disk(disk) => disk.into(),
            LookupError::Index(index) => index.into(),
        }
    }
}

impl Ops {
    /// Makes a checkout at the wanted path, or at one with a suffix `-xxxx` when that is taken.
    pub fn check_out(&self, wanted: Wanted) -> Result<Manifest, CheckOutError> {
        let files = Manifest::arrange(wanted.files)?;
        let mut blobs: Vec<BlobRef> = files.iter().map(ManifestEntry::blob).collect();
        blobs.sort_unstable();
        blobs.dedup();
        // Before the look at the disk: from here on a sweep leaves them, or puts them back.
        let _held = self.holds.hold(blobs.clone());
        let (warnings, required) =
            beside(|| self.warn_of_lookalikes(&files), || self.require(&blobs));
        let warnings = warnings?;
        required?;
        self.flush_found(&blobs)?;
        let created = jiff::Timestamp::try_from((self.clock)()).unwrap_or_default();
        let mut manifest = Manifest {
            format: MANIFEST_FORMAT,
            checkout: self.name(&wanted.checkout, &wanted.checkout)?,
            blend: wanted.blend.filter(|blend| files.iter().any(|file| &file.path == blend)),
            created: created.strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
            server: format!("shaman-server {} {}", env!("CARGO_PKG_VERSION"), self.store.id()),
            owner: wanted.owner,
            warnings,
            files,
        };
        let tree = self.publish(&mut manifest, &wanted.checkout)?;
        let row = CheckoutRow {
            created: self.now_secs(),
            files: manifest.files.len() as u64,
            bytes: manifest.bytes(),
            owner: manifest.owner.clone(),
        };
        // Both before the answer; neither needs the other.
        let (flushed, noted) = beside(
            || self.store.flush_checkout(&tree, &manifest.checkout),
            || {
                // Not until the event: nobody who counts waits for a flush.
                let _changing = self.count.changing();
                self.index.put_checkout(&manifest.checkout, &row, &blobs)
            },
        );
        flushed?;
        noted?;
        let CheckoutRow { files, bytes, .. } = row;
        let checkout = manifest.checkout.as_str().to_owned();
        self.tell(Event::CheckoutMade { checkout, files, bytes });
        Ok(manifest)
    }

    /// Refuses paths that are one name on this storage; elsewhere gives a sentence for each pair
    /// that a worker on another system would take for one.
    fn warn_of_lookalikes(&self, files: &[ManifestEntry]) -> Result<Vec<String>, CheckOutError> {
        let mut pairs = lookalikes(files, LOOKALIKES_NAMED);
        if self.store.folds_names()
            && let Some((one, other)) = pairs.pop()
        {
            return Err(CheckOutError::Lookalikes(one, other));
        }
        Ok(pairs
            .into_iter()
            .map(|(one, other)| {
                format!(
                    "workers on Windows or macOS may take `{one}` and `{other}` for the same file"
                )
            })
            .collect())
    }

    /// Checks on disk that all of these are there, and notes that they are used.
    fn require(&self, blobs: &[BlobRef]) -> Result<(), CheckOutError> {
        let missing = spread(blobs, |part| {
            let mut missing = Vec::new();
            for (blob, row) in part.iter().zip(self.index.blobs(part)?) {
                match self.find_known(blob, row)? {
                    Some(found) if self.note_use(blob, &found)? => {
                        if found.is_writable {
                            self.store.make_read_only(blob)?;
                        }
                    }
                    _ => missing.push(*blob),
                }
            }
            Ok::<_, CheckOutError>(missing)
        })?;
        if missing.is_empty() { Ok(()) } else { Err(self.found_missing(missing)) }
    }

    /// Builds the tree. A blob that a sweep took between the look and the link is put back.
    fn build_tree(
        &self,
        files: &[ManifestEntry],
        checkout: &CheckoutPath,
    ) -> Result<Tree, CheckOutError> {
        for _ in 0..RESTORES_MAX {
            match self.store.build_tree(files, checkout) {
                Ok(tree) => return Ok(tree),
                Err(LinkError::Missing(blob)) if self.find(&blob)?.is_none() => {
                    return Err(self.found_missing(vec![blob]));
                }
                Err(LinkError::Missing(_)) => {}
                Err(LinkError::Disk(error)) => return Err(error.into()),
            }
        }
        let blobs = files.iter().map(ManifestEntry::blob).collect();
        Err(self.found_missing(blobs))
    }

    /// Forgets index rows of blobs that are not there, so that the next question about them goes
    /// to the disk.
    fn found_missing(&self, missing: Vec<BlobRef>) -> CheckOutError {
        match self.index.forget_blobs(&missing) {
            Ok(()) => CheckOutError::Missing(missing),
            Err(error) => error.into(),
        }
    }

    /// Builds the tree, with its manifest beside that, and puts it in its place: the one in the
    /// manifest, or another one, which is noted there.
    fn publish(
        &self,
        manifest: &mut Manifest,
        wanted: &CheckoutPath,
    ) -> Result<Tree, CheckOutError> {
        let (tree, staged) = beside(
            || self.build_tree(&manifest.files, &manifest.checkout),
            || self.store.stage_manifest(manifest),
        );
        let (mut tree, mut staged) = (tree?, staged?);
        for _ in 0..ATTEMPTS {
            match self.store.publish(&mut tree, &staged, &manifest.checkout)? {
                Ok(()) => return Ok(tree),
                Err(taken) => {
                    let other = wanted.with_suffix(taken.depth, &suffix());
                    manifest.checkout = self.name(&other, wanted)?;
                    staged = self.store.stage_manifest(manifest)?;
                }
            }
        }
        Err(CheckOutError::NamesTaken(wanted.clone()))
    }

    /// A path that nobody has right now: this one, or a variant of the wanted one.
    fn name(
        &self,
        first: &CheckoutPath,
        wanted: &CheckoutPath,
    ) -> Result<CheckoutPath, CheckOutError> {
        let mut name = first.clone();
        for _ in 0..ATTEMPTS {
            let Some(taken) = self.store.is_taken(&name)? else { return Ok(name) };
            // Behind the component that is taken: a checkout never ends up inside another one.
            name = wanted.with_suffix(taken.depth, &suffix());
        }
        Err(CheckOutError::NamesTaken(wanted.clone()))
    }
}

/// Four characters of a–z and 0–9.
fn suffix() -> String {
    std::iter::repeat_with(|| fastrand::digit(36)).take(4).collect()
}
