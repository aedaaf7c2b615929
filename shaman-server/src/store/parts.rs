//! Parts: the beginning of a large blob, kept until the rest comes.
//!
//! ```text
//! uploading/ab/<62 hex>/<size>-<instance>-<owner>.part    or without `-<owner>`
//! ```
//!
//! A part belongs to the server that it is named after; when that is gone, to the one that takes
//! it. It has an owner besides: each has a part of its own, and finds no other. Nothing of a part is
//! believed: it is hashed again before anything is appended.

use std::fs::{self, OpenOptions};
use std::io::{self, Read as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use sha2::{Digest as _, Sha256};
use shaman_proto::{BlobRef, Digest};

use super::Store;
use super::blobs::read_dir;
use super::disk::{DiskError, During as _};
use super::instance::{id_in, is_gone};
use super::layout::PART_ENDING;
use super::staged::{Staged, in_directory};

/// Bytes of a part that are hashed at once.
const PIECE_BYTES: usize = 256 << 10;

/// Letters of an owner in the name of a file: 128 bits of the SHA-256 of its name.
const OWNER_LETTERS: usize = 32;

/// A part: of which blob, and whose. Where nobody owns anything it is everybody's.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct PartRef {
    blob: BlobRef,
    /// Hex digits, or nothing.
    owner: Option<String>,
}

impl PartRef {
    /// The part of this blob that somebody with this name sends.
    pub fn new(blob: BlobRef, owner: Option<&str>) -> Self {
        let owner = owner.map(|owner| {
            let mut letters =
                Digest::from_bytes(Sha256::digest(owner.as_bytes()).into()).to_string();
            letters.truncate(OWNER_LETTERS);
            letters
        });
        Self { blob, owner }
    }

    /// The blob.
    pub fn blob(&self) -> BlobRef {
        self.blob
    }

    /// Whose it is, as files are named; `None`: everybody's.
    pub fn owner(&self) -> Option<&str> {
        self.owner.as_deref()
    }

    /// The name of its file on a server.
    fn file_name(&self, instance: &str) -> String {
        let size = self.blob.size;
        match &self.owner {
            None => format!("{size}-{instance}{PART_ENDING}"),
            Some(owner) => format!("{size}-{instance}-{owner}{PART_ENDING}"),
        }
    }

    /// The server that a file belongs to; `None`: it is another part, or none.
    fn instance_of<'a>(&self, name: &'a str) -> Option<&'a str> {
        let id = id_in(name.strip_prefix(&format!("{}-", self.blob.size))?)?;
        (name == self.file_name(id)).then_some(id)
    }
}

impl Store {
    /// Begins a part anew; what was kept of it is gone.
    pub fn stage_part(&self, part: &PartRef) -> Result<Staged, DiskError> {
        let (blob, path) = (part.blob, self.own_part(part));
        // Ours, and those of servers that are gone.
        while let Some(found) = self.find_part(part)? {
            remove(&found)?;
        }
        let dir = self.layout.uploading_dir(&blob);
        let file = in_directory(&dir, || {
            OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path)
        });
        Ok(Staged::part(blob, file.during("make", &path)?, path))
    }

    /// Opens a part to append to it; `None`: there is none. Reads what is kept.
    pub fn resume_part(&self, part: &PartRef) -> Result<Option<Staged>, DiskError> {
        let Some(found) = self.find_part(part)? else { return Ok(None) };
        let path = self.own_part(part);
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
        let mut staged = Staged::part(part.blob, file, path);
        hash_kept(&mut staged)?;
        Ok(Some(staged))
    }

    /// Bytes of a part that are kept; `None`: there is none.
    pub fn part_bytes(&self, part: &PartRef) -> Result<Option<u64>, DiskError> {
        let Some(path) = self.find_part(part)? else { return Ok(None) };
        Ok(look_at(&path)?.map(|meta| meta.len()))
    }

    /// Throws a part away; `false`: there is none.
    pub fn remove_part(&self, part: &PartRef) -> Result<bool, DiskError> {
        let Some(path) = self.find_part(part)? else { return Ok(false) };
        let removed = remove(&path)?;
        drop(fs::remove_dir(self.layout.uploading_dir(&part.blob)));
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

    fn own_part(&self, part: &PartRef) -> PathBuf {
        self.layout.uploading_dir(&part.blob).join(part.file_name(self.instance.id()))
    }

    /// Our file of a part, or one whose server is gone.
    fn find_part(&self, part: &PartRef) -> Result<Option<PathBuf>, DiskError> {
        let own = self.own_part(part);
        if look_at(&own)?.is_some() {
            return Ok(Some(own));
        }
        let dir = self.layout.uploading_dir(&part.blob);
        for name in read_dir(&dir)? {
            let Some(name) = name.to_str() else { continue };
            if let Some(id) = part.instance_of(name)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_the_part_of_one_owner_only() {
        let blob = BlobRef::new("ab".repeat(32).parse().unwrap(), "12".parse().unwrap());
        let other = BlobRef::new("ab".repeat(32).parse().unwrap(), "123".parse().unwrap());
        let id = "0123456789abcdef";
        let parts = [
            PartRef::new(blob, None),
            PartRef::new(blob, Some("alice")),
            PartRef::new(blob, Some("bob")),
            PartRef::new(other, Some("alice")),
        ];
        for part in &parts {
            let name = part.file_name(id);
            for asked in &parts {
                assert_eq!(asked.instance_of(&name), (asked == part).then_some(id), "{name}");
            }
        }
        assert_eq!(parts[0].file_name(id), format!("12-{id}.part"), "as it always was");
        assert!(!parts[1].file_name(id).contains("alice"), "a name may be any text");
    }
}
