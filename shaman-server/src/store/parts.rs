//! Parts: the beginning of a large blob, kept until the rest comes.
//!
//! ```text
//! uploading/ab/<62 hex>/<size>-<instance>.part
//! ```
//!
//! A part belongs to the server that it is named after; when that is gone, to the one that takes
//! it. Nothing of a part is believed: it is hashed again before anything is appended.

use std::fs::{self, OpenOptions};
use std::io::{self, Read as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use shaman_proto::BlobRef;

use super::Store;
use super::blobs::read_dir;
use super::disk::{DiskError, During as _};
use super::instance::{id_in, is_gone};
use super::layout::PART_ENDING;
use super::staged::{Staged, in_directory};

/// Bytes of a part that are hashed at once.
const PIECE_BYTES: usize = 256 << 10;

impl Store {
    /// Begins the part of a blob anew; what was kept of it is gone.
    pub fn stage_part(&self, blob: BlobRef) -> Result<Staged, DiskError> {
        let path = self.own_part(&blob);
        // Ours, and those of servers that are gone.
        while let Some(found) = self.find_part(&blob)? {
            remove(&found)?;
        }
        let dir = self.layout.uploading_dir(&blob);
        let file = in_directory(&dir, || {
            OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path)
        });
        Ok(Staged::part(blob, file.during("make", &path)?, path))
    }

    /// Opens the part of a blob to append to it; `None`: there is none. Reads what is kept.
    pub fn resume_part(&self, blob: BlobRef) -> Result<Option<Staged>, DiskError> {
        let Some(found) = self.find_part(&blob)? else { return Ok(None) };
        let path = self.own_part(&blob);
        if found != path {
            match fs::rename(&found, &path) {
                // Another server was faster.
                Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
                renamed => renamed.during("take over", &found)?,
            }
        }
        let file = match OpenOptions::new().read(true).append(true).open(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            opened => opened.during("open", &path)?,
        };
        let mut staged = Staged::part(blob, file, path);
        hash_kept(&mut staged)?;
        Ok(Some(staged))
    }

    /// Bytes that are kept of a blob that is not complete; `None`: there is no part.
    pub fn part_bytes(&self, blob: &BlobRef) -> Result<Option<u64>, DiskError> {
        let Some(path) = self.find_part(blob)? else { return Ok(None) };
        Ok(look_at(&path)?.map(|meta| meta.len()))
    }

    /// Throws away what is kept of a blob; `false`: nothing was.
    pub fn remove_part(&self, blob: &BlobRef) -> Result<bool, DiskError> {
        let Some(path) = self.find_part(blob)? else { return Ok(false) };
        let removed = remove(&path)?;
        drop(fs::remove_dir(self.layout.uploading_dir(blob)));
        Ok(removed)
    }

    /// Throws away parts that nobody wrote to since then, in seconds since 1970; gives how many.
    pub fn remove_old_parts(&self, since_secs: u64) -> Result<u64, DiskError> {
        let mut removed = 0;
        let uploading = self.layout.uploading();
        for first in read_dir(&uploading)? {
            let first = uploading.join(first);
            for rest in read_dir(&first)? {
                let rest = first.join(rest);
                for file in read_dir(&rest)? {
                    let path = rest.join(&file);
                    let is_part = file.to_str().is_some_and(|name| name.ends_with(PART_ENDING));
                    if is_part && modified_secs(&path)?.is_some_and(|at| at < since_secs) {
                        removed += u64::from(remove(&path)?);
                    }
                }
                drop(fs::remove_dir(&rest));
            }
        }
        Ok(removed)
    }

    fn own_part(&self, blob: &BlobRef) -> PathBuf {
        let name = format!("{}-{}{PART_ENDING}", blob.size, self.instance.id());
        self.layout.uploading_dir(blob).join(name)
    }

    /// Our part of a blob, or one whose server is gone.
    fn find_part(&self, blob: &BlobRef) -> Result<Option<PathBuf>, DiskError> {
        let own = self.own_part(blob);
        if look_at(&own)?.is_some() {
            return Ok(Some(own));
        }
        let dir = self.layout.uploading_dir(blob);
        let size = format!("{}-", blob.size);
        for name in read_dir(&dir)? {
            let name = name.to_str().filter(|name| name.ends_with(PART_ENDING));
            let id = name.and_then(|name| id_in(name.strip_prefix(&size)?));
            if let (Some(name), Some(id)) = (name, id)
                && is_gone(&self.layout, id)?
            {
                return Ok(Some(dir.join(name)));
            }
        }
        Ok(None)
    }
}

/// Reads what is kept into the hasher.
fn hash_kept(staged: &mut Staged) -> Result<(), DiskError> {
    let mut piece = vec![0; PIECE_BYTES];
    loop {
        let read = staged.file().read(&mut piece).during("read", &staged.path)?;
        if read == 0 {
            return Ok(());
        }
        staged.hasher.update(&piece[..read]);
        staged.received_bytes += read as u64;
    }
}

fn look_at(path: &Path) -> Result<Option<fs::Metadata>, DiskError> {
    match fs::symlink_metadata(path) {
        Ok(meta) => Ok(meta.is_file().then_some(meta)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        failed @ Err(_) => failed.map(|_| None).during("look at", path),
    }
}

fn modified_secs(path: &Path) -> Result<Option<u64>, DiskError> {
    let modified = look_at(path)?.and_then(|meta| meta.modified().ok());
    let since = modified.and_then(|at| at.duration_since(UNIX_EPOCH).ok());
    Ok(since.map(|since| since.as_secs()))
}

/// Removes a file; `false`: there is none.
fn remove(path: &Path) -> Result<bool, DiskError> {
    match fs::remove_file(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        removed => removed.map(|()| true).during("remove", path),
    }
}
