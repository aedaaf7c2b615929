//! What goes into the checkout of a directory.

use std::collections::BTreeSet;
use std::io;
use std::path::{Path, PathBuf};

use shaman_proto::MANIFEST_FILE;

use super::{Job, Packed};

/// Why there is nothing to submit. Nothing was sent.
#[derive(Debug, thiserror::Error)]
pub enum GatherError {
    /// Two files for one place.
    #[error(
        "`{}` and `{}` would both be `{place}` in the pack; rename one of them",
        one.display(),
        other.display()
    )]
    Clash {
        /// The place.
        place: String,
        /// What is there.
        one: PathBuf,
        /// What cannot be there as well.
        other: PathBuf,
    },
    /// A name that cannot be sent.
    #[error("the name of `{}` is not UTF-8, and workers could not find it; rename it", .0.display())]
    NotUtf8(PathBuf),
    /// A directory that cannot be listed.
    #[error("cannot read the directory `{}`", path.display())]
    Unreadable {
        /// Which.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
}

/// The job of a directory as it is, and sentences about what was left out. Links to files and
/// directories are followed, each directory once on its way down.
pub fn from_directory(dir: &Path, name: String) -> Result<(Job, Vec<String>), GatherError> {
    let mut gathered = Gathered::default();
    gathered.walk(dir, "", &mut BTreeSet::new())?;
    gathered.files.sort_by(|a, b| a.in_pack.cmp(&b.in_pack));
    Ok((Job { files: gathered.files, blend: None, name }, gathered.warnings))
}

#[derive(Default)]
struct Gathered {
    files: Vec<Packed>,
    warnings: Vec<String>,
}

impl Gathered {
    fn walk(
        &mut self,
        dir: &Path,
        below: &str,
        above: &mut BTreeSet<PathBuf>,
    ) -> Result<(), GatherError> {
        let unreadable = |source| GatherError::Unreadable { path: dir.to_owned(), source };
        let real = dir.canonicalize().map_err(unreadable)?;
        if !above.insert(real.clone()) {
            self.warnings.push(format!("`{}` leads back to itself; left out", dir.display()));
            return Ok(());
        }
        for entry in std::fs::read_dir(dir).map_err(unreadable)? {
            let path = entry.map_err(unreadable)?.path();
            let Some(name) = path.file_name().and_then(|name| name.to_str()) else {
                return Err(GatherError::NotUtf8(path));
            };
            let in_pack =
                if below.is_empty() { name.to_owned() } else { format!("{below}/{name}") };
            if in_pack == MANIFEST_FILE {
                continue;
            }
            match std::fs::metadata(&path) {
                Ok(meta) if meta.is_dir() => self.walk(&path, &in_pack, above)?,
                Ok(meta) if meta.is_file() => {
                    self.files.push(Packed { path, in_pack, size: meta.len() });
                }
                Ok(_) => self.warnings.push(format!("`{}` is no file; left out", path.display())),
                Err(error) => {
                    self.warnings.push(format!("`{}`: {error}; left out", path.display()));
                }
            }
        }
        above.remove(&real);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::disallowed_methods, reason = "tests make files")]
    use super::*;

    #[test]
    fn a_directory_that_leads_back_to_itself_is_survived() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::create_dir(dir.path().join("sub")).unwrap();
        std::fs::write(dir.path().join("sub/a"), "a").unwrap();
        std::fs::write(dir.path().join(MANIFEST_FILE), "{}").unwrap();
        #[cfg(unix)]
        std::os::unix::fs::symlink(dir.path(), dir.path().join("sub/loop")).unwrap();
        let (job, warnings) = from_directory(dir.path(), "x".into()).unwrap();
        assert_eq!(job.files.len(), 1);
        assert_eq!(job.files[0].in_pack, "sub/a");
        assert_eq!(warnings.len(), 1);
    }
}
