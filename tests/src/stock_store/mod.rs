//! A storage as stock Flamenco leaves it, and read by stock's rules.
//!
//! ```text
//! <root>/file-store/uploading/<sha[0:2]>/<sha[2:]>/<size>-<9 digits>.tmp    during an upload
//! <root>/file-store/stored/<sha[0:2]>/<sha[2:]>/<size>.blob                 stored
//! <root>/jobs/<checkout>/<path>                                             symbolic link to a blob
//! ```
//!
//! Nothing here checks a digest: neither does stock. A name is all that it looks at.
#![expect(
    clippy::disallowed_methods,
    reason = "this makes the storage of another program, which knows nothing of our layers"
)]

mod check_out;
mod collect;
mod read;

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

pub use check_out::Links;
pub(crate) use check_out::clean;
pub use collect::{Collection, Unwalkable};
pub use read::Status;

use crate::wire::sha256_hex;

/// The name of a blob, as text: stock checks neither digits nor length.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Blob {
    /// What the client said the SHA-256 is.
    pub sha: String,
    /// What the client said the size is; stock takes negative ones.
    pub size: i64,
}

impl Blob {
    /// The true name of these bytes.
    pub fn of(bytes: &[u8]) -> Self {
        let size = i64::try_from(bytes.len()).expect("no slice is longer than i64::MAX");
        Self { sha: sha256_hex(bytes), size }
    }
}

/// A folder that is, or becomes, `shared_storage_path` of a Manager.
#[derive(Debug, Clone)]
pub struct StockStore {
    root: PathBuf,
}

impl StockStore {
    /// Makes the directories that Manager makes at start; what is there already stays.
    ///
    /// The root is taken as it is written: stock resolves no links in it, and its collection
    /// has a fault that shows when there are some.
    pub fn create(root: &Path) -> io::Result<Self> {
        let store = Self { root: root.to_owned() };
        for folder in [store.uploading(), store.stored_root(), store.jobs()] {
            fs::create_dir_all(folder)?;
        }
        Ok(store)
    }

    /// A storage that is there already; nothing is made.
    pub fn open(root: &Path) -> Self {
        Self { root: root.to_owned() }
    }

    /// The storage's root.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Where checkouts are: what `{jobs}` stands for.
    pub fn jobs(&self) -> PathBuf {
        self.root.join("jobs")
    }

    /// Where a stored blob's file is, or would be. The name needs two characters.
    pub fn blob_path(&self, blob: &Blob) -> PathBuf {
        below(&self.stored_root(), &blob.sha).join(format!("{}.blob", blob.size))
    }

    /// The directory of a blob's unfinished uploads. The name needs two characters.
    pub fn uploading_folder(&self, blob: &Blob) -> PathBuf {
        below(&self.uploading(), &blob.sha)
    }

    /// Stores bytes under their true name, mode 0644, as an upload would.
    pub fn put(&self, bytes: &[u8]) -> io::Result<Blob> {
        let blob = Blob::of(bytes);
        self.put_as(&blob, bytes)?;
        Ok(blob)
    }

    /// Stores bytes under any name: a crash can leave a blob that is not what its name says.
    pub fn put_as(&self, blob: &Blob, bytes: &[u8]) -> io::Result<PathBuf> {
        let path = self.blob_path(blob);
        write_new(&path, bytes)?;
        Ok(path)
    }

    /// Leaves the temporary file of an upload that nobody goes on with.
    pub fn leave_upload(&self, blob: &Blob, bytes: &[u8]) -> io::Result<PathBuf> {
        let path = self.new_upload(blob);
        write_new(&path, bytes)?;
        Ok(path)
    }

    /// A fresh name for an upload; nothing is made.
    pub fn new_upload(&self, blob: &Blob) -> PathBuf {
        let digits = fastrand::u32(0..1_000_000_000);
        self.uploading_folder(blob).join(format!("{}-{digits:09}.tmp", blob.size))
    }

    /// Says that a blob was last used this long before `now`.
    pub fn last_used(&self, blob: &Blob, ago: Duration, now: SystemTime) -> io::Result<()> {
        let file = fs::File::options().write(true).open(self.blob_path(blob))?;
        file.set_times(fs::FileTimes::new().set_modified(now - ago).set_accessed(now - ago))
    }

    pub(crate) fn uploading(&self) -> PathBuf {
        self.root.join("file-store").join("uploading")
    }

    pub(crate) fn stored_root(&self) -> PathBuf {
        self.root.join("file-store").join("stored")
    }
}

/// `<sha[0:2]>/<sha[2:]>` in a folder.
fn below(folder: &Path, sha: &str) -> PathBuf {
    let (first, rest) =
        sha.split_at_checked(2).expect("stock's own panic: a name under two characters");
    folder.join(first).join(rest)
}

fn write_new(path: &Path, bytes: &[u8]) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    fs::create_dir_all(path.parent().expect("a name in a folder has a parent"))?;
    fs::write(path, bytes)?;
    fs::set_permissions(path, fs::Permissions::from_mode(0o644))
}

/// Removes these directories as far as they are empty, innermost first, as stock does.
pub(crate) fn remove_empty_parents(of: &Path, how_many: usize) {
    for folder in of.ancestors().skip(1).take(how_many) {
        if fs::remove_dir(folder).is_err() {
            break;
        }
    }
}
