//! Where the project is.

use std::path::{Path, PathBuf};

use super::{TraceError, paths};

/// What marks the directory of a project.
const MARKS: [&str; 3] = [".blender_project", ".git", ".svn"];

/// Gives the absolute path of the project that `blend` (absolute) belongs to.
pub(super) fn find(blend: &Path, project: Option<&Path>) -> Result<PathBuf, TraceError> {
    let Some(project) = project else {
        let above = || blend.ancestors().skip(1);
        let marked = above().find(|dir| MARKS.iter().any(|mark| dir.join(mark).exists()));
        return Ok(marked
            .or_else(|| above().next())
            .unwrap_or(blend)
            .to_path_buf());
    };
    let root = paths::absolute(project);
    if !root.is_dir() {
        return Err(TraceError::NoProject(root));
    }
    if !blend.starts_with(&root) {
        return Err(TraceError::OutsideProject {
            blend: blend.to_path_buf(),
            root,
        });
    }
    Ok(root)
}
