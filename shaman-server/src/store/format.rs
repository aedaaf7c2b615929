//! `FORMAT`: one line that says which program may write here.

use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use super::blobs::read_dir;
use super::disk::{DiskError, During as _};
use super::layout::Layout;

/// Number of the layout that this program reads and writes.
const FORMAT: u32 = 1;

/// How names begin under which the line is written first.
const ASIDE: &str = "FORMAT.";

/// A storage that this program must not write to.
#[derive(Debug, thiserror::Error)]
pub enum FormatError {
    /// A file operation failed.
    #[error(transparent)]
    Disk(#[from] DiskError),
    /// The line is not ours.
    #[error("`{}` says `{line}`, and this program writes format {FORMAT}; use the program that made this storage", path.display())]
    Foreign {
        /// The file.
        path: PathBuf,
        /// What it says.
        line: String,
    },
}

/// Gives the store's id: the one in `FORMAT`, or a new one written there. A store of Flamenco's own
/// Shaman has no such file and gets one; its own programs do not mind.
pub(super) fn read_or_write(layout: &Layout) -> Result<String, FormatError> {
    let path = layout.format();
    for _ in 0..2 {
        match std::fs::read_to_string(&path) {
            Ok(line) => {
                let line = line.trim();
                return match line.split_once(' ') {
                    Some((number, id)) if number.parse() == Ok(FORMAT) && !id.is_empty() => {
                        Ok(id.to_owned())
                    }
                    _ => Err(FormatError::Foreign { path, line: line.chars().take(80).collect() }),
                };
            }
            Err(e) if e.kind() == io::ErrorKind::NotFound => {}
            failed @ Err(_) => failed.map(drop).during("read", &path)?,
        }
        let id = format!("{:016x}", fastrand::u64(..));
        let aside = path.with_file_name(format!("{ASIDE}{id}"));
        let mut file = std::fs::File::create_new(&aside).during("make", &aside)?;
        let written = file
            .write_all(format!("{FORMAT} {id}\n").as_bytes())
            .and_then(|()| file.sync_all())
            .during("write", &aside)
            // A link, not a rename: of two servers that start at once, one wins and both read it.
            .and_then(|()| match std::fs::hard_link(&aside, &path) {
                Err(e) if e.kind() == io::ErrorKind::AlreadyExists => Ok(()),
                // The other one has cleared ours away.
                Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(()),
                linked => linked.during("name", &path),
            });
        remove_if_there(&aside)?;
        written?;
    }
    Err(FormatError::Foreign { path, line: String::new() })
}

/// Removes what was written to become `FORMAT` and was not, by servers that are gone or too late.
pub(super) fn clear_asides(layout: &Layout) -> Result<(), DiskError> {
    let dir = layout.file_store();
    for name in read_dir(&dir)? {
        if name.to_str().is_some_and(|name| name.starts_with(ASIDE)) {
            remove_if_there(&dir.join(name))?;
        }
    }
    Ok(())
}

fn remove_if_there(path: &Path) -> Result<(), DiskError> {
    match std::fs::remove_file(path) {
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(()),
        removed => removed.during("remove", path),
    }
}
