//! `OpenBlob`: a blob's bytes, to be sent to somebody.

use std::fs::File;
use std::io;
use std::path::PathBuf;

use rustix::buffer::spare_capacity;
use shaman_proto::BlobRef;

use super::Store;
use super::disk::{DiskError, During as _};

/// A blob that is held open: its bytes stay readable whatever becomes of its name.
#[derive(Debug)]
pub struct OpenBlob {
    file: File,
    path: PathBuf,
}

impl Store {
    /// Opens a blob; `None` when it is missing, as [`Store::find`] sees it.
    pub fn open_to_read(&self, blob: &BlobRef) -> Result<Option<OpenBlob>, DiskError> {
        let path = self.layout.blob(blob);
        let file = match File::open(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            opened => opened.during("open", &path)?,
        };
        let meta = file.metadata().during("look at", &path)?;
        let is_whole = meta.is_file() && meta.len() == blob.size.bytes();
        Ok(is_whole.then_some(OpenBlob { file, path }))
    }
}

impl OpenBlob {
    /// Reads `wanted` bytes from `offset` on; fewer are an error, since a blob never gets shorter.
    pub fn read_at(&self, offset: u64, wanted: usize) -> Result<Vec<u8>, DiskError> {
        let mut bytes = Vec::new();
        self.read_onto(&mut bytes, offset, wanted)?;
        Ok(bytes)
    }

    /// Appends them to what is there, which is as it was after an error.
    pub fn read_onto(
        &self,
        bytes: &mut Vec<u8>,
        offset: u64,
        wanted: usize,
    ) -> Result<(), DiskError> {
        let before = bytes.len();
        bytes.reserve_exact(wanted);
        while bytes.len() < before + wanted {
            let at = offset + (bytes.len() - before) as u64;
            let failed = match rustix::io::pread(&self.file, spare_capacity(bytes), at) {
                Err(rustix::io::Errno::INTR) => continue,
                Ok(0) => {
                    let short = Err(io::Error::from(io::ErrorKind::UnexpectedEof));
                    short.during("read all of", &self.path)
                }
                read => read.map(drop).during("read", &self.path),
            };
            if failed.is_err() {
                bytes.truncate(before);
                return failed;
            }
        }
        // There may be more room than was asked for.
        bytes.truncate(before + wanted);
        Ok(())
    }
}
