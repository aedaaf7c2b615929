//! Trash: blobs that a sweep took, kept for a while, put back when anybody asks for them.
//!
//! ```text
//! trash/<seconds since 1970, 12 digits>-<unique>/ab/<62 hex>/<size>.blob
//! ```
//!
//! One directory a sweep. A blob's mtime stays what it was, so that it ages on when it comes back.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use rustix::fs::{CWD, RenameFlags, renameat_with};
use rustix::io::Errno;
use shaman_proto::BlobRef;

use super::Store;
use super::blobs::{StoredBlob, look_afresh, look_at, read_dir, walk_blobs_below};
use super::disk::{DiskError, During as _};
use super::layout::blob_below_stored;
use super::staged::in_directory;

/// Where one sweep puts what it takes.
#[derive(Debug, Clone)]
pub struct TrashBatch {
    path: PathBuf,
    taken_at: u64,
}

impl Store {
    /// A new batch, whose directory is made with its first blob.
    pub fn new_trash_batch(&self, now_secs: u64) -> TrashBatch {
        let name = format!("{now_secs:012}-{}", self.unique());
        TrashBatch { path: self.layout.trash().join(name), taken_at: now_secs }
    }

    /// Takes a blob's name away and keeps it in the batch. `false`: it was gone already.
    pub fn trash(&self, blob: &BlobRef, batch: &TrashBatch) -> Result<bool, DiskError> {
        let from = self.layout.blob(blob);
        let to = batch.path.join(blob_below_stored(blob));
        let moved = in_directory(parent(&to), || match fs::symlink_metadata(&from) {
            // Else a vanished blob would look like a directory that is not there yet.
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
            _ => fs::rename(&from, &to).map(|()| true),
        });
        let moved = moved.during("take away", &from)?;
        if moved {
            // Goes only when no other size of the same digest is there.
            drop(fs::remove_dir(parent(&from)));
        }
        Ok(moved)
    }

    /// Puts a blob back from the trash, the latest one if there are several. `false`: it is not
    /// there either. A blob that came meanwhile is not replaced.
    pub fn restore(&self, blob: &BlobRef) -> Result<bool, DiskError> {
        let to = self.layout.blob(blob);
        for batch in self.trash_batches()?.into_iter().rev() {
            let from = batch.path.join(blob_below_stored(blob));
            if !from.is_file() {
                continue;
            }
            let moved = in_directory(parent(&to), || {
                match renameat_with(CWD, &from, CWD, &to, RenameFlags::NOREPLACE) {
                    Err(Errno::EXIST) => Ok(()),
                    Err(Errno::INVAL | Errno::NOSYS | Errno::NOTSUP) => {
                        match fs::hard_link(&from, &to) {
                            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
                            linked => linked.and_then(|()| fs::remove_file(&from)),
                        }
                    }
                    renamed => renamed.map_err(io::Error::from),
                }
            });
            match moved {
                Ok(()) => return Ok(true),
                // Somebody emptied the trash, or was faster.
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                failed @ Err(_) => failed.during("put back", &to)?,
            }
        }
        Ok(false)
    }

    /// What the disk says of a blob in a batch; `None` when it is not there (any more).
    pub fn find_in_batch(
        &self,
        blob: &BlobRef,
        batch: &TrashBatch,
    ) -> Result<Option<StoredBlob>, DiskError> {
        let path = batch.path.join(blob_below_stored(blob));
        if self.is_ours_alone() {
            return look_at(CWD, &path, blob, || path.clone());
        }
        // The rename was ours, but whoever began to use it may be on another machine.
        look_afresh(&path, blob)
    }

    /// All batches, the oldest first.
    pub fn trash_batches(&self) -> Result<Vec<TrashBatch>, DiskError> {
        let trash = self.layout.trash();
        let mut batches: Vec<TrashBatch> = read_dir(&trash)?
            .into_iter()
            .filter_map(|name| {
                let taken_at = name.to_str()?.split_once('-')?.0.parse().ok()?;
                Some(TrashBatch { path: trash.join(&name), taken_at })
            })
            .collect();
        batches.sort_by(|a, b| (a.taken_at, &a.path).cmp(&(b.taken_at, &b.path)));
        Ok(batches)
    }

    /// Number and bytes of the blobs in a batch.
    pub fn weigh_batch(&self, batch: &TrashBatch) -> Result<(u64, u64), DiskError> {
        let (mut blobs, mut bytes) = (0, 0);
        walk_blobs_below(&batch.path, |blob| {
            blobs += 1;
            bytes += blob.size.bytes();
            Ok(std::ops::ControlFlow::Continue(()))
        })?;
        Ok((blobs, bytes))
    }

    /// Deletes a batch for ever.
    pub fn delete_batch(&self, batch: &TrashBatch) -> Result<(), DiskError> {
        match fs::remove_dir_all(&batch.path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            removed => removed.during("delete", &batch.path),
        }
    }
}

impl TrashBatch {
    /// Seconds since 1970 when its blobs were taken.
    pub fn taken_at(&self) -> u64 {
        self.taken_at
    }
}

fn parent(path: &Path) -> &Path {
    path.parent().expect("a blob's path has a directory")
}
