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
        let mut bytes = Vec::with_capacity(wanted);
        while bytes.len() < wanted {
            let at = offset + bytes.len() as u64;
            match rustix::io::pread(&self.file, spare_capacity(&mut bytes), at) {
                Err(rustix::io::Errno::INTR) => {}
                Ok(0) => {
                    let short = Err(io::Error::from(io::ErrorKind::UnexpectedEof));
                    return short.during("read all of", &self.path);
                }
                read => drop(read.during("read", &self.path)?),
            }
        }
        // An allocation may be larger than what was asked for.
        bytes.truncate(wanted);
        Ok(bytes)
    }
}
