//! A blob on its way into the cache.

use std::fs::{self, File, TryLockError};
use std::io::{self, Read as _, Seek as _, Write as _};
use std::path::PathBuf;
use std::time::SystemTime;

use sha2::{Digest as _, Sha256};
use shaman_proto::{BlobRef, Digest};

use super::mark;
use crate::aside::is_still;
use crate::stop::Stop;

/// Bytes read at a time of what came before.
const PIECE_BYTES: usize = 1 << 20;

/// The file that a blob becomes, locked by whoever fetches it. What has come stays when this is
/// dropped, and whoever fetches the blob next goes on from there.
#[derive(Debug)]
pub(crate) struct Coming {
    file: File,
    path: PathBuf,
    blob: BlobRef,
    here: u64,
    hasher: Sha256,
}

/// What became of bytes that are all here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Committed {
    /// They are the blob, and it has its name.
    Stored,
    /// They are not. They are thrown away.
    Mismatched,
}

impl Coming {
    /// Opens the file and reads what came before. `None`: somebody else is fetching this blob, or
    /// has just done so.
    pub(super) fn open(path: PathBuf, blob: BlobRef, stop: &Stop) -> io::Result<Option<Self>> {
        let options = &mut File::options();
        let mut file = options.read(true).write(true).create(true).truncate(false).open(&path)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Ok(None),
            Err(TryLockError::Error(error)) => return Err(error),
        }
        // Whoever had it before may have given it its name since we opened it.
        if !is_still(&path, &file) {
            return Ok(None);
        }
        let mut hasher = Sha256::new();
        let mut here = file.metadata()?.len();
        if here > blob.size.bytes() {
            file.set_len(0)?;
            here = 0;
        }
        let mut piece = vec![0; usize::try_from(here).map_or(PIECE_BYTES, |n| n.min(PIECE_BYTES))];
        let mut read_bytes = 0;
        while read_bytes < here {
            if stop.is_asked() {
                return Err(io::ErrorKind::Interrupted.into());
            }
            let read = file.read(&mut piece)?;
            let Some(bytes) = piece.get(..read).filter(|bytes| !bytes.is_empty()) else { break };
            hasher.update(bytes);
            read_bytes += read as u64;
        }
        Ok(Some(Self { file, path, blob, here: read_bytes, hasher }))
    }

    /// Bytes that are here.
    pub(crate) fn here(&self) -> u64 {
        self.here
    }

    /// Says whether all are.
    pub(crate) fn is_whole(&self) -> bool {
        self.here == self.blob.size.bytes()
    }

    /// Throws away what is here.
    pub(crate) fn restart(&mut self) -> io::Result<()> {
        if self.here > 0 {
            self.file.set_len(0)?;
            self.file.rewind()?;
        }
        (self.here, self.hasher) = (0, Sha256::new());
        Ok(())
    }

    /// Adds the next bytes. Those beyond the blob's size are left out, and make it another blob.
    pub(crate) fn push(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.hasher.update(bytes);
        let room = self.blob.size.bytes() - self.here;
        let most = usize::try_from(room).map_or(bytes.len(), |room| room.min(bytes.len()));
        let (bytes, _) = bytes.split_at(most);
        self.file.write_all(bytes)?;
        self.here += most as u64;
        Ok(())
    }

    /// Takes it away: the blob is there by now.
    pub(crate) fn discard(self) {
        // It counts as room of the cache until somebody evicts it.
        drop(fs::remove_file(&self.path));
    }

    /// Gives it its name if it is what its name says.
    pub(super) fn commit(mut self, stored: &PathBuf, now: SystemTime) -> io::Result<Committed> {
        let digest = Digest::from_bytes(std::mem::take(&mut self.hasher).finalize().into());
        if digest != self.blob.digest || !self.is_whole() {
            self.restart()?;
            return Ok(Committed::Mismatched);
        }
        mark::set(&self.file, &self.blob, now)?;
        let mut rights = self.file.metadata()?.permissions();
        rights.set_readonly(true);
        self.file.set_permissions(rights)?;
        if let Some(dir) = stored.parent() {
            fs::create_dir_all(dir)?;
        }
        fs::rename(&self.path, stored)?;
        Ok(Committed::Stored)
    }
}
