//! Where the project is.

use std::path::{Path, PathBuf};

use super::{TraceError, paths};

/// What marks the directory of a project.
const MARKS: [&str; 3] = [".blender_project", ".git", ".svn"];

/// Gives the absolute paths of the .blend and of its project. A .blend outside of a project that was
/// named is no mistake: shots may lie beside what they share.
pub(super) fn find(blend: &Path, project: Option<&Path>) -> Result<(PathBuf, PathBuf), TraceError> {
    let blend = paths::absolute(blend);
    let Some(project) = project else {
        let above = || blend.ancestors().skip(1);
        let marked = above().find(|dir| MARKS.iter().any(|mark| dir.join(mark).exists()));
        let root = marked.or_else(|| above().next()).unwrap_or(&blend).to_path_buf();
        return Ok((blend, root));
    };
    let root = paths::absolute(project);
    if !root.is_dir() {
        return Err(TraceError::NoProject(root));
    }
    if blend.starts_with(&root) {
        return Ok((blend, root));
    }
    // One of them may have been named through a link.
    if let (Ok(blend), Ok(root)) = (blend.canonicalize(), root.canonicalize())
        && blend.starts_with(&root)
    {
        return Ok((blend, root));
    }
    Ok((blend, root))
}
