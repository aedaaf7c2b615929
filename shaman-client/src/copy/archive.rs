//! A pack in one file: a zip archive.
//!
//! The same job makes the same bytes: files are sorted, all times are the first of 1980, and the
//! manifest, which comes last, says so too.

use std::fs::File;
use std::io::{self, BufWriter, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use sha2::{Digest as _, Sha256};
use shaman_proto::{BlobSize, CheckoutPath, Digest, MANIFEST_FILE, Manifest, ManifestEntry};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, DateTime, ZipWriter};

use super::{CopyError, manifest, refuse_taken};
use crate::aside::{self, AsideFile};
use crate::hash::{Fingerprint, HashError};
use crate::pack::{Job, Packed};
use crate::progress::{Event, Listener, Phase};

/// Bytes read and written at a time.
const PIECE_BYTES: usize = 256 << 10;

/// From here on a file needs long numbers in the archive.
const LARGE_BYTES: u64 = u32::MAX as u64;

/// When everything in an archive was made, as zip cannot say nothing.
const CREATED: &str = "1980-01-01T00:00:00Z";

/// An archive to make.
#[derive(Debug, Clone, Copy)]
pub struct Archive<'a> {
    /// What goes into it.
    pub job: &'a Job,
    /// Where it goes; must be free.
    pub path: &'a Path,
    /// What its manifest is called.
    pub name: &'a CheckoutPath,
    /// Whether its files are made smaller.
    pub deflate: Deflate,
}

/// Whether files are made smaller.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Deflate {
    /// They are; pictures and .blend files gain little.
    Yes,
    /// They are stored as they are, which is quick.
    No,
}

/// Makes the archive. Stops between pieces once `stop` is set; what was written is removed then,
/// and when it fails.
pub fn archive(
    order: Archive<'_>,
    stop: &AtomicBool,
    progress: &Listener,
) -> Result<PathBuf, CopyError> {
    let Archive { job, path, name, deflate } = order;
    refuse_taken(path)?;
    let bytes = job.files.iter().map(|file| file.size).sum();
    let phase = Phase::Copy;
    progress.tell(Event::Began { phase, files: job.files.len() as u64, bytes });
    let failed = |source| CopyError::Place { path: path.to_owned(), source };
    if let Some(parent) = path.parent() {
        aside::clear(parent);
    }
    let half = AsideFile::begin(path).map_err(failed)?;
    let method = match deflate {
        Deflate::Yes => CompressionMethod::Deflated,
        Deflate::No => CompressionMethod::Stored,
    };
    let options = SimpleFileOptions::default()
        .compression_method(method)
        .last_modified_time(DateTime::default())
        .unix_permissions(0o644);
    let mut zip =
        ZipWriter::new(BufWriter::with_capacity(PIECE_BYTES, half.file().map_err(failed)?));
    let mut entries = Vec::with_capacity(job.files.len());
    for packed in &job.files {
        let options = options.large_file(packed.size >= LARGE_BYTES);
        zip.start_file(packed.in_pack.as_str(), options).map_err(|error| failed(error.into()))?;
        entries.extend(add(packed, &mut zip, stop, progress)?);
        progress.tell(Event::Advanced { phase, files: 1, bytes: 0 });
    }
    let text = manifest::text(name, job, Manifest::arrange(entries)?, CREATED.to_owned())
        .map_err(failed)?;
    zip.start_file(MANIFEST_FILE, options).map_err(|error| failed(error.into()))?;
    zip.write_all(&text).map_err(failed)?;
    let mut file = zip.finish().map_err(|error| failed(error.into()))?;
    file.flush().map_err(failed)?;
    drop(file);
    put(&half, path)?;
    progress.tell(Event::Ended { phase });
    Ok(path.to_owned())
}

/// Gives the archive its name, unless something has that by now.
fn put(half: &AsideFile, target: &Path) -> Result<(), CopyError> {
    let failed = |source| CopyError::Place { path: target.to_owned(), source };
    match std::fs::hard_link(half.path(), target) {
        Ok(()) => Ok(()),
        Err(_) if target.symlink_metadata().is_ok() => Err(CopyError::Taken(target.to_owned())),
        // There are file systems without links; on them somebody may be quicker.
        Err(_) => std::fs::rename(half.path(), target).map_err(failed),
    }
}

/// Adds the bytes of one file, which must stay what it is meanwhile.
fn add(
    packed: &Packed,
    zip: &mut ZipWriter<BufWriter<File>>,
    stop: &AtomicBool,
    progress: &Listener,
) -> Result<Option<ManifestEntry>, CopyError> {
    let from = &packed.path;
    let reading = |source: io::Error| HashError::reading(from, source);
    let mut source = File::open(from).map_err(reading)?;
    let before = source.metadata().map_err(reading)?;
    if !before.is_file() {
        return Err(HashError::NotAFile(from.clone()).into());
    }
    let mut hasher = Sha256::new();
    let mut piece = vec![0; PIECE_BYTES];
    let mut size = 0;
    loop {
        if stop.load(Ordering::Relaxed) {
            return Err(CopyError::Stopped);
        }
        let read = source.read(&mut piece).map_err(reading)?;
        let Some(bytes) = piece.get(..read).filter(|bytes| !bytes.is_empty()) else { break };
        hasher.update(bytes);
        let to = || PathBuf::from(&packed.in_pack);
        zip.write_all(bytes).map_err(|source| CopyError::File {
            from: from.clone(),
            to: to(),
            source,
        })?;
        size += read as u64;
        progress.tell(Event::Advanced { phase: Phase::Copy, files: 0, bytes: read as u64 });
    }
    let after = source.metadata().map_err(reading)?;
    if Fingerprint::of(&before) != Fingerprint::of(&after)
        || size != after.len()
        || size != packed.size
    {
        return Err(HashError::Busy(from.clone()).into());
    }
    // A path that no manifest can name is left out of it; the archive has the file all the same.
    let (path, size) = (packed.in_pack.parse().ok(), BlobSize::new(size).ok());
    let sha256 = Digest::from_bytes(hasher.finalize().into());
    Ok(path.zip(size).map(|(path, size)| ManifestEntry { path, size, sha256 }))
}
